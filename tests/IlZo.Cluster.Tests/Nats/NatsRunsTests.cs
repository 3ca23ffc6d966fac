using IlZo.Clusters.Nats;
using NATS.Client.JetStream;
using NATS.Client.JetStream.Models;
using static IlZo.Cluster.Tests.Nats.Waits;

namespace IlZo.Cluster.Tests.Nats;

/// <summary>The list of runs on a server.</summary>
public sealed class NatsRunsTests
{
    [Fact]
    public async Task Runs_are_listed_and_nothing_else()
    {
        using var server = new NatsServer();
        Assert.Empty(NatsRuns.List(server.Connection));
        await using var stranger = server.Stranger();
        var streams = new NatsJSContext(stranger);
        await streams.CreateStreamAsync(new StreamConfig("OTHER", ["other"]));
        await streams.CreateStreamAsync(new StreamConfig("ILZO_taken", ["taken"]));
        using var b = server.Open("b");
        using var a = server.Open("a");
        Assert.True(b.Append(0, Bytes("one")));
        Assert.True(b.Append(1, Bytes("two")));

        var runs = NatsRuns.List(server.Connection);
        Assert.Equal(["a", "b"], runs.Select(r => r.Run));
        Assert.Equal(new NatsRun("a", 0, 0, null, null), runs[0]);
        Assert.Equal(2, runs[1].Entries);
        Assert.InRange(runs[1].Bytes, 6, 1000);
        Assert.True(runs[1].First <= runs[1].Last);
        Assert.Equal(TimeSpan.Zero, Assert.NotNull(runs[1].First).Offset);
    }
}
