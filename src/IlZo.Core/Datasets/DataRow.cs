using IlZo.Tokenization.ChatTemplates;

namespace IlZo.Datasets;

/// <summary>A row of a user's file.</summary>
/// <param name="Where"><c>file:line</c>.</param>
/// <param name="Columns">Its columns and values, as <see cref="TemplateValue"/> has them.</param>
internal sealed record DataRow(string Where, OrderedDictionary<string, object?> Columns)
{
    public InvalidInputException Error(string problem) => new($"{Where}: {problem}.");

    /// <summary>The text of a column.</summary>
    /// <exception cref="InvalidInputException">The row has no such column, or something else than text in it.</exception>
    public string Text(string column) => Columns.TryGetValue(column, out var value)
        ? value as string ?? throw Error($"\"{column}\" is {TemplateValue.KindOf(value)}; text was expected")
        : throw Error($"has no \"{column}\"; the columns are {string.Join(", ", Columns.Keys.Select(c => $"\"{c}\""))}");

    /// <summary>The text of a column that must hold more than white space.</summary>
    public string NonEmptyText(string column) =>
        Text(column) is var text && !string.IsNullOrWhiteSpace(text) ? text : throw Error($"\"{column}\" is empty; text was expected");
}
