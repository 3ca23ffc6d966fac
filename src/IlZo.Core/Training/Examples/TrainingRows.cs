using IlZo.Datasets;
using IlZo.Models;
using IlZo.Tokenization;
using IlZo.Tokenization.ChatTemplates;

namespace IlZo.Training;

/// <summary>
/// Rows from a program's memory. They become examples, from which dev and test examples are held out, as with a file (docs/data.md).
/// </summary>
public sealed class TrainingRows : ITrainingData
{
    private readonly IReadOnlyList<IReadOnlyList<KeyValuePair<string, object?>>> _rows;

    private TrainingRows(IEnumerable<IReadOnlyList<KeyValuePair<string, object?>>> rows) => _rows = [.. rows];

    /// <summary>Prompts and the answers the model should give; the answers are learned.</summary>
    /// <param name="pairs">Each prompt with its answer, which begins exactly as it should follow the prompt.</param>
    public static TrainingRows Pairs(IEnumerable<(string Prompt, string Completion)> pairs) =>
        new(pairs.Select(p => Row(("prompt", p.Prompt), ("completion", p.Completion))));

    /// <summary>Conversations; the assistant's messages are learned.</summary>
    /// <param name="conversations">The messages of each.</param>
    public static TrainingRows Conversations(IEnumerable<IReadOnlyList<ChatMessage>> conversations) =>
        new(conversations.Select(c => Row(("messages", Messages(c)))));

    /// <summary>Texts, which are learned from their beginning to their end.</summary>
    /// <param name="texts">The texts.</param>
    public static TrainingRows Texts(IEnumerable<string> texts) => new(texts.Select(t => Row(("text", t))));

    /// <inheritdoc/>
    public TrainingExamples Load(TrainingOptions options, LanguageModel model, ITokenizer tokenizer, CancellationToken cancellation) =>
        OwnExamples.Load(_rows.Select((columns, i) => new DataRow($"row {i + 1}", columns)), options, model, tokenizer, cancellation);

    private static List<object?> Messages(IReadOnlyList<ChatMessage> conversation) =>
        [.. conversation.Select(m => new OrderedDictionary<string, object?> { ["role"] = m.Role, ["content"] = m.Content })];

    private static IReadOnlyList<KeyValuePair<string, object?>> Row(params (string Column, object? Value)[] columns) =>
        [.. columns.Select(c => KeyValuePair.Create(c.Column, c.Value))];
}
