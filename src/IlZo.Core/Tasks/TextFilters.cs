using System.Text;

namespace IlZo.Tasks;

/// <summary>
/// What a template can do to a field's text: <c>{question|ensure_question_mark|capitalize}</c>, applied left to right.
/// </summary>
internal static class TextFilters
{
    /// <summary>All filters by name.</summary>
    public static IReadOnlyDictionary<string, Func<string, string>> All { get; } =
        new SortedDictionary<string, Func<string, string>>(StringComparer.Ordinal)
        {
            ["capitalize"] = Capitalize,
            ["drop_final_period"] = DropFinalPeriod,
            ["drop_last_character"] = DropLastCharacter,
            ["ensure_question_mark"] = text => text.EndsWith('?') ? text : text + "?",
            ["lower"] = text => text.ToLowerInvariant(),
            ["lower_first_letter"] = LowerFirstLetter,
            ["lower_first_word"] = LowerFirstWord,
            ["strip"] = text => text.Trim(),
        };

    private static string Capitalize(string text)
    {
        if (text.Length == 0)
        {
            return text;
        }

        // By code point: half of a surrogate pair has no upper case.
        var first = Rune.GetRuneAt(text, 0);
        return Rune.ToUpperInvariant(first) + text[first.Utf16SequenceLength..];
    }

    // White space at the end goes first, as in MeZO's template: "It rained. " loses its period too.
    private static string DropFinalPeriod(string text)
    {
        string trimmed = text.TrimEnd();
        return trimmed.EndsWith('.') ? trimmed[..^1] : trimmed;
    }

    private static string DropLastCharacter(string text)
    {
        if (text.Length == 0)
        {
            return text;
        }

        // By code point, as Python's slices count.
        int pair = text.Length > 1 && char.IsSurrogatePair(text, text.Length - 2) ? 2 : 1;
        return text[..^pair];
    }

    private static string LowerFirstLetter(string text)
    {
        if (text.Length == 0)
        {
            return text;
        }

        var first = Rune.GetRuneAt(text, 0);
        return Rune.ToLowerInvariant(first) + text[first.Utf16SequenceLength..];
    }

    private static string LowerFirstWord(string text)
    {
        int space = text.IndexOf(' ');
        string first = space < 0 ? text : text[..space];
        return first == "I" ? text : first.ToLowerInvariant() + text[first.Length..];
    }
}
