using System.Globalization;
using System.Text;

namespace IlZo.Tokenization.ChatTemplates;

/// <summary>What Python's strings know about characters, where .NET's differ.</summary>
internal static class PythonText
{
    /// <summary><c>str.isspace</c>: Unicode's white space and the four separators U+001C to U+001F.</summary>
    public static bool IsSpace(char c) => c is >= '\u001C' and <= '\u001F' || char.IsWhiteSpace(c);

    /// <inheritdoc cref="IsSpace(char)"/>
    public static bool IsSpace(Rune rune) => rune.IsBmp && IsSpace((char)rune.Value);

    /// <summary><c>str.rstrip</c>.</summary>
    public static string TrimEnd(string text)
    {
        int end = text.Length;
        while (end > 0 && IsSpace(text[end - 1]))
        {
            end--;
        }

        return text[..end];
    }

    public static bool IsAllSpace(ReadOnlySpan<char> text)
    {
        foreach (char c in text)
        {
            if (!IsSpace(c))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary><c>str.splitlines</c>.</summary>
    public static IEnumerable<string> Lines(string text, bool keepEnds = false)
    {
        for (int start = 0; start < text.Length;)
        {
            int end = start;
            while (end < text.Length && !EndsLine(text[end]))
            {
                end++;
            }

            int next = end == text.Length ? end : text[end] == '\r' && end + 1 < text.Length && text[end + 1] == '\n' ? end + 2 : end + 1;
            yield return text[start..(keepEnds ? next : end)];
            start = next;
        }
    }

    /// <summary>
    /// The pieces between runs of white space, from the start or from the end; the last one is the rest, however much white space is in it.
    /// </summary>
    public static List<string> Words(string text, int mostSplits, bool fromEnd)
    {
        var words = new List<string>();
        int step = fromEnd ? -1 : 1;
        for (int at = fromEnd ? text.Length - 1 : 0; ;)
        {
            at = Skip(at, spaces: true);
            if (at < 0 || at >= text.Length)
            {
                break;
            }

            if (words.Count == mostSplits)
            {
                words.Add(fromEnd ? text[..(at + 1)] : text[at..]);
                break;
            }

            int end = Skip(at, spaces: false);
            words.Add(fromEnd ? text[(end + 1)..(at + 1)] : text[at..end]);
            at = end;
        }

        if (fromEnd)
        {
            words.Reverse();
        }

        return words;

        int Skip(int at, bool spaces)
        {
            while (at >= 0 && at < text.Length && IsSpace(text[at]) == spaces)
            {
                at += step;
            }

            return at;
        }
    }

    /// <summary>
    /// Which of two texts is first in the order of their code points; .NET's order is that of UTF-16, where U+E000 stands behind U+10000.
    /// </summary>
    public static int Compare(string a, string b)
    {
        int same = a.AsSpan().CommonPrefixLength(b);
        if (same == a.Length || same == b.Length)
        {
            return a.Length.CompareTo(b.Length);
        }

        return (char.IsSurrogate(a[same]), char.IsSurrogate(b[same])) switch
        {
            (true, false) => 1,
            (false, true) => -1,
            _ => a[same].CompareTo(b[same]),
        };
    }

    /// <summary>
    /// <c>str.isprintable</c> of a character: neither a control, a format, a private or unassigned one, nor white space but the space.
    /// </summary>
    public static bool IsPrintable(Rune rune) => rune.Value == ' ' || Rune.GetUnicodeCategory(rune) is not (
        UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.Surrogate or UnicodeCategory.PrivateUse
            or UnicodeCategory.OtherNotAssigned
        or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator or UnicodeCategory.SpaceSeparator);

    private static bool EndsLine(char c) =>
        c is '\n' or '\r' or '\v' or '\f' or (>= '\u001C' and <= '\u001E') or '\u0085' or '\u2028' or '\u2029';
}
