using System.Globalization;
using System.Text;

namespace IlZo.Tokenization;

/// <summary>
/// What BERT does to a text before it is cut into words: control characters go and white space becomes spaces, ideographs become words,
/// accents go, letters become lower case; each where it is asked for.
/// Source: google-research/bert tokenization.py, BasicTokenizer; huggingface/tokenizers normalizers/bert.rs.
/// </summary>
internal sealed class BertNormalizer(bool cleansText, bool separatesIdeographs, bool stripsAccents, bool lowersCase)
{
    // The blocks of CJK ideographs that the reference has; its next to last one begins 256 characters late.
    private static readonly (int First, int Last)[] s_ideographs =
    [
        (0x3400, 0x4DBF), (0x4E00, 0x9FFF), (0xF900, 0xFAFF), (0x20000, 0x2A6DF), (0x2A700, 0x2B73F), (0x2B740, 0x2B81F),
        (0x2B920, 0x2CEAF), (0x2F800, 0x2FA1F),
    ];

    public string Normalize(string text)
    {
        var result = new StringBuilder(text.Length);
        foreach (Rune rune in text.EnumerateRunes())
        {
            Append(rune, result);
        }

        return stripsAccents ? WithoutAccents(result.ToString()) : result.ToString();
    }

    private void Append(Rune rune, StringBuilder result)
    {
        bool isSpace = Rune.IsWhiteSpace(rune);
        if (cleansText && !isSpace && IsControl(rune))
        {
            return;
        }

        bool isIdeograph = separatesIdeographs && Array.Exists(s_ideographs, r => rune.Value >= r.First && rune.Value <= r.Last);
        result.Append(isIdeograph ? " " : string.Empty);
        if (cleansText && isSpace)
        {
            result.Append(' ');
        }
        else
        {
            AppendLower(rune, result, lowersCase && !stripsAccents);
        }

        result.Append(isIdeograph ? " " : string.Empty);
    }

    private string WithoutAccents(string text)
    {
        var result = new StringBuilder(text.Length);
        foreach (int character in FormD.Characters(text))
        {
            var rune = new Rune(character);
            if (Rune.GetUnicodeCategory(rune) != UnicodeCategory.NonSpacingMark)
            {
                AppendLower(rune, result, lowersCase);
            }
        }

        return result.ToString();
    }

    // Each character for itself: one of them becomes two, and a sigma does not know that it ends a word.
    private static void AppendLower(Rune rune, StringBuilder result, bool lower) =>
        result.Append(!lower ? rune.ToString() : rune.Value == 'İ' ? "i\u0307" : Rune.ToLowerInvariant(rune).ToString());

    // U+FFFD stands for what could not be read.
    private static bool IsControl(Rune rune) => rune == Rune.ReplacementChar || Rune.GetUnicodeCategory(rune) is UnicodeCategory.Control
        or UnicodeCategory.Format or UnicodeCategory.PrivateUse;
}
