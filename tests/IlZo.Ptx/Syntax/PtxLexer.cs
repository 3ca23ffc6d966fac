namespace IlZo.Ptx.Syntax;

/// <summary>Cuts a text into words and marks. A word is a name, a number or an opcode with its modifiers.</summary>
internal static class PtxLexer
{
    /// <summary>The tokens and where each begins.</summary>
    public static List<(string Text, int Start)> Read(string text)
    {
        var tokens = new List<(string, int)>();
        int i = 0;
        while (i < text.Length)
        {
            if (char.IsWhiteSpace(text[i]))
            {
                i++;
            }
            else if (text.AsSpan(i).StartsWith("//"))
            {
                int end = text.IndexOf('\n', i);
                i = end < 0 ? text.Length : end;
            }
            else if (text.AsSpan(i).StartsWith("/*"))
            {
                int end = text.IndexOf("*/", i, StringComparison.Ordinal);
                i = end < 0 ? throw new PtxException("A comment is not closed.") : end + 2;
            }
            else
            {
                int start = i++;
                while (IsWord(text[start]) && LengthInWord(text, i) is var length and > 0)
                {
                    i += length;
                }

                tokens.Add((text[start..i], start));
            }
        }

        return tokens;
    }

    // Modifiers such as .L2::128B have two colons; a single one ends a label.
    private static int LengthInWord(string text, int i) =>
        i < text.Length && IsWord(text[i]) ? 1 : text.AsSpan(i).StartsWith("::") ? 2 : 0;

    private static bool IsWord(char c) => char.IsAsciiLetterOrDigit(c) || c is '_' or '$' or '%' or '.';
}
