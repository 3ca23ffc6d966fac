namespace IlZo.Datasets;

/// <summary>Which columns of a user's file stand for those of <see cref="RowForms"/>: <c>prompt=Question,completion=Answer</c>.</summary>
internal sealed class ColumnMap
{
    private readonly OrderedDictionary<string, string> _names = new(StringComparer.Ordinal);
    private readonly HashSet<string> _seen = new(StringComparer.Ordinal);

    /// <summary>Reads a map.</summary>
    /// <param name="text">Pairs with commas between them; null for none.</param>
    /// <param name="columns">The names that there are.</param>
    /// <exception cref="InvalidInputException">It is not such pairs.</exception>
    public ColumnMap(string? text, IReadOnlyCollection<string> columns)
    {
        foreach (string pair in text?.Split(',') ?? [])
        {
            int equals = pair.IndexOf('=', StringComparison.Ordinal);
            string name = equals < 0 ? pair : pair[..equals];
            if (equals <= 0 || equals == pair.Length - 1)
            {
                throw new InvalidInputException(
                    $"{Setting.Columns} has '{pair}'; NAME=COLUMN was expected, as in prompt=Question,completion=Answer.");
            }

            if (!columns.Contains(name))
            {
                throw new InvalidInputException(
                    $"{Setting.Columns} has '{pair}'; one of {string.Join(", ", columns)} was expected in front of '='.");
            }

            if (!_names.TryAdd(name, pair[(equals + 1)..]))
            {
                throw new InvalidInputException($"{Setting.Columns} has '{name}' twice; every name once was expected.");
            }
        }
    }

    /// <summary>The names that columns of the file stand for.</summary>
    public IReadOnlyCollection<string> Named => _names.Keys;

    /// <summary>A row with its columns under the names that they stand for.</summary>
    public DataRow Apply(DataRow row)
    {
        _seen.UnionWith(_names.Values.Where(row.Has));
        return _names.Count > 0 ? row.Renamed(_names) : row;
    }

    /// <summary>Refuses a column that no row had, which is a name that was mistyped.</summary>
    /// <param name="where">What was read.</param>
    /// <exception cref="InvalidInputException">There is one.</exception>
    public void RequireSeen(string where)
    {
        if (_names.FirstOrDefault(n => !_seen.Contains(n.Value)) is { Key: { } name, Value: var column })
        {
            throw new InvalidInputException(
                $"{Setting.Columns} has '{name}={column}', and no row of {where} has a column \"{column}\"; one that there is was "
                    + "expected.");
        }
    }
}
