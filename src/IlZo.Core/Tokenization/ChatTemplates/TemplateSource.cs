namespace IlZo.Tokenization.ChatTemplates;

/// <summary>A template's text and what messages call it.</summary>
internal sealed class TemplateSource
{
    // A template can make an error's text of any length.
    private const int MaxProblem = 2000;

    /// <param name="name">The file.</param>
    /// <param name="text">Its content. As in Jinja, lines end with a line feed and one at the very end is no part of it.</param>
    public TemplateSource(string name, string text)
    {
        Name = name;
        string lines = text.Replace("\r\n", "\n", StringComparison.Ordinal).Replace('\r', '\n');
        Text = lines.EndsWith('\n') ? lines[..^1] : lines;
    }

    public string Name { get; }

    public string Text { get; }

    /// <summary>A refusal that names the line and the column, both from 1.</summary>
    public InvalidInputException Error(int position, string problem)
    {
        var before = Text.AsSpan(0, Math.Min(position, Text.Length));
        int line = before.Count('\n') + 1;
        int column = before.Length - before.LastIndexOf('\n');
        string shown = problem.Length <= MaxProblem ? problem : problem[..MaxProblem] + "…";
        return new InvalidInputException($"{Name}, line {line}, column {column} of the chat template: {shown}.");
    }
}
