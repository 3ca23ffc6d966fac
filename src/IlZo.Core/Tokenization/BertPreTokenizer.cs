using System.Text;

namespace IlZo.Tokenization;

/// <summary>
/// BERT's words: cut at white space, which goes, and around each punctuation character, of which all of ASCII that is neither letter, digit
/// nor control character is one. Source: huggingface/tokenizers pre_tokenizers/bert.rs.
/// </summary>
internal sealed class BertPreTokenizer : IPreTokenizer
{
    public void Split(string piece, bool atStart, List<string> pieces)
    {
        int start = 0;
        for (int at = 0; at < piece.Length;)
        {
            Rune.DecodeFromUtf16(piece.AsSpan(at), out Rune rune, out int length);
            bool isSpace = Rune.IsWhiteSpace(rune);
            if (isSpace || IsPunctuation(rune))
            {
                AddWord(piece, start, at, pieces);
                if (!isSpace)
                {
                    pieces.Add(piece.Substring(at, length));
                }

                start = at + length;
            }

            at += length;
        }

        AddWord(piece, start, piece.Length, pieces);
    }

    private static void AddWord(string piece, int start, int end, List<string> pieces)
    {
        if (end > start)
        {
            pieces.Add(piece[start..end]);
        }
    }

    private static bool IsPunctuation(Rune rune) => rune.IsAscii
        ? char.IsPunctuation((char)rune.Value) || char.IsSymbol((char)rune.Value)
        : Rune.IsPunctuation(rune);
}
