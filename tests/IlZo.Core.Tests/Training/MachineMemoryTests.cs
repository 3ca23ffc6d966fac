using IlZo.Backends;
using IlZo.Core.Tests.Models;
using IlZo.Models;
using IlZo.Tensors;
using IlZo.Training;
using Xunit;

namespace IlZo.Core.Tests.Training;

/// <summary>What Linux's files say about memory.</summary>
public sealed class MachineMemoryTests
{
    private const string MemInfo =
        "MemTotal:       16000 kB\nMemFree:         1000 kB\nMemAvailable:    8000 kB\nSwapFree:        2000 kB\n";

    [Fact]
    public void Free_memory_can_be_had_and_swap_at_most()
    {
        var limit = Assert.Single(Read(new() { ["/proc/meminfo"] = MemInfo }).Limits);
        Assert.Equal((8000 * 1024, 10000 * 1024, false), (limit.Free, limit.Most, limit.CountsFiles));
    }

    [Fact]
    public void A_control_group_of_version_2_and_those_above_it_have_limits_from_which_idle_files_do_not_take()
    {
        var limits = Read(new()
        {
            ["/proc/meminfo"] = MemInfo,
            ["/proc/self/cgroup"] = "0::/a/b\n",
            ["/sys/fs/cgroup/a/b/memory.max"] = "max\n",
            ["/sys/fs/cgroup/a/b/memory.current"] = "100\n",
            ["/sys/fs/cgroup/a/memory.max"] = "5000\n",
            ["/sys/fs/cgroup/a/memory.current"] = "2000\n",
            ["/sys/fs/cgroup/a/memory.stat"] = "anon 700\ninactive_file 1200\nactive_file 100\n",
        }).Limits;
        Assert.Equal(2, limits.Count);
        Assert.Equal((4200L, 4200 + (2000L * 1024)), (limits[1].Free, limits[1].Most));
    }

    [Fact]
    public void A_control_group_of_version_1_is_found_by_its_controller_and_in_a_container_at_the_mount()
    {
        var limits = Read(new()
        {
            ["/proc/self/cgroup"] = "5:cpu,cpuacct:/x\n4:memory:/docker/12ab\n0::/\n",
            ["/sys/fs/cgroup/memory/memory.limit_in_bytes"] = "3000\n",
            ["/sys/fs/cgroup/memory/memory.usage_in_bytes"] = "1000\n",
            ["/sys/fs/cgroup/memory/memory.stat"] = "inactive_file 1\ntotal_inactive_file 400\n",
        }).Limits;
        var limit = Assert.Single(limits);
        Assert.Equal(2400, limit.Free);
    }

    [Theory]
    [InlineData("4096000", 4096000L - (1024 * 1000))]
    [InlineData("unlimited", null)]
    public void A_limit_of_the_address_space_counts_what_is_mapped(string soft, long? free)
    {
        var limits = Read(new()
        {
            ["/proc/self/limits"] = "Limit                     Soft Limit           Hard Limit           Units     \nMax address space    "
                + $"     {soft}              unlimited            bytes     \n",
            ["/proc/self/status"] = "Name:\tx\nVmSize:\t    1000 kB\n",
        }).Limits;
        Assert.Equal(free, limits.Select(l => (long?)l.Free).SingleOrDefault());
        Assert.All(limits, l => Assert.True(l.CountsFiles));
    }

    [Fact]
    public void Nothing_is_known_where_there_are_no_files_and_numbers_are_out_of_order()
    {
        Assert.Empty(Read([]).Limits);
        Assert.Empty(Read(new()
        {
            ["/proc/meminfo"] = "MemAvailable: lots\n",
            [
            "/proc/self/cgroup"] = "x\n::\n",
            ["/proc/self/limits"] = "Max address space"
        }).Limits);
    }

    [Theory]
    [InlineData(1000, MemoryVerdict.Fits)]
    [InlineData(899, MemoryVerdict.Tight)]
    [InlineData(799, MemoryVerdict.Exceeds)]
    public void The_verdict_follows_the_rule(long perMille, MemoryVerdict expected)
    {
        using var fixture = new ForwardFixture("opt-tiny");
        var predicted = TrainingMemory.Predict(fixture.Model, null, new TrainingOptions(), 4, 16, DeviceKind.Cpu);
        long all = predicted.Total - predicted.Runtime;
        long free = (long)(all / 0.9 * perMille / 1000) + 1;
        long most = perMille < 800 ? all - 1 : all;
        var finding = MemoryFinding.Of(predicted, new MachineMemory([new("plenty", long.MaxValue, long.MaxValue), new("it", free, most)]));
        Assert.Equal((expected, "it"), (finding.Verdict, finding.Limit!.Name));
        var error = Record.Exception(finding.RequirePossible);
        Assert.Equal(expected == MemoryVerdict.Exceeds, error is InvalidInputException);
        Assert.Equal(MemoryVerdict.Fits, MemoryFinding.Of(predicted, new([])).Verdict);
    }

    [Fact]
    public void Frozen_weights_in_a_file_can_be_dropped_but_not_from_the_address_space()
    {
        using var fixture = new ForwardFixture("opt-tiny");
        fixture.Model.Parameters.Train(p => p.Name.EndsWith("bias", StringComparison.Ordinal));
        var predicted = TrainingMemory.Predict(fixture.Model, null, new TrainingOptions(), 1, 1, DeviceKind.Cpu);
        Assert.Equal(fixture.Model.Parameters.All.Where(p => !p.IsTrained).Sum(p => p.ByteCount), predicted.InFile);
        long all = predicted.Total - predicted.Runtime;
        long kept = all - predicted.InFile;
        Assert.Equal(MemoryVerdict.Tight, MemoryFinding.Of(predicted, new([new("it", kept, kept)])).Verdict);
        Assert.Equal(MemoryVerdict.Exceeds, MemoryFinding.Of(predicted, new([new("it", kept - 1, kept - 1)])).Verdict);
        Assert.Equal(MemoryVerdict.Exceeds, MemoryFinding.Of(predicted, new([new("it", all - 1, all - 1, CountsFiles: true)])).Verdict);
        Assert.Equal(0, TrainingMemory.Predict(fixture.Model, DType.BF16, new TrainingOptions(), 1, 1, DeviceKind.Cpu).InFile);
    }

    [Fact]
    public void The_largest_pass_is_that_of_the_longest_batch_or_of_an_evaluation()
    {
        using var model = ModelLoader.Load(ModelLoader.BuiltIn);
        var examples = TrainingExamples.Load(new TrainingOptions(), model, ModelLoader.Tokenizer(model.Checkpoint));
        var evaluation = PassSize.Largest(new TrainingOptions { Steps = 0 }, examples);
        Assert.Equal(1, evaluation.Probes);
        Assert.InRange(evaluation.Tokens, 2000, 2048);
        var options = new TrainingOptions { Steps = 3, BatchSize = 128 };
        var order = new DataOrder(options.Seed, examples.Train.Count, 128);
        long longest = Enumerable.Range(1, 3).Max(s => order.Batch(s).Sum(i => EvaluationBatches.TokensOf(examples.Train[i])));
        var training = PassSize.Largest(options, examples);
        Assert.Equal((2, longest, 128), (training.Probes, training.Tokens, training.Texts));
    }

    private static MachineMemory Read(Dictionary<string, string> files) => MachineMemory.Read(files.GetValueOrDefault);
}
