namespace IlZo.Datasets;

/// <summary>
/// What a user is told about rows that were read: what of them had no part in the examples, and what was decided about the rest.
/// </summary>
internal sealed class RowNotes
{
    // Enough to see what a file has; a file may have another column in every row.
    private const int MostNames = 20;

    private readonly OrderedDictionary<string, int> _unused = new(StringComparer.Ordinal);
    private readonly OrderedDictionary<string, bool> _others = new(StringComparer.Ordinal);
    private int _rows;
    private int _rewrittenRows;
    private int _rewrittenExamples;
    private long _lettersMarkers;
    private int _lettersRows;
    private long _tokenMarkers;
    private int _tokenRows;

    /// <summary>Notes a row that became examples.</summary>
    public void Add(DataRow row)
    {
        _rows++;
        foreach (string name in row.Unused)
        {
            _unused[name] = _unused.GetValueOrDefault(name) + 1;
        }
    }

    /// <summary>Notes what is said once, such as how a file was read.</summary>
    public void Say(string note) => _others.TryAdd(note, true);

    /// <summary>Notes a conversation whose turns became examples of their own.</summary>
    public void AddRewritten(int examples)
    {
        _rewrittenRows++;
        _rewrittenExamples += examples;
    }

    /// <summary>Notes special tokens that are written in the texts of a row.</summary>
    /// <param name="count">How many.</param>
    /// <param name="asLetters">Whether they were taken for letters.</param>
    public void AddSpecialTokens(int count, bool asLetters)
    {
        if (count > 0)
        {
            _lettersMarkers += asLetters ? count : 0;
            _lettersRows += asLetters ? 1 : 0;
            _tokenMarkers += asLetters ? 0 : count;
            _tokenRows += asLetters ? 0 : 1;
        }
    }

    /// <summary>The notes, a sentence each.</summary>
    public IReadOnlyList<string> Sentences()
    {
        List<string> notes = [.. _others.Keys];
        if (_unused.Count > 0)
        {
            string names = string.Join(", ", _unused.Take(MostNames).Select(u => $"{u.Key} ({u.Value} of {_rows} rows)"));
            string more = _unused.Count > MostNames ? $" and {_unused.Count - MostNames} more" : string.Empty;
            string labels = _unused.Keys.Any(RowForms.IsLabel)
                ? $"; labels to choose among are for a task: {Setting.Task} FILE (docs/tasks.md)"
                : string.Empty;
            notes.Add($"unused columns: {names}{more}{labels}");
        }

        if (_rewrittenRows > 0)
        {
            notes.Add(
                $"turns: the chat template writes earlier turns differently when others follow, so {_rewrittenRows} conversations became "
                    + $"{_rewrittenExamples} examples, "
                + $"one for each turn of the assistant with what was said before it ({Setting.MaskHistory} learns the last turn only)");
        }

        if (_tokenMarkers > 0)
        {
            notes.Add($"special tokens: {_tokenMarkers} written in the texts of {_tokenRows} rows were taken for the tokens they are");
        }

        if (_lettersMarkers > 0)
        {
            notes.Add($"special tokens: {_lettersMarkers} written in the texts of {_lettersRows} rows were taken for letters, as "
                + $"{Setting.SplitSpecialTokens} says");
        }

        return notes;
    }
}
