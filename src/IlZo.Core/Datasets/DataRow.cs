using IlZo.Tokenization.ChatTemplates;

namespace IlZo.Datasets;

/// <summary>
/// A row of a user's file. It remembers what was read of it, so that the rest can be named instead of being dropped in silence.
/// </summary>
/// <param name="where">What messages call it: <c>file:line</c>.</param>
/// <param name="columns">Its columns and values, as <see cref="TemplateValue"/> has them; null is the same as absent.</param>
internal sealed class DataRow(string where, IEnumerable<KeyValuePair<string, object?>> columns)
{
    private readonly OrderedDictionary<string, object?> _columns = new(columns.Where(c => c.Value is not null));
    private readonly HashSet<string> _used = new(StringComparer.Ordinal);
    private readonly OrderedDictionary<string, bool> _unusedFields = new(StringComparer.Ordinal);

    /// <summary>What messages call the row.</summary>
    public string Where => where;

    /// <summary>The names of the columns that hold something.</summary>
    public IReadOnlyCollection<string> Names => _columns.Keys;

    /// <summary>The columns that nothing has read, then the fields in them that were noted as such.</summary>
    public IEnumerable<string> Unused => _columns.Keys.Where(c => !_used.Contains(c)).Concat(_unusedFields.Keys);

    /// <summary>Whether a column holds something, whatever becomes of it.</summary>
    public bool Has(string column) => _columns.ContainsKey(column);

    /// <summary>The value of a column, which counts as used; null where there is none.</summary>
    public object? Find(string column)
    {
        _used.Add(column);
        return _columns.GetValueOrDefault(column);
    }

    /// <summary>The value of a column whatever becomes of it; null where there is none.</summary>
    public object? Peek(string column) => _columns.GetValueOrDefault(column);

    /// <summary>Says of a field within a column that it has no part in what is learned.</summary>
    /// <param name="path">Such as <c>messages[].name</c>; the same for all elements of a list.</param>
    public void NoteUnused(string path) => _unusedFields.TryAdd(path, true);

    /// <summary>This row with columns under other names.</summary>
    /// <param name="names">From the new name to that in the file. A column that has a new name already gives way, and is unused.</param>
    public DataRow Renamed(IReadOnlyDictionary<string, string> names)
    {
        var moved = names.Where(n => Has(n.Value)).ToDictionary(n => n.Key, n => Peek(n.Value), StringComparer.Ordinal);
        var renamed = new DataRow(
            where, [.. moved, .. _columns.Where(c => !names.ContainsKey(c.Key) && !names.Values.Contains(c.Key))]);
        foreach (string displaced in _columns.Keys.Where(c => names.ContainsKey(c) && !names.Values.Contains(c)))
        {
            renamed.NoteUnused(displaced);
        }

        return renamed;
    }

    /// <summary>A refusal of the row.</summary>
    /// <param name="problem">The rest of a sentence, without the final period.</param>
    public InvalidInputException Error(string problem) => new($"{where}: {problem}.");

    /// <summary>The text of a column.</summary>
    /// <exception cref="InvalidInputException">The row has no such column, or something else than text in it.</exception>
    public string Text(string column) => Find(column) switch
    {
        string text => text,
        null => throw Error($"has no \"{column}\"; the columns are {QuotedNames.List(Names)}"),
        var other => throw Error($"\"{column}\" is {TemplateValue.KindOf(other)}; text was expected"),
    };

    /// <summary>The text of a column that may be absent; empty where it is.</summary>
    /// <exception cref="InvalidInputException">There is something else than text in it.</exception>
    public string TextOrEmpty(string column) => Has(column) ? Text(column) : string.Empty;

    /// <summary>The text of a column that must hold more than white space.</summary>
    public string NonEmptyText(string column) =>
        Text(column) is var text && !string.IsNullOrWhiteSpace(text) ? text : throw Error($"\"{column}\" is empty; text was expected");
}
