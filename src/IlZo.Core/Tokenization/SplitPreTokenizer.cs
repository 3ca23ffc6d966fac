namespace IlZo.Tokenization;

/// <summary>Finds the places of a pattern in a text.</summary>
internal interface IMatcher
{
    /// <summary>Appends the matches, in order; none of them is empty.</summary>
    void Find(string text, List<(int Start, int End)> matches);
}

/// <summary>Finds a text in another.</summary>
internal sealed class LiteralMatcher(string literal) : IMatcher
{
    public void Find(string text, List<(int Start, int End)> matches)
    {
        for (int at = 0; (at = text.IndexOf(literal, at, StringComparison.Ordinal)) >= 0; at += literal.Length)
        {
            matches.Add((at, at + literal.Length));
        }
    }
}

/// <summary>What becomes of a match, named as in a tokenizer.json.</summary>
internal enum SplitBehavior
{
    Removed,
    Isolated,
    Contiguous,
    MergedWithPrevious,
    MergedWithNext,
}

/// <summary>Cuts a text at the matches of a pattern, as the Hugging Face tokenizers library does.</summary>
/// <param name="matcher">The pattern.</param>
/// <param name="behavior">What becomes of a match.</param>
/// <param name="invert">Whether what lies between matches is taken for them.</param>
internal sealed class SplitPreTokenizer(IMatcher matcher, SplitBehavior behavior, bool invert) : IPreTokenizer
{
    public void Split(string piece, bool atStart, List<string> pieces)
    {
        var cuts = Cuts(piece);
        switch (behavior)
        {
            case SplitBehavior.Removed:
                cuts.RemoveAll(c => c.IsMatch);
                break;
            case SplitBehavior.Contiguous:
                Merge(cuts, (left, right) => left.IsMatch == right.IsMatch);
                break;
            case SplitBehavior.MergedWithPrevious:
                Merge(cuts, (left, right) => right.IsMatch && !left.IsMatch);
                break;
            case SplitBehavior.MergedWithNext:
                Merge(cuts, (left, right) => left.IsMatch && !right.IsMatch);
                break;
        }

        pieces.AddRange(cuts.Select(c => piece[c.Start..c.End]));
    }

    // Joins neighbours that belong together; whether they do is asked of them as they were.
    private static void Merge(
        List<(int Start, int End, bool IsMatch)> cuts,
        Func<(int Start, int End, bool IsMatch), (int Start, int End, bool IsMatch), bool> belong)
    {
        var merged = new List<(int Start, int End, bool IsMatch)>();
        for (int i = 0; i < cuts.Count; i++)
        {
            if (i > 0 && belong(cuts[i - 1], cuts[i]))
            {
                merged[^1] = merged[^1] with { End = cuts[i].End };
            }
            else
            {
                merged.Add(cuts[i]);
            }
        }

        cuts.Clear();
        cuts.AddRange(merged);
    }

    // The matches and what lies between them.
    private List<(int Start, int End, bool IsMatch)> Cuts(string piece)
    {
        var matches = new List<(int Start, int End)>();
        matcher.Find(piece, matches);
        var cuts = new List<(int Start, int End, bool IsMatch)>();
        int done = 0;
        foreach (var (start, end) in matches)
        {
            if (start > done)
            {
                cuts.Add((done, start, invert));
            }

            cuts.Add((start, end, !invert));
            done = end;
        }

        if (done < piece.Length)
        {
            cuts.Add((done, piece.Length, invert));
        }

        return cuts;
    }
}
