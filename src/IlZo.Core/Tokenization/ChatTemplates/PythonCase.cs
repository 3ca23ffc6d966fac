using System.Buffers;
using System.Globalization;
using System.Text;

namespace IlZo.Tokenization.ChatTemplates;

/// <summary>
/// Python's changes of case, where one character may become several (Unicode's SpecialCasing.txt), and what depends on case.
/// </summary>
internal static class PythonCase
{
    private static readonly Dictionary<int, (string Upper, string Title)> s_special = ReadTable();

    public static string Upper(string text)
    {
        var result = new StringBuilder(text.Length);
        foreach (var rune in text.EnumerateRunes())
        {
            result.Append(s_special.TryGetValue(rune.Value, out var special) ? special.Upper : Rune.ToUpperInvariant(rune).ToString());
        }

        return result.ToString();
    }

    public static string Lower(string text)
    {
        var result = new StringBuilder(text.Length);
        AppendLower(result, text, 0, text.Length);
        return result.ToString();
    }

    /// <summary><c>str.capitalize</c>: the first character as in a title, the others lower.</summary>
    public static string Capitalize(string text)
    {
        if (text.Length == 0)
        {
            return text;
        }

        var first = First(text, 0);
        var result = new StringBuilder(text.Length).Append(Titled(first));
        AppendLower(result, text, first.Utf16SequenceLength, text.Length);
        return result.ToString();
    }

    /// <summary><c>str.title</c>: each letter behind one that has no case is as in a title, the others lower.</summary>
    public static string Title(string text)
    {
        var result = new StringBuilder(text.Length);
        bool inWord = false;
        for (int at = 0; at < text.Length;)
        {
            var rune = First(text, at);
            int end = at + rune.Utf16SequenceLength;
            if (inWord)
            {
                AppendLower(result, text, at, end);
            }
            else
            {
                result.Append(Titled(rune));
            }

            inWord = IsCased(rune);
            at = end;
        }

        return result.ToString();
    }

    /// <summary>
    /// Jinja's <c>title</c>: the first letter behind white space, a hyphen or an opening bracket is upper, the others lower.
    /// </summary>
    public static string JinjaTitle(string text)
    {
        var result = new StringBuilder(text.Length);
        for (int at = 0; at < text.Length;)
        {
            var rune = First(text, at);
            int end = at + rune.Utf16SequenceLength;
            if (BeginsWord(rune))
            {
                result.Append(rune.ToString());
                at = end;
                continue;
            }

            int stop = end;
            while (stop < text.Length && !BeginsWord(First(text, stop)))
            {
                stop++;
            }

            result.Append(Upper(text[at..end])).Append(Lower(text[end..stop]));
            at = stop;
        }

        return result.ToString();

        static bool BeginsWord(Rune rune) => PythonText.IsSpace(rune) || rune.Value is '-' or '(' or '{' or '[' or '<';
    }

    /// <summary><c>str.isupper</c>, or <c>str.islower</c>: it has letters of this case and none of another.</summary>
    public static bool Is(string text, bool upper)
    {
        bool found = false;
        foreach (var rune in text.EnumerateRunes().Where(IsCased))
        {
            if (Rune.GetUnicodeCategory(rune) is UnicodeCategory.TitlecaseLetter || IsUpper(rune) != upper)
            {
                return false;
            }

            found = true;
        }

        return found;
    }

    private static bool IsUpper(Rune rune) => Rune.GetUnicodeCategory(rune) == UnicodeCategory.UppercaseLetter
        || rune.Value is (>= 0x2160 and <= 0x216F) or (>= 0x24B6 and <= 0x24CF);

    // Unicode's property Cased: letters with case, and Other_Lowercase and Other_Uppercase.
    private static bool IsCased(Rune rune) => Rune.GetUnicodeCategory(rune) is UnicodeCategory.UppercaseLetter
        or UnicodeCategory.LowercaseLetter or UnicodeCategory.TitlecaseLetter
        || rune.Value is 0xAA or 0xBA or (>= 0x2B0 and <= 0x2B8) or 0x2C0 or 0x2C1 or (>= 0x2E0 and <= 0x2E4) or 0x345 or 0x37A
            or (>= 0x1D2C and <= 0x1D6A) or 0x1D78
            or (>= 0x1D9B and <= 0x1DBF) or 0x2071 or 0x207F or (>= 0x2090 and <= 0x209C) or (>= 0x2160 and <= 0x217F) or (>= 0x24B6
            and <= 0x24E9) or 0x2C7C or 0x2C7D;

    private static string Titled(Rune rune) =>
        s_special.TryGetValue(rune.Value, out var special) ? special.Title : Rune.ToUpperInvariant(rune).ToString();

    private static Rune First(string text, int at)
    {
        Rune.DecodeFromUtf16(text.AsSpan(at), out var rune, out _);
        return rune;
    }

    private static void AppendLower(StringBuilder result, string text, int start, int end)
    {
        for (int at = start; at < end;)
        {
            var rune = First(text, at);
            result.Append(rune.Value switch
            {
                'İ' => "i\u0307",
                'Σ' => IsFinal(text, at) ? "ς" : "σ",
                _ => Rune.ToLowerInvariant(rune).ToString(),
            });
            at += rune.Utf16SequenceLength;
        }
    }

    // A sigma that ends a word: a letter is before it and none behind, whatever points and accents stand between.
    private static bool IsFinal(string text, int at) => LastLetter(text.AsSpan(0, at)) && !FirstLetter(text.AsSpan(at + 1));

    private static bool LastLetter(ReadOnlySpan<char> before)
    {
        while (Rune.DecodeLastFromUtf16(before, out var rune, out int length) == OperationStatus.Done)
        {
            if (!IsIgnored(rune))
            {
                return IsCased(rune);
            }

            before = before[..^length];
        }

        return false;
    }

    private static bool FirstLetter(ReadOnlySpan<char> behind)
    {
        while (Rune.DecodeFromUtf16(behind, out var rune, out int length) == OperationStatus.Done)
        {
            if (!IsIgnored(rune))
            {
                return IsCased(rune);
            }

            behind = behind[length..];
        }

        return false;
    }

    private static bool IsIgnored(Rune rune) => rune.Value is '\'' or '.' or ':' or '·' or '’' or '‘' || Rune.GetUnicodeCategory(rune) is
        UnicodeCategory.NonSpacingMark or UnicodeCategory.EnclosingMark or UnicodeCategory.Format or UnicodeCategory.ModifierLetter
            or UnicodeCategory.ModifierSymbol;

    private static Dictionary<int, (string Upper, string Title)> ReadTable() => SpecialCasing.Table
        .Split(' ', StringSplitOptions.RemoveEmptyEntries)
        .Select(entry => entry.Split('='))
        .ToDictionary(parts => char.ConvertToUtf32(parts[0], 0), parts => (parts[1], parts[2]));
}
