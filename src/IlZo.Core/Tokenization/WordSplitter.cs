using System.Globalization;
using System.Text;

namespace IlZo.Tokenization;

/// <summary>
/// The pre-tokenizer patterns of GPT-2, Llama 3 and Qwen2, written out by hand: linear in the length of the text, and exact
/// for letters and digits outside the basic plane, which .NET's regular expressions see as surrogates. They cover every character.
/// Other patterns are <see cref="Patterns.PatternAutomaton"/>'s, which is slower.
/// </summary>
internal sealed class WordSplitter : IMatcher
{
    public const string Gpt2Pattern = @"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+";

    public const string Llama3Pattern =
        @"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

    public const string Qwen2Pattern =
        @"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

    private readonly bool _gpt2;
    private readonly int _digits;

    private WordSplitter(bool gpt2, int digits)
    {
        _gpt2 = gpt2;
        _digits = digits;
    }

    private enum Kind
    {
        Letter,
        Number,
        Space,
        Other,
        End,
    }

    public static WordSplitter Gpt2 { get; } = new(true, int.MaxValue);

    public static WordSplitter Llama3 { get; } = new(false, 3);

    /// <summary>The splitter that does what a pattern says, or null for a pattern that is none of the three.</summary>
    public static WordSplitter? ForPattern(string pattern) => pattern switch
    {
        Gpt2Pattern => Gpt2,
        Llama3Pattern => Llama3,
        Qwen2Pattern => new WordSplitter(false, 1),
        _ => null,
    };

    /// <summary>Where the word that starts at a place ends.</summary>
    public int End(ReadOnlySpan<char> text, int start) => _gpt2 ? EndGpt2(text, start) : EndLlama3(text, start);

    /// <inheritdoc/>
    public void Find(string text, List<(int Start, int End)> matches)
    {
        for (int at = 0; at < text.Length;)
        {
            int end = End(text, at);
            matches.Add((at, end));
            at = end;
        }
    }

    private static int EndGpt2(ReadOnlySpan<char> text, int start)
    {
        int contraction = Contraction(text, start, ignoreCase: false);
        if (contraction > 0)
        {
            return start + contraction;
        }

        int first = text[start] == ' ' ? start + 1 : start;
        Kind kind = KindAt(text, first, out _);
        return kind is Kind.Letter or Kind.Number or Kind.Other
            ? RunEnd(text, first, kind, int.MaxValue)
            : SpacesEnd(text, start);
    }

    private int EndLlama3(ReadOnlySpan<char> text, int start)
    {
        int contraction = Contraction(text, start, ignoreCase: true);
        if (contraction > 0)
        {
            return start + contraction;
        }

        Kind kind = KindAt(text, start, out int length);
        if (kind == Kind.Letter)
        {
            return RunEnd(text, start, Kind.Letter, int.MaxValue);
        }

        if (kind == Kind.Number)
        {
            return RunEnd(text, start, Kind.Number, _digits);
        }

        // [^\r\n\p{L}\p{N}]?\p{L}+
        if (text[start] is not ('\r' or '\n') && KindAt(text, start + length, out _) == Kind.Letter)
        {
            return RunEnd(text, start + length, Kind.Letter, int.MaxValue);
        }

        // ` ?[^\s\p{L}\p{N}]+[\r\n]*`
        int first = text[start] == ' ' ? start + 1 : start;
        if (KindAt(text, first, out _) == Kind.Other)
        {
            int end = RunEnd(text, first, Kind.Other, int.MaxValue);
            while (end < text.Length && text[end] is '\r' or '\n')
            {
                end++;
            }

            return end;
        }

        // `\s*[\r\n]+` ends after the last line break of the white space.
        int spaces = RunEnd(text, start, Kind.Space, int.MaxValue);
        int lineBreak = text[start..spaces].LastIndexOfAny('\r', '\n');
        return lineBreak >= 0 ? start + lineBreak + 1 : SpacesEnd(text, start);
    }

    /// <summary><c>\s+(?!\S)|\s+</c>: white space before a word leaves its last character to the word.</summary>
    private static int SpacesEnd(ReadOnlySpan<char> text, int start)
    {
        int end = RunEnd(text, start, Kind.Space, int.MaxValue);
        return end == text.Length || end == start + 1 ? end : end - 1;
    }

    private static int Contraction(ReadOnlySpan<char> text, int start, bool ignoreCase)
    {
        if (text[start] != '\'' || start + 1 >= text.Length)
        {
            return 0;
        }

        char first = Fold(text[start + 1], ignoreCase);
        if (first is 's' or 't' or 'm' or 'd')
        {
            return 2;
        }

        char second = start + 2 < text.Length ? Fold(text[start + 2], ignoreCase) : '\0';
        return (first, second) is ('r', 'e') or ('v', 'e') or ('l', 'l') ? 3 : 0;
    }

    /// <summary>Case folding of the letters of contractions; the long s folds to s.</summary>
    private static char Fold(char c, bool ignoreCase) => !ignoreCase ? c
        : c == '\u017F' ? 's'
        : char.IsAsciiLetterUpper(c) ? (char)(c | 0x20)
        : c;

    private static int RunEnd(ReadOnlySpan<char> text, int start, Kind kind, int most)
    {
        int at = start;
        while (most-- > 0 && KindAt(text, at, out int length) == kind)
        {
            at += length;
        }

        return at;
    }

    private static Kind KindAt(ReadOnlySpan<char> text, int at, out int length)
    {
        length = 0;
        if (at >= text.Length)
        {
            return Kind.End;
        }

        Rune.DecodeFromUtf16(text[at..], out Rune rune, out length);
        if (Rune.IsWhiteSpace(rune))
        {
            return Kind.Space;
        }

        return Rune.GetUnicodeCategory(rune) switch
        {
            <= UnicodeCategory.OtherLetter => Kind.Letter,
            UnicodeCategory.DecimalDigitNumber or UnicodeCategory.LetterNumber or UnicodeCategory.OtherNumber => Kind.Number,
            _ => Kind.Other,
        };
    }
}
