using IlZo.Models;
using IlZo.Tokenization;

namespace IlZo.Generation;

/// <summary>A text while it is generated: what its next token is, and whether it goes on.</summary>
/// <param name="prompt">The tokens that it begins with, at least one.</param>
/// <param name="room">Tokens of the text at most.</param>
internal abstract class GrowingText(IReadOnlyList<int> prompt, int room)
{
    /// <summary>The tokens that it begins with.</summary>
    public IReadOnlyList<int> Prompt => prompt;

    /// <summary>Its tokens so far.</summary>
    public List<int> Ids { get; } = [.. prompt];

    /// <summary>Tokens of the text at most.</summary>
    public int Room => room;

    /// <summary>Whether no token follows.</summary>
    public bool IsOver { get; private set; } = prompt.Count >= room;

    /// <summary>Makes the text one token longer, or ends it.</summary>
    public void Grow(NextToken next) => IsOver = !Take(next) || Ids.Count >= room;

    /// <summary>Adds a token, unless the text ends without one, and says whether another may follow.</summary>
    protected abstract bool Take(NextToken next);

    /// <summary>Generates texts, several at a time, until all are over. A text that ends makes room for the next.</summary>
    /// <param name="slots">Where they grow.</param>
    /// <param name="texts">The texts, which are begun in order.</param>
    /// <param name="onEnd">Told the number of each text that is over, in the order in which they end.</param>
    /// <param name="cancellation">Ends the work between two tokens.</param>
    public static void GrowAll(
        TextSlots slots, IReadOnlyList<GrowingText> texts, Action<int>? onEnd = null, CancellationToken cancellation = default)
    {
        var numbers = texts.Index().ToDictionary(t => t.Item, t => t.Index);
        var batch = new GrowingBatch(slots, text => onEnd?.Invoke(numbers[text]));
        int begun = 0;
        while (begun < texts.Count || batch.Count > 0)
        {
            cancellation.ThrowIfCancellationRequested();
            if (begun < texts.Count && batch.HasRoom)
            {
                batch.Begin(texts[begun++]);
            }
            else
            {
                batch.Advance();
            }
        }
    }

    /// <summary>Whether a token ends the text.</summary>
    protected static bool Ends(LanguageModel model, ITokenizer tokenizer, int id) =>
        model.Shape.EosIds.Contains(id) || id == tokenizer.EosId;
}
