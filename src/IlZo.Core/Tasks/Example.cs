namespace IlZo.Tasks;

/// <summary>One example as text.</summary>
/// <param name="Prompt">The prompt without an answer; empty where the task has a masked prompt only.</param>
/// <param name="Candidates">
/// The candidates' own texts: label words, or choices taken from the row; where the answer is generated, the one that is trained on.
/// </param>
/// <param name="Verbalized">For every candidate the prompt with the answer behind it; empty as <paramref name="Prompt"/> is.</param>
/// <param name="Correct">The index of the correct candidate; of several the one that is trained on.</param>
/// <param name="File">The file the example comes from, as messages name it.</param>
/// <param name="Line">The line in it, from 1.</param>
internal sealed record Example(
    string Prompt,
    IReadOnlyList<string> Candidates,
    IReadOnlyList<string> Verbalized,
    int Correct,
    string File,
    int Line)
{
    /// <summary>The prompt for a masked language model; empty where the task has none.</summary>
    public IReadOnlyList<PromptPiece> MaskedPrompt { get; init; } = [];

    /// <summary>The one or two texts that a classification head reads, without a prompt; empty where the task names none.</summary>
    public IReadOnlyList<string> Texts { get; init; } = [];

    /// <summary>The candidates that count as correct predictions.</summary>
    public IReadOnlyList<int> Accepted { get; init; } = [Correct];

    /// <summary>The gold answers that a generated text is compared with; empty where candidates are compared.</summary>
    public IReadOnlyList<string> Answers { get; init; } = [];

    /// <summary><c>file:line</c>.</summary>
    public string Where => $"{File}:{Line}";
}
