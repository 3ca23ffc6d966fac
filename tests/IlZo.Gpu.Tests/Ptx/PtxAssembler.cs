using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;

namespace IlZo.Gpu.Tests.Ptx;

/// <summary>What NVIDIA's assembler makes of a kernel.</summary>
/// <param name="Log">All that it said.</param>
/// <param name="Error">Why it refused the text, or null.</param>
/// <param name="Registers">Registers of a thread.</param>
/// <param name="StackBytes">Memory of a thread.</param>
/// <param name="SpilledBytes">Bytes of registers that it stores there.</param>
/// <param name="SharedBytes">Shared memory of a group besides what a launch asks for.</param>
/// <param name="Code">The machine code, or null where it was not asked for.</param>
public sealed record AssembledKernel(
    string Log, string? Error, int Registers, int StackBytes, int SpilledBytes, int SharedBytes, MachineCode? Code);

/// <summary>
/// NVIDIA's assembler: the program that ILZO_PTXAS names, or the <c>ptxas</c> of the PATH. Tests are skipped where there is none.
/// </summary>
public static partial class PtxAssembler
{
    private const string Variable = "ILZO_PTXAS";

    private static readonly string? s_program = Find();
    private static readonly string? s_reader = s_program is null ? null : Beside(s_program, "cuobjdump");

    /// <summary>Its version, as 12.4.</summary>
    public static string Version => Release().Match(Run(Require(), "--version").Log).Groups[1].Value;

    /// <summary>Whether the program that reads machine code lies beside it.</summary>
    public static bool ReadsCode => s_reader is not null;

    /// <summary>The program; without it, the test is skipped.</summary>
    public static string Require()
    {
        Assert.SkipWhen(
            s_program is null,
            $"ptxas was not found on the PATH, nor does {Variable} name it: it comes with NVIDIA's CUDA toolkit (Debian's package "
            + "nvidia-cuda-toolkit).");
        return s_program!;
    }

    /// <summary>Assembles a kernel.</summary>
    /// <param name="text">Its text.</param>
    /// <param name="architecture">What for, as sm_90.</param>
    /// <param name="withCode">Whether to read the machine code, which takes longer than to make it.</param>
    public static AssembledKernel Assemble(string text, string architecture, bool withCode = false)
    {
        using var temp = new TempFolder();
        File.WriteAllText(temp["kernel.ptx"], text);
        var (code, log) = Run(Require(), $"-arch={architecture}", "-v", temp["kernel.ptx"], "-o", temp["kernel.cubin"]);
        if (code != 0)
        {
            return new AssembledKernel(log, log.Split('\n')[0], 0, 0, 0, 0, null);
        }

        var read = withCode ? MachineCode.Parse(Run(s_reader!, "-sass", temp["kernel.cubin"]).Log) : null;
        return new AssembledKernel(
            log, null, Number(UsedRegisters(), log), Number(Stack(), log), Number(Spills(), log), Number(Shared(), log), read);
    }

    private static int Number(Regex pattern, string log) =>
        pattern.Matches(log).Sum(m => int.Parse(m.Groups[1].Value, CultureInfo.InvariantCulture));

    private static (int Code, string Log) Run(string program, params string[] args)
    {
        var start = new ProcessStartInfo(program, args) { RedirectStandardOutput = true, RedirectStandardError = true };
        using var process = Process.Start(start)!;
        var errors = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, errors.GetAwaiter().GetResult() + output);
    }

    private static string? Find() => Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } named
        ? named
        : (Environment.GetEnvironmentVariable("PATH") ?? string.Empty).Split(Path.PathSeparator)
            .Select(f => InFolder(f, "ptxas")).FirstOrDefault(p => p is not null);

    // A program that the variable names without a folder is looked for by the system.
    private static string? Beside(string program, string name) =>
        Path.GetDirectoryName(program) is { Length: > 0 } folder ? InFolder(folder, name) : null;

    private static string? InFolder(string folder, string name)
    {
        string path = Path.Combine(folder, OperatingSystem.IsWindows() ? $"{name}.exe" : name);
        return File.Exists(path) ? path : null;
    }

    [GeneratedRegex(@"release (\d+\.\d+)")]
    private static partial Regex Release();

    [GeneratedRegex(@"Used (\d+) registers")]
    private static partial Regex UsedRegisters();

    [GeneratedRegex(@"(\d+) bytes stack frame")]
    private static partial Regex Stack();

    [GeneratedRegex(@"(\d+) bytes spill stores")]
    private static partial Regex Spills();

    [GeneratedRegex(@"(\d+) bytes smem")]
    private static partial Regex Shared();
}
