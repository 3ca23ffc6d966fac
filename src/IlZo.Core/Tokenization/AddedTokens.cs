using System.Buffers;

namespace IlZo.Tokenization;

/// <summary>
/// Tokens that are cut out of a text before anything else sees it. At each place the longest one wins; the leftmost place
/// goes first.
/// </summary>
internal sealed class AddedTokens
{
    private readonly Dictionary<char, List<(string Text, int Id)>> _byFirst = [];
    private readonly SearchValues<char> _firsts;

    public AddedTokens(IEnumerable<(string Text, int Id)> tokens)
    {
        All = [.. tokens];
        foreach ((string Text, int Id) token in All.OrderByDescending(token => token.Text.Length))
        {
            if (!_byFirst.TryGetValue(token.Text[0], out List<(string Text, int Id)>? list))
            {
                _byFirst.Add(token.Text[0], list = []);
            }

            list.Add(token);
        }

        _firsts = SearchValues.Create([.. _byFirst.Keys]);
    }

    /// <summary>The tokens.</summary>
    public IReadOnlyList<(string Text, int Id)> All { get; }

    /// <summary>The text in order: what lies between tokens (id -1, never empty) and the tokens themselves.</summary>
    public IEnumerable<(string Text, int Id)> Cut(string text)
    {
        int done = 0;
        int at = 0;
        while (_byFirst.Count > 0 && at < text.Length)
        {
            int step = text.AsSpan(at).IndexOfAny(_firsts);
            if (step < 0)
            {
                break;
            }

            at += step;
            (string Text, int Id) found = Find(text, at);
            if (found.Text is null)
            {
                at++;
                continue;
            }

            if (at > done)
            {
                yield return (text[done..at], -1);
            }

            yield return found;
            at += found.Text.Length;
            done = at;
        }

        if (done < text.Length)
        {
            yield return (done == 0 ? text : text[done..], -1);
        }
    }

    private (string Text, int Id) Find(string text, int at)
    {
        foreach ((string Text, int Id) token in _byFirst[text[at]])
        {
            if (text.AsSpan(at).StartsWith(token.Text, StringComparison.Ordinal))
            {
                return token;
            }
        }

        return default;
    }
}
