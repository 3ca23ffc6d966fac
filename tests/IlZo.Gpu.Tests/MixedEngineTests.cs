using IlZo.Backends;
using IlZo.Cluster.Tests;
using IlZo.Clusters;
using IlZo.Training;

namespace IlZo.Gpu.Tests;

/// <summary>A processor and a GPU that train one run: their losses differ in rounding, and their weights do not.</summary>
public sealed class MixedEngineTests : IDisposable
{
    private readonly TempFolder _temp = new();
    private readonly MemoryHub _hub = new();

    private static TrainingOptions Options => new()
    {
        Model = TestData.Path("models", "stories260K"),
        Task = "sst2",
        Steps = 5,
        BatchSize = 4,
        TrainSize = 12,
        DevSize = 2,
        TestSize = 2,
        Samples = 0,
        Threads = 1,
        LearningRate = 1e-4,
        MaxLength = 24,
    };

    public void Dispose() => _temp.Dispose();

    [Fact]
    public async Task Weights_are_equal()
    {
        using var device = new TestDevice();
        using var cpu = Run(new ClusterSettings(WorkSplit.Examples, MixedEngines: true, MarkEvery: 1));
        using var gpu = Run();
        var first = Task.Factory.StartNew(
            () => Trainer.TrainShared(Options, Folder("cpu"), cpu), TaskCreationOptions.LongRunning);
        var second = Join(gpu, device);
        var one = await first;

        // They have not computed the same losses, and whose came into the log is the log's affair.
        Assert.Equal((one.WeightsSha256, one.TestLoss), (second.WeightsSha256, second.TestLoss));
        Assert.Equal(File.ReadAllBytes(Folder("cpu").TrajectoryFile), File.ReadAllBytes(Folder("gpu").TrajectoryFile));
        Assert.Equal(["managed", "cuda"], ((TrainingResult[])[one, second]).Select(r => r.Computed[^1].Engine));
        Assert.Equal(one.WeightsSha256, Replay.Run(Folder("gpu")).WeightsSha256);
    }

    [Fact]
    public void Another_engine_is_refused_where_the_same_was_agreed_on()
    {
        using var device = new TestDevice();
        using (var cpu = Run(new ClusterSettings()))
        {
            Trainer.TrainShared(Options with { Steps = 1 }, Folder("cpu"), cpu);
        }

        using var gpu = Run();
        string message = Assert.Throws<InvalidInputException>(() => Join(gpu, device)).Message;
        Assert.Contains("was begun by managed in fp32", message, StringComparison.Ordinal);
        Assert.Contains("or a run begun with --engines mixed", message, StringComparison.Ordinal);
    }

    // As 'ilzo worker' does: the run as it was begun, on another device.
    private TrainingResult Join(ClusterRun run, TestDevice device)
    {
        using (var channel = _hub.Open())
        {
            while (channel.Length == 0)
            {
                channel.Receive(0, TimeSpan.FromMinutes(1));
            }
        }

        var begun = Genesis.Require(_hub.Log[0], "the run").Parse("the run");
        var folder = Folder("gpu");
        folder.Adopt(begun);
        var options = begun.Options with { Engine = new TrainingOptions().Engine, Precision = new TrainingOptions().Precision };
        return Trainer.TrainShared(options, folder, run, new ResumePolicy(), backends: (_, _, _) => device.Backend);
    }

    private ClusterRun Run(ClusterSettings? settings = null) => new(_ => _hub.Open(), settings);

    private RunFolder Folder(string name) => new(_temp[name]);
}
