namespace IlZo.Reporting;

/// <summary>What a report says, apart from how a page shows it.</summary>
/// <param name="Title">Its heading.</param>
/// <param name="Lead">What it is about and how that went, in a sentence or two.</param>
internal sealed record ReportDocument(string Title, string Lead)
{
    /// <summary>The figures that come first, with what they are.</summary>
    public IReadOnlyList<(string Name, string Value)> Facts { get; init; } = [];

    /// <summary>The results.</summary>
    public ReportTable? Results { get; init; }

    /// <summary>What the styles of curves stand for in all charts; empty where each chart has its own.</summary>
    public IReadOnlyList<string> Legend { get; init; } = [];

    /// <summary>The charts.</summary>
    public IReadOnlyList<Chart> Charts { get; init; } = [];

    /// <summary>What follows them.</summary>
    public IReadOnlyList<ReportSection> Sections { get; init; } = [];
}

/// <summary>A part of a report under a heading of its own.</summary>
/// <param name="Title">The heading.</param>
internal abstract record ReportSection(string Title);

/// <summary>A cell of a table.</summary>
/// <param name="Text">What it says; nothing where there is nothing to say.</param>
/// <param name="Aside">What is said beside it, such as an interval.</param>
internal readonly record struct ReportCell(string Text, string Aside = "")
{
    /// <summary>A cell without anything beside its text.</summary>
    public static implicit operator ReportCell(string text) => new(text);
}

/// <summary>A table, whose first column names the rows.</summary>
/// <param name="Title">Its heading.</param>
/// <param name="Columns">The names of the columns.</param>
/// <param name="Rows">A cell for each column.</param>
/// <param name="Note">What is below it.</param>
internal sealed record ReportTable(
    string Title, IReadOnlyList<string> Columns, IReadOnlyList<IReadOnlyList<ReportCell>> Rows, string Note = "") : ReportSection(Title);

/// <summary>The parts of a whole.</summary>
/// <param name="Title">Its heading.</param>
/// <param name="Parts">Each part with its share and its size in words.</param>
internal sealed record ReportShares(string Title, IReadOnlyList<(string Name, double Share, string Size)> Parts) : ReportSection(Title);

/// <summary>Examples with what was said to each.</summary>
/// <param name="Title">Their heading.</param>
/// <param name="Samples">The examples.</param>
internal sealed record ReportSamples(string Title, IReadOnlyList<ReportSample> Samples) : ReportSection(Title);

/// <summary>An example with what was said to it.</summary>
/// <param name="Prompt">The example.</param>
/// <param name="Answers">What was said, and when or by whom.</param>
internal sealed record ReportSample(string Prompt, IReadOnlyList<(string Name, string Text)> Answers);

/// <summary>Names with their values.</summary>
/// <param name="Title">Their heading.</param>
/// <param name="Entries">The names and values.</param>
internal sealed record ReportDefinitions(string Title, IReadOnlyList<(string Name, string Value)> Entries) : ReportSection(Title);
