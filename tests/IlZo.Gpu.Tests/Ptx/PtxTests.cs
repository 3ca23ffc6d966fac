using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using ILGPU.Runtime.Cuda;

namespace IlZo.Gpu.Tests.Ptx;

/// <summary>
/// What ILGPU makes of the kernels, read as text: no assembler and no GPU is needed. The driver refuses functions that are only declared,
/// and numbers of 64 bits (but for sums, whose names say so) and memory of a thread's own would make a kernel many times slower.
/// </summary>
public partial class PtxTests
{
    // Set to write the table anew.
    private const string WriteVariable = "ILZO_WRITE_PTX_TABLE";

    // Each is compiled once: its text does not depend on what was compiled before it (StableTextTests).
    private static readonly Dictionary<string, Lazy<PtxText>> s_texts =
        KernelList.All.ToDictionary(k => k.Name, k => new Lazy<PtxText>(() => PtxText.Of(k.Kernel)));

    public static TheoryData<string> Names => [.. KernelList.All.Select(k => k.Name)];

    public static TheoryData<string> NamesForNewerGpus =>
        [.. LongTests.Of(KernelList.All.Select(k => k.Name), n => n.StartsWith("tensor linear in fp16", StringComparison.Ordinal))];

    public static TheoryData<string> TensorNames =>
        [.. KernelList.All.Select(k => k.Name).Where(n => n.StartsWith("tensor linear", StringComparison.Ordinal))];

    [Theory]
    [MemberData(nameof(Names))]
    public void A_kernel_has_nothing_that_a_gpu_would_refuse_or_be_slow_at(string name)
    {
        var ptx = Of(name);
        Assert.DoesNotContain(".extern .func", ptx.Text, StringComparison.Ordinal);
        Assert.Equal(name.Contains("fp64", StringComparison.Ordinal), DoublePrecision().IsMatch(ptx.Text));
        Assert.DoesNotContain(".local", ptx.Text, StringComparison.Ordinal);
        Assert.DoesNotMatch(Call(), ptx.Text);
    }

    // 16 results of 16 by 8 for each warp: in bf16x3 three products each, of 8 fragments of weights, else one, of 4. x in 16 or in 8 bytes
    // a thread and row; 16 bytes a copy, for x in the loop, for weights before it too unless they are in blocks.
    [Theory]
    [MemberData(nameof(TensorNames))]
    public void A_step_on_tensor_cores_is_one_run_of_instructions_on_registers(string name)
    {
        var ptx = Of(name);
        var step = ptx.StraightRun("mma.sync");
        bool isSplit = name.StartsWith("tensor linear in bf16x3", StringComparison.Ordinal);
        string type = name.StartsWith("tensor linear in fp16", StringComparison.Ordinal) ? "f16" : "bf16";
        int products = isSplit ? 48 : 16;
        Assert.Equal(products, PtxText.CountIn(step, $"mma.sync.aligned.m16n8k16.row.col.f32.{type}.{type}.f32"));
        Assert.Equal(isSplit ? 8 : 4, PtxText.CountIn(step, "ldmatrix.sync.aligned.m8n8.x4"));
        Assert.Equal(4, PtxText.CountIn(step, isSplit ? "ld.shared.v4.f32" : "ld.shared.v2.b32"));
        Assert.Equal(0, PtxText.CountIn(step, "st."));
        Assert.Equal(products, ptx.Count("mma.sync"));
        bool isBlocked = name.Contains(", q", StringComparison.Ordinal);
        Assert.Equal((isSplit ? 6 : 4) - (isBlocked ? 2 : 0), ptx.Count("cp.async.cg.shared.global"));
    }

    // A driver takes the newest version that it and ILGPU know, for the device's own architecture.
    [Theory]
    [MemberData(nameof(NamesForNewerGpus))]
    public void Newer_gpus_are_given_the_same_instructions(string name)
    {
        var kernel = KernelList.All.Single(k => k.Name == name).Kernel;
        string expected = Instructions(Of(name));
        Assert.Equal(expected, Instructions(PtxText.Of(kernel, CudaArchitecture.SM_90, CudaInstructionSet.ISA_88)));
        Assert.Equal(expected, Instructions(PtxText.Of(kernel, CudaArchitecture.SM_120, CudaInstructionSet.ISA_88)));
    }

    [Fact]
    public void The_table_of_evidence_is_what_the_compiler_makes()
    {
        var table = new StringBuilder();
        table.Append("| kernel | instructions | declared registers | innermost loop with most fma: instructions, fma, loads from shared "
            + "memory | bar.sync | mma.sync, ldmatrix, cp.async |\n");
        table.Append("|---|---|---|---|---|---|\n");
        foreach (var (name, _) in KernelList.All)
        {
            var ptx = Of(name);
            var loop = ptx.InnermostLoop("fma.rn.f32");
            int fma = PtxText.CountIn(loop, "fma.rn.f32");
            string inner = fma == 0 ? "none" : $"{PtxText.CountAll(loop)}, {fma}, {PtxText.CountIn(loop, "ld.shared")}";
            string tensor = ptx.Count("mma.sync") == 0
                ? "none"
                : $"{ptx.Count("mma.sync")}, {ptx.Count("ldmatrix")}, {ptx.Count("cp.async")}";
            int instructions = PtxText.CountAll(ptx.Text.Split('\n'));
            table.Append(
                CultureInfo.InvariantCulture,
                $"| {name} | {instructions} | {ptx.Registers} | {inner} | {ptx.Count("bar.sync")} | {tensor} |\n");
        }

        string path = Path.Combine(TestData.Path(), "..", "..", "kernels", "ptx-sm80.md");
        if (Environment.GetEnvironmentVariable(WriteVariable) is not null)
        {
            File.WriteAllText(path, $"# Kernels as PTX for sm_80\n\nBy ILGPU 1.5.3; `{WriteVariable}=1 dotnet test -c Release "
                + $"tests/IlZo.Gpu.Tests` writes this table anew.\n\n{table}");
        }

        Assert.EndsWith("\n\n" + table, File.ReadAllText(path), StringComparison.Ordinal);
    }

    private static PtxText Of(string name) => s_texts[name].Value;

    // Without the version, the target, and the numbers that the compiler gives to names.
    private static string Instructions(PtxText ptx) =>
        NumberOfName().Replace(ptx.Text[ptx.Text.IndexOf(".address_size", StringComparison.Ordinal)..], "_");

    [GeneratedRegex(@"_\d+")]
    private static partial Regex NumberOfName();

    [GeneratedRegex(@"\.f64\b")]
    private static partial Regex DoublePrecision();

    [GeneratedRegex(@"^\s*call", RegexOptions.Multiline)]
    private static partial Regex Call();
}
