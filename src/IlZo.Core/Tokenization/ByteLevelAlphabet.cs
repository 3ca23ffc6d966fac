using System.Buffers;
using System.Text;

namespace IlZo.Tokenization;

/// <summary>
/// GPT-2's one printable character for each byte: the printable bytes 33–126, 161–172 and 174–255 stand for themselves,
/// the others are, in order, U+0100 and up.
/// </summary>
internal static class ByteLevelAlphabet
{
    private static readonly char[] s_characters = MakeCharacters();
    private static readonly short[] s_bytes = MakeBytes();

    public static char Character(byte value) => s_characters[value];

    /// <summary>The UTF-8 bytes of a text, one character each.</summary>
    public static string Spell(ReadOnlySpan<char> text)
    {
        byte[] bytes = ArrayPool<byte>.Shared.Rent(Encoding.UTF8.GetMaxByteCount(text.Length));
        int count = Encoding.UTF8.GetBytes(text, bytes);
        string spelled = string.Create(count, bytes, static (span, source) =>
        {
            for (int i = 0; i < span.Length; i++)
            {
                span[i] = s_characters[source[i]];
            }
        });
        ArrayPool<byte>.Shared.Return(bytes);
        return spelled;
    }

    /// <summary>Appends the bytes a token spells; a token with a foreign character stands for its own UTF-8 bytes.</summary>
    public static void AppendBytes(string token, ArrayBufferWriter<byte> output)
    {
        Span<byte> target = output.GetSpan(token.Length);
        for (int i = 0; i < token.Length; i++)
        {
            int value = token[i] < s_bytes.Length ? s_bytes[token[i]] : -1;
            if (value < 0)
            {
                Encoding.UTF8.GetBytes(token, output);
                return;
            }

            target[i] = (byte)value;
        }

        output.Advance(token.Length);
    }

    private static char[] MakeCharacters()
    {
        var characters = new char[256];
        char extra = '\u0100';
        for (int i = 0; i < 256; i++)
        {
            bool printable = i is >= 33 and <= 126 or >= 161 and <= 172 or >= 174;
            characters[i] = printable ? (char)i : extra++;
        }

        return characters;
    }

    private static short[] MakeBytes()
    {
        var bytes = new short[0x100 + 68];
        Array.Fill(bytes, (short)-1);
        for (int i = 0; i < 256; i++)
        {
            bytes[s_characters[i]] = (short)i;
        }

        return bytes;
    }
}
