using System.Globalization;
using System.Text;

namespace IlZo.Fuzz.Mutation;

/// <summary>Values at which programs go wrong.</summary>
internal static class Interesting
{
    /// <summary>Where the products and sums of sizes wrap in 8, 16, 32 and 64 bits, and around it.</summary>
    private static readonly long[] s_integers =
    [
        0, 1, -1, 2, 3, 7, 64, 127, 128, 255, 256, 4095, 4096, 32767, 32768, 41605, 46340, 46341, 65535, 65536, 65537, 103232,
        (1 << 20) - 1, 1 << 20, 1 << 24, 1 << 28, 1 << 30, int.MaxValue - 1, int.MaxValue, 1L << 31, (1L << 31) + 1, uint.MaxValue,
        1L << 32,
        3037000499, 3037000500, 1L << 48, 1L << 53, 1L << 62, long.MaxValue - 1, long.MaxValue, long.MinValue,
    ];

    private static readonly string[] s_numbers =
    [
        "1e999", "-1e999", "1e-999", "1e308", "4.9e-324", "-0", "0.0", "-0.0", "1e0", "1.5", "0.1", "1e-308", "1e39",
        "18446744073709551615",
        "18446744073709551616", "9223372036854775808", "-9223372036854775809", "00", "1e", "0x10", "NaN", "Infinity",
        "123456789012345678901234567890123456789012345678901234567890",
    ];

    private static readonly string[] s_texts =
    [
        "", "\0", "\r", "\n", "\r\n", "\u0085", "\u2028", "\uFEFF", "\uFFFD", "\u200B", "é", "e\u0301", "ﬁ", "日本", "\U0001F600",
        "\U0010FFFF", "İ", "\u1100\u1161\u11A8",
        "..", "/", "\\", "%00", "{}", "[]", "null", "a b", " ", "\t", "$", "*", "<unk>", "<s>", "▁", "Ġ", "\\ud800", "\\udc00", "\\u0000",
    ];

    /// <summary>An integer.</summary>
    public static long Integer(Random random) => random.Next(8) switch
    {
        0 => random.Next(1024),
        1 => random.NextInt64(long.MinValue, long.MaxValue),
        2 => (1L << random.Next(63)) + random.Next(-2, 3),
        3 => unchecked(s_integers[random.Next(s_integers.Length)] + random.Next(-2, 3)),
        _ => s_integers[random.Next(s_integers.Length)],
    };

    /// <summary>A number as JSON has it, or nearly.</summary>
    public static string Number(Random random) =>
        random.Next(3) == 0 ? s_numbers[random.Next(s_numbers.Length)] : Integer(random).ToString(CultureInfo.InvariantCulture);

    /// <summary>A short text.</summary>
    public static string Text(Random random) => s_texts[random.Next(s_texts.Length)];

    /// <summary>Bytes that are seldom text.</summary>
    public static byte[] Bytes(Random random) => random.Next(5) switch
    {
        0 => [0xFF],
        1 => [0xC0, 0x80],
        2 => [0xED, 0xA0, 0x80],
        3 => [0xF4, 0x90, 0x80, 0x80],
        _ => Encoding.UTF8.GetBytes(Text(random)),
    };
}
