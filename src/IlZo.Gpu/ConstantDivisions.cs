using System.Globalization;
using System.Numerics;
using System.Text.RegularExpressions;

namespace IlZo.Gpu;

/// <summary>
/// Divisions by powers of two as shifts and masks. ILGPU leaves most of them to NVIDIA's assembler, which makes of each a division by an
/// unknown number: a reciprocal in floating point and corrections, 20 instructions that wait for each other, or 80 where numbers have 64
/// bits.
/// </summary>
internal static partial class ConstantDivisions
{
    /// <summary>A text in which they are replaced. The results are the same, also those of negative numbers.</summary>
    public static string Replace(string text) => Division().Replace(text, match =>
    {
        var (to, from) = (match.Groups["to"].Value, match.Groups["from"].Value);
        ulong divisor = ulong.Parse(match.Groups["divisor"].Value, CultureInfo.InvariantCulture);
        if (!BitOperations.IsPow2(divisor) || to == from)
        {
            return match.Value;
        }

        int power = BitOperations.Log2(divisor);
        int bits = int.Parse(match.Groups["bits"].Value, CultureInfo.InvariantCulture);
        string[] instructions = (match.Groups["operation"].Value, match.Groups["type"].Value) switch
        {
            ("div", "u") => [$"shr.u{bits}\t{to}, {from}, {power};"],
            ("rem", "u") => [$"and.b{bits}\t{to}, {from}, {divisor - 1};"],
            ("rem", "s") when power == 0 => [$"mov.b{bits}\t{to}, 0;"],
            ("rem", "s") => SignedRemainder(to, from, bits, power),
            _ => [],
        };
        return instructions.Length == 0 ? match.Value : string.Join('\n', instructions.Select(i => '\t' + i));
    });

    // A number less the next multiple towards zero: where it is negative, what a mask would cut off upwards is added first.
    private static string[] SignedRemainder(string to, string from, int bits, int power) =>
    [
        $"shr.s{bits}\t{to}, {from}, {bits - 1};",
        $"shr.u{bits}\t{to}, {to}, {bits - power};",
        $"add.s{bits}\t{to}, {from}, {to};",
        $"and.b{bits}\t{to}, {to}, {-(1L << power)};",
        $"sub.s{bits}\t{to}, {from}, {to};",
    ];

    [GeneratedRegex(
        @"^\t(?<operation>div|rem)\.(?<type>[su])(?<bits>32|64)\t(?<to>%\w+), (?<from>%\w+), (?<divisor>[1-9]\d*);",
        RegexOptions.Multiline)]
    private static partial Regex Division();
}
