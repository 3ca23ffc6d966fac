using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using IlZo.Gpu.SelfTest;
using IlZo.Kernels.TensorCores;
using ILGPU.Runtime;
using ILGPU.Runtime.Cuda;

namespace IlZo.Gpu.Tests.Ptx;

/// <summary>What NVIDIA's assembler makes of the kernels, as a driver would: no GPU is needed, but the assembler is.</summary>
public partial class AssemblerTests
{
    // Set to write the table anew.
    private const string WriteVariable = "ILZO_WRITE_PTX_TABLE";

    // Other versions come to other figures.
    private const string TableVersion = "12.4";

    // A multiprocessor's, of which a warp takes a multiple of 8 for each thread.
    private const int MultiprocessorRegisters = 65536;

    // Products in bf16x3 hold 64 sums, 16 operands and up to 16 elements of noise in the 128 registers that leave room for a second group.
    // A few addresses are stored before the loop and loaded once in each step: of kernels that are compiled alone up to 4, and up to 17
    // where others came before, which changes the order of a text's instructions. Other kernels spill nothing.
    private const int MostSpilledBytes = 16;
    private const int MostSpilledBytesAfterOthers = 80;

    private static readonly Lazy<IReadOnlyList<(string Name, string Text)>> s_texts = new(Texts);

    [Theory]
    [InlineData("sm_80")]
    [InlineData("sm_90")]
    public void Kernels_are_assembled_without_a_warning_and_fit_their_launches(string architecture)
    {
        PtxAssembler.Require();
        Assert.Empty(Faults(s_texts.Value, architecture, MostSpilledBytes));
    }

    [Theory]
    [InlineData("sm_80")]
    [InlineData("sm_90")]
    public void All_kernels_of_the_self_test_are(string architecture)
    {
        PtxAssembler.Require();
        Assert.SkipUnless(LongTests.Run, "ILZO_TEST_LONG is not 1.");
        using var temp = new TempFolder();
        int count = SelfTestSuite.WriteKernels(temp["all"]);
        var lines = File.ReadLines(temp["all", "index.tsv"]).Select(l => l.Split('\t'));
        var texts = lines.Select(l => (l[1], File.ReadAllText(temp["all", $"{l[0]}.ptx"]))).ToList();
        Assert.Equal(count, texts.Count);
        Assert.Empty(Faults(texts, architecture, MostSpilledBytesAfterOthers));
    }

    [Fact]
    public void Faults_are_seen()
    {
        PtxAssembler.Require();
        string text = s_texts.Value.Single(t => t.Name == "add").Text;
        Assert.Empty(Faults([("add", text)], "sm_90", 0));
        string refused = Regex.Replace(text, @"^\s*ret;", "\tbend;\n$0", RegexOptions.Multiline);
        Assert.Contains("refused", Assert.Single(Faults([("add", refused)], "sm_90", 0)), StringComparison.Ordinal);
        string[] lines = text.Split('\n');
        string limited = string.Join('\n', lines.Select(l => l.Trim() == "{" ? ".maxntid 1024, 1, 1\n.minnctapersm 4\n{" : l));
        Assert.Contains("4096 threads", string.Join('\n', Faults([("add", limited)], "sm_90", 0)), StringComparison.Ordinal);
    }

    [Fact]
    public void The_table_of_evidence_is_what_the_assembler_makes()
    {
        PtxAssembler.Require();
        Assert.SkipUnless(PtxAssembler.ReadsCode, "cuobjdump was not found beside ptxas.");
        Assert.SkipUnless(
            PtxAssembler.Version == TableVersion, $"The table is that of ptxas {TableVersion}; this one is {PtxAssembler.Version}.");
        var table = new StringBuilder();
        table.Append("| kernel | registers | spilled bytes | static shared memory, bytes | instructions | largest loop: instructions, "
            + "HMMA, FFMA, loads and stores of spilled registers |\n");
        table.Append("|---|---|---|---|---|---|\n");
        foreach (var (name, kernel) in Assemble(s_texts.Value, "sm_90", withCode: true))
        {
            var loop = kernel.Code!.LargestLoop;
            string counts = loop.Count == 0
                ? "none"
                : $"{loop.Count}, {MachineCode.CountIn(loop, "HMMA")}, {MachineCode.CountIn(loop, "FFMA")}, "
                    + $"{MachineCode.CountIn(loop, "LDL", "STL")}";
            table.Append(
                CultureInfo.InvariantCulture,
                $"| {name} | {kernel.Registers} | {kernel.SpilledBytes} | {kernel.SharedBytes} | {kernel.Code.All.Count} | {counts} |\n");
        }

        string path = TestData.InRepository("kernels", "sass-sm90.md");
        if (Environment.GetEnvironmentVariable(WriteVariable) is not null)
        {
            File.WriteAllText(path, $"# Kernels as machine code for sm_90\n\nBy ILGPU 1.5.3 and ptxas {TableVersion}; `{WriteVariable}=1 "
                + "dotnet test -c Release tests/IlZo.Gpu.Tests` writes this table anew where\n"
                + "that ptxas is (`AssemblerTests`). A loop is all that lies between a branch back and where it leads, with paths that are "
                + "seldom taken.\n\n" + table);
        }

        Assert.EndsWith("\n\n" + table, File.ReadAllText(path), StringComparison.Ordinal);
    }

    private static List<string> Faults(IReadOnlyList<(string Name, string Text)> texts, string architecture, int mostSpilled)
    {
        var faults = new List<string>();
        foreach (var ((name, text), (_, kernel)) in texts.Zip(Assemble(texts, architecture)))
        {
            if (kernel.Error is not null)
            {
                faults.Add($"{name}: refused: {kernel.Error}");
                continue;
            }

            if (Warning().Match(kernel.Log) is { Success: true } warning)
            {
                faults.Add($"{name}: {warning.Value}");
            }

            int allowed = IsSplitProduct(name) ? mostSpilled : 0;
            if (kernel.StackBytes > allowed || kernel.SpilledBytes > allowed)
            {
                faults.Add($"{name}: {kernel.StackBytes} bytes of local memory, {kernel.SpilledBytes} of them spilled");
            }

            int threads = Threads(text);
            int registers = (kernel.Registers + 7) / 8 * 8;
            if (registers * threads > MultiprocessorRegisters)
            {
                faults.Add($"{name}: {kernel.Registers} registers, too many for {threads} threads");
            }
        }

        return faults;
    }

    private static List<(string Name, AssembledKernel Kernel)> Assemble(
        IReadOnlyList<(string Name, string Text)> texts, string architecture, bool withCode = false) =>
        [.. texts.AsParallel().AsOrdered().Select(t => (t.Name, PtxAssembler.Assemble(t.Text, Target(t.Text, architecture), withCode)))];

    // Instructions of warpgroups are for sm_90a alone.
    private static string Target(string text, string architecture) =>
        text.Contains(".target sm_90a", StringComparison.Ordinal) ? "sm_90a" : architecture;

    private static bool IsSplitProduct(string name) =>
        name.StartsWith("tensor linear in bf16x3", StringComparison.Ordinal)
        || (name.StartsWith("TensorLinear.Run", StringComparison.Ordinal)
            && name.Contains(nameof(SplitOperands), StringComparison.Ordinal));

    // Threads that a multiprocessor is to hold at once: as the text says, or one group of those that launches have.
    private static int Threads(string text) => Limits().Match(text) is { Success: true } limits
        ? int.Parse(limits.Groups[1].Value, CultureInfo.InvariantCulture) * int.Parse(limits.Groups[2].Value, CultureInfo.InvariantCulture)
        : LaunchShape.Gpu.Threads;

    // Each by itself: the order of a text's instructions may depend on what was compiled before it.
    private static IReadOnlyList<(string Name, string Text)> Texts() =>
        [.. KernelList.All.AsParallel().AsOrdered().Select(k => (k.Name, PtxText.Of(
            k.Kernel, CudaArchitecture.SM_90, CudaInstructionSet.ISA_80, KernelList.Limits(k.Kernel)).Text))];

    [GeneratedRegex("^.*warning.*$", RegexOptions.Multiline)]
    private static partial Regex Warning();

    [GeneratedRegex(@"\.maxntid (\d+).*\n\s*\.minnctapersm (\d+)")]
    private static partial Regex Limits();
}
