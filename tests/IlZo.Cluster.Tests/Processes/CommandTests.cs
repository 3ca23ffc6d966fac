using System.Text.Json;
using IlZo.Cluster.Tests.Nats;
using IlZo.Training;

namespace IlZo.Cluster.Tests.Processes;

/// <summary>What users type.</summary>
public sealed class CommandTests : IDisposable
{
    private readonly TempFolder _temp = new();

    public void Dispose() => _temp.Dispose();

    [Fact]
    public void A_run_is_joined_seen_stopped_and_continued()
    {
        using var server = new NatsServer();
        string address = $"{server.Connection.Address}";
        string model = TestData.Path("models", "stories260K");
        string[] training =
        [
            "train", "--model", model, "--task", "sst2", "--steps", "100000", "--train-size", "30", "--dev-size", "0", "--test-size", "0",
            "--samples", "0", "--threads", "1", "--lr", "1e-6", "--max-length", "48", "--no-report", "--cluster", address,
            "--run", _temp["a"],
        ];
        using var first = new WorkerProcess(training);
        string run = server.Run();
        using var second = new WorkerProcess("worker", "--cluster", address, "--run", _temp["b"], "--threads", "1", "--no-report");
        UntilGrown(server, run, 40);

        var status = JsonDocument.Parse(Output("cluster", "status", "--cluster", address, "--json")).RootElement.GetProperty("runs")[0];
        Assert.Equal((run, "mezo", 100000), (
            status.GetProperty("run").GetString(), status.GetProperty("optimizer").GetString(), status.GetProperty("steps").GetInt32()));
        Assert.InRange(status.GetProperty("step").GetInt32(), 39, 100000);

        Output("cluster", "stop", "--cluster", address, "--cluster-run", run);
        Assert.Equal((130, 130), (first.Wait(), second.Wait()));
        Assert.Contains($"--resume --cluster {address}' continues the run", first.Said, StringComparison.Ordinal);

        // What both have is one log, of which one may have an entry more.
        byte[][] logs =
            [.. ((string[])["a", "b"]).Select(w => File.ReadAllBytes(new RunFolder(_temp[w]).TrajectoryFile)).OrderBy(l => l.Length)];
        Assert.Equal(logs[0], logs[1][..logs[0].Length]);

        // Alone, on a server that has lost all, and from the longer log.
        server.Kill();
        server.DeleteStore();
        server.Start();
        string from = File.ReadAllBytes(new RunFolder(_temp["a"]).TrajectoryFile).Length == logs[1].Length ? "a" : "b";
        Output("cluster", "restore", "--cluster", address, "--run", _temp[from]);
        using var third = new WorkerProcess(
            "worker", "--cluster", address, "--cluster-run", run, "--run", _temp["c"], "--threads", "1", "--no-report");
        UntilGrown(server, run, 10);
        third.Kill();
        Assert.Equal(logs[1], File.ReadAllBytes(new RunFolder(_temp["c"]).TrajectoryFile)[..logs[1].Length]);
    }

    [Fact]
    public void Other_weights_and_unknown_runs_are_refused()
    {
        using var server = new NatsServer();
        string address = $"{server.Connection.Address}";
        Assert.Contains("has no runs", Refusal("worker", "--cluster", address), StringComparison.Ordinal);
        Assert.Contains(
            "nothing", Refusal("worker", "--cluster", address, "--cluster-run", "nothing"), StringComparison.Ordinal);

        Output(
            "train", "--model", TestData.Path("models", "stories260K"), "--task", "sst2", "--steps", "1", "--train-size", "20",
            "--dev-size", "0", "--test-size", "0", "--samples", "0", "--max-length", "48", "--no-report", "--cluster", address, "--run",
            _temp["a"]);
        string other = Refusal("worker", "--cluster", address, "--run", _temp["b"], "--model", TestData.Path("models", "babyllama361"));
        Assert.Contains("sha256", other, StringComparison.Ordinal);
    }

    private static void UntilGrown(NatsServer server, string run, long entries)
    {
        using var channel = server.Open(run);
        channel.UntilGrown(entries, () => false);
    }

    private static string Output(params string[] arguments)
    {
        using var command = new WorkerProcess(arguments);
        Assert.True(command.Wait() == 0, command.Said);
        return command.Said;
    }

    private static string Refusal(params string[] arguments)
    {
        using var command = new WorkerProcess(arguments);
        Assert.Equal(2, command.Wait());
        return command.Said;
    }
}
