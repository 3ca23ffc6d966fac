using System.Globalization;
using System.Text.RegularExpressions;

namespace IlZo.Gpu.Tests.Ptx;

/// <summary>The machine instructions of a kernel, in the order in which they lie in memory.</summary>
public sealed partial class MachineCode
{
    private readonly List<(long Address, string Text)> _instructions;

    private MachineCode(List<(long Address, string Text)> instructions) => _instructions = instructions;

    /// <summary>All of them, without those that only fill up the code.</summary>
    public IReadOnlyList<string> All => [.. _instructions.Select(i => i.Text)];

    /// <summary>The largest loop, with all that lies between its first instruction and its last one; empty where there is none.</summary>
    public IReadOnlyList<string> LargestLoop
    {
        get
        {
            var backwards = _instructions.Select(i => (First: Target(i.Text), Last: i.Address)).Where(l => l.First < l.Last).ToList();
            if (backwards.Count == 0)
            {
                return [];
            }

            var (first, last) = backwards.MaxBy(l => l.Last - l.First);
            return [.. _instructions.Where(i => i.Address >= first && i.Address <= last).Select(i => i.Text)];
        }
    }

    /// <summary>Reads what <c>cuobjdump -sass</c> writes.</summary>
    public static MachineCode Parse(string text) => new(
        [.. Instruction().Matches(text)
            .Select(m => (long.Parse(m.Groups[1].Value, NumberStyles.HexNumber, CultureInfo.InvariantCulture), m.Groups[2].Value))
            .Where(i => i.Item2 != "NOP")]);

    /// <summary>Instructions of a part with one of some names, whatever follows the first point.</summary>
    public static int CountIn(IEnumerable<string> part, params string[] names) => part.Count(i => names.Contains(Name(i)));

    private static string Name(string instruction) =>
        instruction.Split(' ').SkipWhile(w => w.StartsWith('@')).First().Split('.')[0];

    // Where a branch leads, or beyond all code.
    private static long Target(string instruction) => Branch().Match(instruction) is { Success: true } branch
        ? long.Parse(branch.Groups[1].Value, NumberStyles.HexNumber, CultureInfo.InvariantCulture)
        : long.MaxValue;

    [GeneratedRegex(@"^\s+/\*([0-9a-f]{4,})\*/\s+(.*?)\s*;", RegexOptions.Multiline)]
    private static partial Regex Instruction();

    [GeneratedRegex(@"\bBRA\b.*?\b0x([0-9a-f]+)")]
    private static partial Regex Branch();
}
