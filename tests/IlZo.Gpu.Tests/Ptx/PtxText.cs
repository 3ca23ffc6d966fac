using System.Text.RegularExpressions;
using ILGPU.Runtime;
using ILGPU.Runtime.Cuda;

namespace IlZo.Gpu.Tests.Ptx;

/// <summary>A kernel as PTX for compute capability 8.0, and what can be read off the text.</summary>
/// <param name="Text">The text.</param>
public sealed partial record PtxText(string Text)
{
    private readonly string[] _lines = Text.Split('\n');

    /// <summary>Registers that are declared; the driver's assembler uses fewer.</summary>
    public int Registers =>
        RegisterDeclaration().Matches(Text).Sum(m => int.Parse(m.Groups[1].Value, System.Globalization.CultureInfo.InvariantCulture) - 1);

    /// <summary>Compiles a kernel as it is compiled for a GPU, without one.</summary>
    public static PtxText Of(Delegate kernel, KernelSpecialization limits = default) =>
        Of(kernel, CudaArchitecture.SM_80, CudaInstructionSet.ISA_75, limits);

    /// <summary>Compiles a kernel for GPUs of some compute capability and version of PTX.</summary>
    public static PtxText Of(
        Delegate kernel, CudaArchitecture architecture, CudaInstructionSet version, KernelSpecialization limits = default)
    {
        using var compiler = new PtxCompiler(architecture, version);
        return new PtxText(compiler.Compile(kernel.Method, limits).PTXAssembly);
    }

    /// <summary>Instructions that begin so.</summary>
    public int Count(string instruction) => CountIn(_lines, instruction);

    /// <summary>The innermost loop that holds most of some instruction; empty where there is none.</summary>
    public IReadOnlyList<string> InnermostLoop(string instruction)
    {
        var labels = new Dictionary<string, int>();
        var loops = new List<(int First, int Last)>();
        for (int i = 0; i < _lines.Length; i++)
        {
            if (Label().Match(_lines[i]) is { Success: true } label)
            {
                labels[label.Groups[1].Value] = i;
            }
            else if (Branch().Match(_lines[i]) is { Success: true } branch && labels.TryGetValue(branch.Groups[1].Value, out int first))
            {
                loops.Add((first, i));
            }
        }

        var innermost = loops.Where(l => !loops.Exists(o => o != l && o.First >= l.First && o.Last <= l.Last));
        return innermost.Select(l => _lines[l.First..(l.Last + 1)]).MaxBy(l => CountIn(l, instruction)) ?? [];
    }

    /// <summary>The instructions without a label or a branch between them that hold most of some instruction.</summary>
    public IReadOnlyList<string> StraightRun(string instruction)
    {
        var runs = new List<List<string>> { new() };
        foreach (string line in _lines)
        {
            if (Label().IsMatch(line) || Branch().IsMatch(line))
            {
                runs.Add([]);
            }
            else
            {
                runs[^1].Add(line);
            }
        }

        return runs.MaxBy(r => CountIn(r, instruction))!;
    }

    /// <summary>Instructions of a part.</summary>
    public static int CountAll(IEnumerable<string> lines) => lines.Count(l => l.TrimEnd().EndsWith(';') && !l.TrimStart().StartsWith('.'));

    /// <summary>Instructions of a part that begin so.</summary>
    public static int CountIn(IEnumerable<string> lines, string instruction) =>
        lines.Count(l => l.TrimStart().StartsWith(instruction, StringComparison.Ordinal));

    [GeneratedRegex(@"^\s*\.reg\s+\.\w+\s+%\w+<(\d+)>;", RegexOptions.Multiline)]
    private static partial Regex RegisterDeclaration();

    [GeneratedRegex(@"^\s*(L_\w+):")]
    private static partial Regex Label();

    [GeneratedRegex(@"\bbra(?:\.uni)?\s+(L_\w+);")]
    private static partial Regex Branch();
}
