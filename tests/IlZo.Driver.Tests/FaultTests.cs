namespace IlZo.Driver.Tests;

/// <summary>
/// What a user reads where a driver fails: one sentence that names the kernel or the size, and the exit code of work that failed.
/// </summary>
public sealed class FaultTests
{
    private const string Kernel = @"[A-Z]\w+\.\w+(<[\w, <>]+>)?";

    private static readonly string[] s_score = ["score", "--text", "A film", "--device", "cuda:0", "--json"];

    // The same command without a fault.
    private static readonly Lazy<(Outcome Outcome, IReadOnlyDictionary<string, long> Calls)> s_whole = new(() => StandIn.Count(s_score));

    private static readonly string[] s_always =
        ["cuCtxSetCurrent", "cuMemHostUnregister", "cuModuleUnload", "cuMemFree_v2", "cuCtxDestroy_v2", "cuLaunchKernel"];

    // The faults of a device that works: call, error, sentence.
    public static TheoryData<string, string> Faults => new()
    {
        {
            "FAIL=cuModuleLoadDataEx:2:218",
            $@"^cuda:0 refuses the kernel {Kernel}: CUDA_ERROR_INVALID_PTX \(a PTX JIT compilation failed\)\.$"
        },
        {
            "FAIL=cuModuleLoadDataEx:1:222",
            $@"^cuda:0 refuses the kernel {Kernel}: 222 \(the provided PTX was compiled with an unsupported toolchain\)\.$"
        },
        { "FAIL=cuModuleGetFunction:1:500", $@"^cuda:0 refuses the kernel {Kernel}: CUDA_ERROR_NOT_FOUND \(named symbol not found\)\.$" },
        {
            "REFUSE=mma.sync",
            @"^cuda:0 refuses the kernel TensorLinear\.Run<F16Format, NoDirection, OneProbe, SplitOperands, "
                + @"OutInOrder, \w+>: CUDA_ERROR_INVALID_PTX \(a PTX JIT compilation failed\), ptxas application ptx input, "
                + @"line 273; error .* requires \.target sm_90a or higher\.$"
        },
        {
            "FAIL=cuLaunchKernel:3:701",
            $@"^cuda:0 did not launch {Kernel} in \d+ x \d+ x \d+ groups of \d+ threads with [\d,]+ bytes of shared "
                + @"memory: CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES \(too many resources requested for launch\)\.$"
        },
        {
            "FAIL=cuLaunchKernel:4:719:lost",
            $@"^cuda:0 did not launch {Kernel} in .*: CUDA_ERROR_LAUNCH_FAILED \(unspecified launch failure\)\.$"
        },
        {
            "FAIL=kernel:5:700",
            $@"^cuda:0 did not .* after {Kernel}: CUDA_ERROR_ILLEGAL_ADDRESS \(an illegal memory access was "
                + $@"encountered\)\.$|^cuda:0 did not launch {Kernel} .*: CUDA_ERROR_ILLEGAL_ADDRESS .*\.$"
        },
        {
            "FAIL=cuStreamSynchronize:1:999:lost",
            @"^cuda:0 did not finish its work: CUDA_ERROR_UNKNOWN \(unknown error\)\. CUDA_LAUNCH_BLOCKING=1 in the "
                + @"environment finds the kernel\.$"
        },
        {
            "FAIL=cuMemcpyAsync:2:214:lost",
            @"^cuda:0 did not copy [\d,]+ bytes.*: CUDA_ERROR_ECC_UNCORRECTABLE \(uncorrectable ECC error encountered\)\.$"
        },
        {
            "FAIL=cuMemHostRegister_v2:1:2",
            @"^cuda:0 did not give [\d,]+ bytes of the host's memory, locked in its place, for the weights: "
                + @"CUDA_ERROR_OUT_OF_MEMORY \(out of memory\)\.$"
        },
        { "FAIL=cuCtxCreate_v2:1:46", @"^cuda:0 cannot be opened: \w+ \(CUDA-capable device\(s\) is/are busy or unavailable\)\.$" },
        { "FAIL=cuMemGetInfo_v2:1:999", @"^cuda:0 cannot be opened: CUDA_ERROR_UNKNOWN \(unknown error\)\.$" },
    };

    public static TheoryData<string, string> FaultsOfTheDriver => new()
    {
        {
            "FAIL=cuInit:1:803:lost",
            "^There is no cuda:0: the NVIDIA driver does not start, for 803 \\(system has unsupported display driver "
                + "/ cuda driver combination\\)\\.$"
        },
        {
            "FAIL=cuInit:1:100:lost",
            "^There is no cuda:0: the NVIDIA driver does not start, for CUDA_ERROR_NO_DEVICE \\(no CUDA-capable device is detected\\)\\.$"
        },
        {
            "FAIL=cuDeviceGetCount:1:999:lost",
            "^There is no cuda:0: the NVIDIA driver counts no GPUs, for CUDA_ERROR_UNKNOWN \\(unknown error\\)\\.$"
        },
        { "FAIL=cuDeviceGetName:1:999", "^There is no cuda:0: the NVIDIA driver counts GPUs and does not describe them\\.$" },
        { "FAIL=cuDeviceGetAttribute:3:999", "^There is no cuda:0: the NVIDIA driver counts GPUs and does not describe them\\.$" },
    };

    // The calls of a run, the first, one in the middle, and the last of each function.
    public static TheoryData<string, int> Calls =>
        [.. LongTests.Of(AllCalls(), c => c.Part == 1 && s_always.Contains(c.Function)).Select(c => (c.Function, c.Part))];

    [Theory]
    [MemberData(nameof(Faults))]
    public void A_fault_of_the_device_is_one_sentence(string fault, string sentence) =>
        Assert.Matches(sentence, StandIn.Run([fault], s_score).Refusal(1));

    // Products of the stand-in are what its memory is filled with.
    [Theory]
    [InlineData("REFUSE=sm_90a", @"^cuda:0 refuses the kernel OperandProduct\.Run<SplitOperands, WarpgroupSums, Identity>: CUDA_ERROR_\w+")]
    [InlineData("FILL=63", @"^cuda:0 computes other products by warpgroups than the CPU: .*; without ILZO_WGMMA they are not used\.$")]
    public void Products_of_warpgroups_are_tried_where_they_are_asked_for(string setting, string sentence)
    {
        Assert.Matches(sentence, StandIn.Run(["ILZO_WGMMA=1", setting], s_score).Refusal(1));
        Assert.Equal(s_whole.Value.Outcome.Success, StandIn.Run(["ILZO_WGMMA=0", setting], s_score).Success);
    }

    [Theory]
    [MemberData(nameof(FaultsOfTheDriver))]
    public void A_driver_that_does_not_start_is_why_there_is_no_gpu(string fault, string sentence) =>
        Assert.Matches(sentence, StandIn.Run([fault], s_score).Refusal(2));

    [Fact]
    public void A_driver_that_does_not_start_is_told_with_the_devices() =>
        Assert.Contains(
            "the NVIDIA driver does not start, for 803",
            StandIn.Run(["FAIL=cuInit:1:803:lost"], "devices").Success,
            StringComparison.Ordinal);

    [Theory]
    [MemberData(nameof(Calls))]
    public void A_device_that_is_lost_at_any_call_is_one_sentence_or_no_longer_needed(string function, int part)
    {
        long call = Math.Max(1, s_whole.Value.Calls[function] * part / 2);
        var outcome = StandIn.Run([$"FAIL={function}:{call}:999:lost"], s_score);
        if (outcome.ExitCode != 0)
        {
            Assert.Matches(
                @"^(cuda:0 (did not|refuses|cannot)|There is no cuda:0: the NVIDIA driver) .*\.$", outcome.Refusal(outcome.ExitCode));
            Assert.InRange(outcome.ExitCode, 1, 2);
            return;
        }

        Assert.Equal(s_whole.Value.Outcome.Success, outcome.Success);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(20)]
    [InlineData(40)]
    public void Memory_that_the_driver_does_not_give_is_named_with_its_size(int allocation)
    {
        Assert.InRange(allocation, 1, s_whole.Value.Calls["cuMemAlloc_v2"]);
        Assert.Matches(
            @"^cuda:0 did not give [\d,]+ bytes of memory for the (tables|weights|arrays of a pass|activations of a batch)[^:]*: "
            + @"CUDA_ERROR_OUT_OF_MEMORY \(out of memory\)\.$",
            StandIn.Run([$"FAIL=cuMemAlloc_v2:{allocation}:2"], s_score).Refusal(1));
    }

    [Fact]
    public void The_drivers_log_is_shown_where_it_is_asked_for()
    {
        Assert.Single(StandIn.Run(["REFUSE=mma.sync"], s_score).Errors, '\n');
        var outcome = StandIn.Run(["REFUSE=mma.sync", "ILZO_DEBUG=1"], s_score);
        Assert.Equal(1, outcome.ExitCode);
        Assert.EndsWith(
            "requires .target sm_90a or higher\nptxas fatal   : Ptx assembly aborted due to errors\n",
            outcome.Errors,
            StringComparison.Ordinal);
        Assert.Contains("ILGPU.Runtime.Cuda.CudaException", outcome.Errors, StringComparison.Ordinal);
    }

    private static IEnumerable<(string Function, int Part)> AllCalls() =>
        ((string[])
        [
            "cuInit", "cuDeviceGetCount", "cuDeviceGet", "cuDeviceGetName", "cuDeviceGetAttribute", "cuDriverGetVersion",
            "cuDeviceTotalMem_v2", "cuCtxCreate_v2", "cuCtxSetCurrent",
            "cuCtxGetSharedMemConfig", "cuCtxGetCacheConfig", "cuMemGetInfo_v2", "cuMemAlloc_v2", "cuMemcpyAsync", "cuStreamSynchronize",
            "cuMemHostRegister_v2",
            "cuMemHostUnregister", "cuModuleLoadDataEx", "cuModuleGetFunction", "cuLaunchKernel", "cuMemFree_v2", "cuModuleUnload",
            "cuCtxDestroy_v2",
        ]).SelectMany(f => ((int[])[0, 1, 2]).Select(part => (f, part)));
}
