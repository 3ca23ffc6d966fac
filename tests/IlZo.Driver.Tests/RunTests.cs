using System.Text.Json;

namespace IlZo.Driver.Tests;

/// <summary>Trainings and benchmarks whose kernels do nothing: what the host does around them.</summary>
public sealed class RunTests
{
    private static readonly string[] s_train =
    [
        "train", "--allow-worse", "--steps", "4", "--batch-size", "2", "--train-size", "16", "--dev-size", "4", "--test-size", "4",
        "--eval-every", "2", "--device", "cuda:0", "--json",
    ];

    // What a step hands out: the pass, losses, directions, the estimate and the record. 944 bytes were found for all shapes with biases
    // before a pass was an object, which takes some 130; the runtime may add something of its own.
    private const long RecordBytes = 1152;

    private const int Few = 20;

    // Benchmarks of steps by shape and number, each run once.
    private static readonly Dictionary<(string Shape, int Steps), (IReadOnlyDictionary<string, long> Calls, long Bytes)> s_steps = [];

    // The same training without a fault.
    private static readonly Lazy<(string Sha256, byte[] Log)> s_whole = new(() =>
    {
        using var temp = new TempFolder();
        string sha256 = StandIn.Run([], [.. s_train, "--run", temp["whole"]]).Json.GetProperty("weights_sha256").GetString()!;
        return (sha256, File.ReadAllBytes(Path.Combine(temp["whole"], "trajectory.bin")));
    });

    // A fault, and the checks that are run: all of them take minutes.
    public static TheoryData<string, string> SelfTests =>
    [
        .. LongTests.Of<(string, string Only)>(
            [
                ("REFUSE=.entry Kernel_Attention", "float32, in bf16"),
                ("FAIL=kernel:50:700", "float32, in bf16"),
                ("REFUSE=.entry Kernel_Attention", ","),
                ("FAIL=kernel:2000:700", ","),
            ],
            c => c.Only != ","),
    ];

    // A device that is lost while it computes, memory that is not there, a kernel that is refused; and calls that tell of a lost device.
    public static TheoryData<string> Ends =>
    [
        "FAIL=kernel:900:700",
        "FAIL=cuMemAlloc_v2:103:2",
        "REFUSE=.entry Kernel_Update",
        .. LongTests.Of(
            ["FAIL=cuLaunchKernel:900:719:lost", "FAIL=cuStreamSynchronize:80:999:lost", "FAIL=cuMemcpyAsync:150:214:lost"], _ => false),
    ];

    [Theory]
    [MemberData(nameof(SelfTests))]
    public void A_self_test_goes_on_after_a_fault(string fault, string only)
    {
        var outcome = StandIn.Run([fault], "selftest", "--device", "cuda:0", "--only", only, "--json");
        Assert.Equal(1, outcome.ExitCode);
        var lines =
            outcome.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(l => JsonDocument.Parse(l).RootElement).ToList();
        Assert.Contains(
            lines, l => l.TryGetProperty("error", out var error) && error.GetString()!.StartsWith("cuda:0 ", StringComparison.Ordinal));
        Assert.Equal(lines.Count, lines.Select(l => l.GetProperty("check").GetString()).Distinct().Count());
        Assert.Contains(lines, l => l.GetProperty("check").GetString() == "products, float32, in bf16");
        Assert.Equal(fault.StartsWith("FAIL", StringComparison.Ordinal), lines[^1].TryGetProperty("error", out var last)
            && last.GetString()!.StartsWith("not run, for the device is lost since '", StringComparison.Ordinal));
    }

    // Kernels change nothing, so weights end as they began, though all layers went to the device and back.
    [Fact]
    public void A_training_whose_layers_come_in_each_pass_ends_as_with_all_of_them_on_the_device()
    {
        using var temp = new TempFolder();
        string[] train = [.. s_train, "--model", TestData.Path("models", "stories260K")];
        (string Sha256, string Log, long Copies) Train(string run, params string[] more)
        {
            var (outcome, calls) = StandIn.Count([.. train, "--run", temp[run], .. more]);
            return (
                outcome.Json.GetProperty("weights_sha256").GetString()!,
                Convert.ToHexString(File.ReadAllBytes(temp[run, "trajectory.bin"])), calls["cuMemcpyAsync"]);
        }

        var kept = Train("kept");
        var often = Train("often", "--weight-memory", "0", "--write-every", "1");
        var some = Train("some", "--weight-memory", "300KB", "--write-every", "2");
        Assert.Equal((kept.Sha256, kept.Log), (often.Sha256, often.Log));
        Assert.Equal((kept.Sha256, kept.Log), (some.Sha256, some.Log));
        Assert.True(often.Copies > some.Copies && some.Copies > kept.Copies);
    }

    // A copy that fails beside other work is told where its layer is needed. When the device is lost with it, that work may be what finds
    // out first.
    [Theory]
    [InlineData("FAIL=cuMemcpyAsync:250:214", @"^ilzo: cuda:0 did not copy .*; 'ilzo train --run "".*"" --resume' continues ")]
    [InlineData(
        "FAIL=cuMemcpyAsync:250:214:lost", @"^ilzo: cuda:0 did not (copy|finish|launch) .*; 'ilzo train --run "".*"" --resume' continues ")]
    [InlineData("FAIL=cuStreamCreate:1:2", @"^ilzo: cuda:0 did not make a stream: CUDA_ERROR_OUT_OF_MEMORY")]
    public void A_device_that_fails_while_layers_come_ends_the_training_with_a_sentence(string fault, string sentence)
    {
        using var temp = new TempFolder();
        string[] memory = ["--model", TestData.Path("models", "stories260K"), "--weight-memory", "0", "--run", temp["run"]];
        var failed = StandIn.Run([fault], [.. s_train, .. memory]);
        Assert.Equal(1, failed.ExitCode);
        Assert.Matches(sentence, failed.Errors.Split('\n', StringSplitOptions.RemoveEmptyEntries)[^1]);
    }

    [Theory]
    [MemberData(nameof(Ends))]
    public void A_training_that_the_device_ends_is_continued_to_the_same_log(string fault)
    {
        using var temp = new TempFolder();
        var failed = StandIn.Run([fault], [.. s_train, "--run", temp["run"]]);
        Assert.Equal(1, failed.ExitCode);
        Assert.Empty(failed.Output);
        string last = failed.Errors.Split('\n', StringSplitOptions.RemoveEmptyEntries)[^1];
        Assert.Matches(@"^ilzo: cuda:0 (did not|refuses) .*; 'ilzo train --run "".*"" --resume' continues the run\.$", last);
        var continued = StandIn.Run([], [.. s_train, "--run", temp["run"], "--resume"]).Json;
        Assert.Equal(4, continued.GetProperty("steps").GetInt32());
        Assert.Equal(s_whole.Value.Sha256, continued.GetProperty("weights_sha256").GetString());
        Assert.Equal(s_whole.Value.Log, File.ReadAllBytes(Path.Combine(temp["run"], "trajectory.bin")));
    }

    [Fact]
    public void A_training_whose_losses_are_no_numbers_fails_and_says_so()
    {
        using var temp = new TempFolder();
        var outcome = StandIn.Run(["FILL=255"], [.. s_train.Where(a => a != "--allow-worse"), "--run", temp["run"]]);
        Assert.Equal(1, outcome.ExitCode);
        Assert.Contains(
            "ilzo: all steps were skipped because no loss was finite: the initial weights are kept", outcome.Errors,
            StringComparison.Ordinal);
    }

    // What is allocated is allocated in the first step: on the device, and of the host's memory what is locked in its place.
    [Fact]
    public void Steps_after_the_first_take_no_memory()
    {
        var (one, few) = (Step("opt-tiny", 1), Step("opt-tiny", Few));
        foreach (string function in (string[])[
            "cuMemAlloc_v2", "cuMemFree_v2", "cuMemHostRegister_v2", "cuModuleLoadDataEx", "cuCtxCreate_v2",
        ])
        {
            Assert.Equal(one.Calls[function], few.Calls[function]);
        }

        Assert.DoesNotContain("cuMemAllocHost_v2", few.Calls.Keys);
        Assert.Equal(0, few.Calls["kept"]);
    }

    // What a step hands out is all that the collector has to clear away, with any model. The runtime's own threads may add to it.
    [Theory]
    [InlineData("opt-tiny")]
    [InlineData("opt-125m")]
    [InlineData("llama-tiny")]
    [InlineData("gpt2-tiny")]
    public void A_step_takes_no_more_of_the_managed_heap_than_its_record(string shape) =>
        Assert.InRange(Step(shape, Few).AllocatedBytes, 0, RecordBytes);

    [Theory]
    [InlineData("score", "--text", "A film")]
    [InlineData("generate", "--prompt", "A film", "--max-new-tokens", "3")]
    public void Nothing_is_kept_on_the_device_when_a_command_ends(params string[] command)
    {
        var (outcome, calls) = StandIn.Count([.. command, "--device", "cuda:0"]);
        Assert.Equal(0, outcome.ExitCode);
        Assert.Equal(0, calls["kept"]);
        Assert.Equal(calls["cuModuleLoadDataEx"], calls["cuModuleUnload"]);
        Assert.Equal(calls["cuMemHostRegister_v2"], calls["cuMemHostUnregister"]);
    }

    private static (IReadOnlyDictionary<string, long> Calls, long AllocatedBytes) Step(string shape, int steps)
    {
        if (s_steps.TryGetValue((shape, steps), out var known))
        {
            return known;
        }

        var (outcome, calls) = StandIn.Count(
            "bench", "step", "--device", "cuda:0", "--shape", shape, "--batch", "2", "--seq", "8", "--steps", $"{steps}", "--json");
        using var json = JsonDocument.Parse(outcome.Success);
        return s_steps[(shape, steps)] = (calls, json.RootElement.GetProperty("allocated_bytes_per_step").GetInt64());
    }
}
