using System.Text;

namespace IlZo.Tokenization;

/// <summary>A step of pre-tokenization: cuts a piece of text into pieces.</summary>
internal interface IPreTokenizer
{
    /// <summary>Appends the pieces of a piece.</summary>
    /// <param name="piece">A piece that is not empty.</param>
    /// <param name="atStart">Whether the piece stands at the start of the text.</param>
    /// <param name="pieces">Where the pieces go; none of them is empty.</param>
    void Split(string piece, bool atStart, List<string> pieces);
}

/// <summary>Cuts by a pattern; without one the text stays whole. The words are then spelled in GPT-2's byte alphabet.</summary>
internal sealed class ByteLevelPreTokenizer(bool addPrefixSpace, WordSplitter? splitter) : IPreTokenizer
{
    public void Split(string piece, bool atStart, List<string> pieces)
    {
        string text = addPrefixSpace && piece[0] != ' ' ? " " + piece : piece;
        for (int at = 0; at < text.Length;)
        {
            int end = splitter?.End(text, at) ?? text.Length;
            pieces.Add(ByteLevelAlphabet.Spell(text.AsSpan(at, end - at)));
            at = end;
        }
    }
}

/// <summary>Cuts numbers from the rest, whole or digit by digit.</summary>
internal sealed class DigitsPreTokenizer(bool individual) : IPreTokenizer
{
    public void Split(string piece, bool atStart, List<string> pieces)
    {
        int start = 0;
        bool inNumber = false;
        for (int at = 0; at < piece.Length;)
        {
            Rune.DecodeFromUtf16(piece.AsSpan(at), out Rune rune, out int length);
            bool isDigit = Rune.IsNumber(rune);
            if (at > start && (isDigit != inNumber || (isDigit && individual)))
            {
                pieces.Add(piece[start..at]);
                start = at;
            }

            inNumber = isDigit;
            at += length;
        }

        pieces.Add(piece[start..]);
    }
}

/// <summary>When a <see cref="MetaspacePreTokenizer"/> puts its mark in front.</summary>
internal enum PrependScheme
{
    Always,
    First,
    Never,
}

/// <summary>Writes spaces as a visible mark, puts one in front and, if asked to, cuts before each mark.</summary>
internal sealed class MetaspacePreTokenizer(string mark, PrependScheme scheme, bool cut) : IPreTokenizer
{
    public void Split(string piece, bool atStart, List<string> pieces)
    {
        string text = piece.Replace(" ", mark, StringComparison.Ordinal);
        bool prepend = scheme == PrependScheme.Always || (scheme == PrependScheme.First && atStart);
        if (prepend && !text.StartsWith(mark, StringComparison.Ordinal))
        {
            text = mark + text;
        }

        int at = 0;
        while (cut)
        {
            int next = text.IndexOf(mark, at + 1, StringComparison.Ordinal);
            if (next < 0)
            {
                break;
            }

            pieces.Add(text[at..next]);
            at = next;
        }

        pieces.Add(text[at..]);
    }
}

/// <summary>One step after another.</summary>
internal sealed class PreTokenizerSequence(IReadOnlyList<IPreTokenizer> steps) : IPreTokenizer
{
    public void Split(string piece, bool atStart, List<string> pieces)
    {
        var current = new List<string> { piece };
        foreach (IPreTokenizer step in steps)
        {
            var cut = new List<string>(current.Count);
            for (int i = 0; i < current.Count; i++)
            {
                step.Split(current[i], atStart && i == 0, cut);
            }

            current = cut;
        }

        pieces.AddRange(current);
    }
}
