using IlZo.Cluster.Tests.Nats;
using IlZo.Clusters.Nats;
using IlZo.Training;

namespace IlZo.Cluster.Tests.Processes;

/// <summary>
/// Three processes, on processors with other vectors each, and a server: any is killed, stopped, or loses what it wrote last, and every log
/// is that of one.
/// </summary>
public sealed class FaultTests : IDisposable
{
    private const int Workers = 3;

    // A processor as it is, one without the widest vectors, and one without fused multiply-adds either.
    private static readonly string?[] s_without = [null, "AVX512", "AVX2"];

    private readonly TempFolder _temp = new();

    private enum Fault
    {
        WorkerKilled,
        ServerKilled,
        WorkerFrozen,
        ServerFrozen,
        TailLost,
        LogDeleted,
    }

    public void Dispose() => _temp.Dispose();

    [Fact]
    public void Each_fault_leaves_the_run_as_it_is() => Require("mezo", "", 160, [.. Enum.GetValues<Fault>()]);

    [Theory]
    [InlineData("mezo", "")]
    [InlineData("kerzoo", "")]
    [InlineData("loren", "")]
    [InlineData("curvzo", "")]
    [InlineData("dizo", "interval=50,inner=3")]
    public void A_hundred_faults_over_five_methods_change_nothing(string method, string opt)
    {
        Assert.SkipUnless(LongTests.Run, "Runs with ILZO_TEST_LONG=1.");
        var kinds = Enum.GetValues<Fault>();
        Require(method, opt, 700, [.. Enumerable.Range(0, 20).Select(i => kinds[i % kinds.Length])]);
    }

    private void Require(string method, string opt, int steps, Fault[] faults)
    {
        var options = new TrainingOptions
        {
            Model = TestData.Path("models", "stories260K"),
            Task = "sst2",
            Optimizer = method,
            Opt = opt,
            Steps = steps,
            BatchSize = 4,
            TrainSize = 30,
            DevSize = 12,
            TestSize = 9,
            EvalEvery = 40,
            Samples = 0,
            Threads = 1,
            LearningRate = 1e-5,
            MaxLength = 48,
        };
        var alone = Trainer.Train(options, new RunFolder(_temp["alone"]));
        using var server = new NatsServer();
        string[] arguments =
        [
            "train", "--model", options.Model, "--task", "sst2", "--optimizer", method, "--steps", $"{steps}", "--batch-size", "4",
            "--train-size", "30", "--dev-size", "12", "--test-size", "9", "--eval-every", "40", "--samples", "0", "--threads", "1", "--lr",
            "1e-5", "--max-length", "48", "--no-report", "--allow-worse", "--mark-every", "25", "--cluster",
            $"{server.Connection.Address}",
            .. opt.Split(',', StringSplitOptions.RemoveEmptyEntries).SelectMany(o => (string[])["--opt", o]),
        ];
        WorkerProcess Start(int w) => new(s_without[w], [.. arguments, "--run", _temp[$"w{w}"], "--resume"]);
        var workers = Enumerable.Range(0, Workers).Select(Start).ToArray();
        try
        {
            string name = server.Run();
            for (int f = 0; f < faults.Length; f++)
            {
                // Faults lie between entries of the log, however fast the machine is.
                Progress(server, name, 4, workers);
                int w = f % Workers;
                switch (faults[f])
                {
                    case Fault.WorkerKilled:
                        workers[w].Kill();
                        workers[w].Dispose();
                        workers[w] = Start(w);
                        break;
                    case Fault.ServerKilled:
                        server.Kill();
                        server.Start();
                        break;
                    case Fault.WorkerFrozen:
                        workers[w].Freeze();
                        Progress(server, name, 3, workers);
                        workers[w].Continue();
                        break;
                    case Fault.ServerFrozen:
                        Freeze(server);
                        break;
                    case Fault.TailLost:
                        server.Kill();
                        server.SaveStore(_temp["store"]);
                        server.Start();
                        Progress(server, name, 3, workers);
                        server.Kill();
                        server.RestoreStore(_temp["store"]);
                        server.Start();
                        break;
                    case Fault.LogDeleted:
                        server.Kill();
                        server.DeleteStore();
                        server.Start();
                        break;
                }
            }

            Assert.All(workers, worker => Assert.True(worker.Wait() == 0, worker.Said));
        }
        finally
        {
            Array.ForEach(workers, worker => worker.Dispose());
        }

        Assert.All(Enumerable.Range(0, Workers), w =>
        {
            var folder = new RunFolder(_temp[$"w{w}"]);
            Assert.Equal(File.ReadAllBytes(new RunFolder(alone.Run).TrajectoryFile), File.ReadAllBytes(folder.TrajectoryFile));
            Assert.Contains(alone.WeightsSha256, File.ReadAllText(folder.ResultFile), StringComparison.Ordinal);
        });
    }

    // Waits until the log has grown by some entries, or the run has ended.
    private static void Progress(NatsServer server, string name, int entries, WorkerProcess[] workers)
    {
        using var channel = server.Open(name);
        channel.UntilGrown(entries, () => workers.Any(w => w.HasEnded));
    }

    // Until a client that asks it goes away.
    private static void Freeze(NatsServer server)
    {
        server.Freeze();
        using var patience = new CancellationTokenSource(TimeSpan.FromMilliseconds(500));
        Assert.ThrowsAny<OperationCanceledException>(() => NatsRuns.List(server.Connection, patience.Token));
        server.Continue();
    }
}
