namespace IlZo.Tasks;

/// <summary>One example as text.</summary>
/// <param name="Prompt">The prompt without an answer.</param>
/// <param name="Candidates">The candidates' own texts: label words, or choices taken from the row.</param>
/// <param name="Verbalized">For every candidate the prompt with the answer behind it.</param>
/// <param name="Correct">The index of the correct candidate.</param>
/// <param name="File">The file the example comes from, as messages name it.</param>
/// <param name="Line">The line in it, from 1.</param>
public sealed record Example(
    string Prompt,
    IReadOnlyList<string> Candidates,
    IReadOnlyList<string> Verbalized,
    int Correct,
    string File,
    int Line)
{
    /// <summary><c>file:line</c>.</summary>
    public string Where => $"{File}:{Line}";
}
