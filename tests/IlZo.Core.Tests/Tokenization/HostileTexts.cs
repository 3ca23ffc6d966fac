using System.Text;

namespace IlZo.Core.Tests.Tokenization;

/// <summary>Texts of characters that tokenizers treat in ways of their own.</summary>
internal static class HostileTexts
{
    private static readonly string[] s_parts =
    [
        "a", "B", "é", "\u0301", "ß", "ſ", "ǅ", "ʰ", "一", "あ", "\u1100\u1161", "1", "22", "²", "Ⅷ", "٣", "𝟘", "𝐀", "😀", "👩‍👧", "🇳🇴",
        "\uFE0F", "\u200D", "\u200B", "\uFEFF", " ", "  ", "\t", "\n", "\r\n",
        "\r", "\v", "\f", "\u001C", "\u0085", "\u00A0", "\u1680", "\u2003", "\u2028", "\u3000", "'s", "'S", "'ſ", "'ll", "'Re", "'", "’",
        "!", "?", "…", "-", "_", "/", "\\", "$", "€", "+", "^", "`", "\0", "\u0007",
        "\u00AD", "\uE000", "\U000E0001", "\U0010FFFF", "<s>", "<|endoftext|>", "<mask>", "Ġ", "▁", "the", " of",
    ];

    /// <summary>Texts that a seed decides.</summary>
    public static IEnumerable<string> Make(int seed, int count)
    {
        var random = new Random(seed);
        for (int i = 0; i < count; i++)
        {
            var text = new StringBuilder();
            for (int length = random.Next(1, 12); length > 0; length--)
            {
                text.Append(s_parts[random.Next(s_parts.Length)]);
            }

            yield return text.ToString();
        }
    }
}
