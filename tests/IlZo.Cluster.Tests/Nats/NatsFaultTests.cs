using IlZo.Clusters.Nats;
using NATS.Client.Core;
using NATS.Client.JetStream;
using NATS.Client.JetStream.Models;
using static IlZo.Cluster.Tests.Nats.Waits;

namespace IlZo.Cluster.Tests.Nats;

/// <summary>Servers that die, stop, and come back with less than they had.</summary>
public sealed class NatsFaultTests
{
    [Fact]
    public void A_server_that_is_killed_while_workers_append_leaves_all_of_them_with_one_log()
    {
        const int Workers = 3;
        const int Entries = 40;
        using var server = new NatsServer();
        var channels = Enumerable.Range(0, Workers).Select(_ => server.Open("killed")).ToArray();
        try
        {
            InThreads(Workers + 1, worker =>
            {
                if (worker == Workers)
                {
                    using var watch = server.Open("killed");
                    using var limit = new CancellationTokenSource(Long);
                    for (long length = watch.Length; length < Entries; length = watch.Length)
                    {
                        watch.Receive(length, Timeout.InfiniteTimeSpan, limit.Token);
                    }

                    server.Kill();
                    server.Start();
                    return;
                }

                for (int i = 0; i < Entries; i++)
                {
                    channels[worker].AppendAtEnd($"{i} of {worker}");
                }
            });

            int length = (int)channels[0].AppendAtEnd("the end") + 1;
            string[] log = channels[0].Log(length);
            Assert.Equal("the end", log[^1]);
            Assert.All(channels, c => Assert.Equal(log, c.Log(length)));
            using var joiner = server.Open("killed", create: false);
            Assert.Equal(log, joiner.Log(length));
        }
        finally
        {
            Array.ForEach(channels, c => c.Dispose());
        }
    }

    [Theory]
    [InlineData(300)]
    [InlineData(2500)]
    public void A_server_that_stops_for_a_while_delays_an_entry_and_keeps_it_once(int milliseconds)
    {
        using var server = new NatsServer();
        using var one = server.Open("frozen");
        using var other = server.Open("frozen");
        Assert.True(one.Append(0, Bytes("before")));
        other.UntilLength(1);
        server.Freeze();
        InThreads(2, worker =>
        {
            if (worker == 0)
            {
                Assert.Equal(1, one.AppendAtEnd("during"));
                return;
            }

            // Nobody waits for messages, however many there are.
            for (int i = 0; i < 5000; i++)
            {
                other.Send(new byte[1000]);
            }

            Assert.Null(other.Receive(1, TimeSpan.FromMilliseconds(milliseconds)));
            server.Continue();
        });
        Assert.Equal(2, other.AppendAtEnd("after"));
        Assert.Equal(["before", "during", "after"], other.Log(3));
        Assert.Equal(["before", "during", "after"], one.Log(3));
    }

    [Fact]
    public void A_log_that_has_lost_its_end_is_shorter_and_takes_other_entries()
    {
        using var server = new NatsServer();
        using var saved = new TempFolder();
        using var one = server.Open("tail");
        using var other = server.Open("tail");
        Fill(one, 0, 5, "old");
        server.Kill();
        server.SaveStore(saved.Path);
        server.Start();
        Fill(one, 5, 10, "old");
        Assert.Equal("old 9", other.Log(10)[^1]);

        server.Kill();
        server.RestoreStore(saved.Path);
        server.Start();
        one.UntilLength(5);
        other.UntilLength(5);
        Assert.Null(other.Entry(5));
        Fill(other, 5, 8, "new");
        string[] log = ["old 0", "old 1", "old 2", "old 3", "old 4", "new 5", "new 6", "new 7"];
        Assert.Equal(log, one.Log(8));
        Assert.Equal(log, other.Log(8));
    }

    [Fact]
    public void A_log_that_is_lost_is_made_anew_by_whoever_may()
    {
        using var server = new NatsServer();
        using var one = server.Open("lost");
        using var other = server.Open("lost");
        using var reader = server.Open("lost", create: false);
        Fill(one, 0, 3, "old");
        Assert.Equal(3, reader.Log(3).Length);
        server.Kill();
        server.DeleteStore();
        server.Start();
        one.UntilLength(0);
        other.UntilLength(0);
        reader.UntilLength(0);
        Fill(other, 0, 2, "new");
        Assert.Equal(["new 0", "new 1"], one.Log(2));
        Assert.Equal(["new 0", "new 1"], reader.Log(2));
    }

    [Fact]
    public async Task A_stream_that_is_deleted_meanwhile_is_made_anew()
    {
        using var server = new NatsServer();
        using var one = server.Open("deleted");
        using var other = server.Open("deleted");
        Fill(one, 0, 3, "old");
        Assert.Equal(3, other.Log(3).Length);
        await using (var administrator = server.Stranger())
        {
            await new NatsJSContext(administrator).DeleteStreamAsync("ILZO_deleted");
        }

        one.UntilLength(0);
        other.UntilLength(0);
        Assert.Equal(0, one.AppendAtEnd("new"));
        Assert.Equal(["new"], other.Log(1));
    }

    [Fact]
    public async Task A_hole_in_a_log_is_said_in_one_sentence()
    {
        using var server = new NatsServer();
        await using var administrator = server.Stranger();
        var streams = new NatsJSContext(administrator);
        await streams.CreateStreamAsync(new StreamConfig("ILZO_hole", ["ilzo.hole.log"]));
        using (var writer = server.Open("hole"))
        {
            Fill(writer, 0, 3, "entry");
        }

        await streams.DeleteMessageAsync("ILZO_hole", new StreamMsgDeleteRequest { Seq = 2 });
        using var reader = server.Open("hole");
        Assert.Equal(3, reader.Length);
        Assert.Equal("entry 0", Text(reader.Entry(0)));
        var loss = Assert.Throws<InvalidInputException>(() => reader.Entry(1));
        Assert.Equal(
            "stream ILZO_hole has lost entry 1 of 3, expected all of them; delete the stream, and a worker that has the run puts it back.",
            loss.Message);
        Assert.Equal("entry 2", Text(reader.Entry(2)));
    }

    [Fact]
    public async Task What_others_publish_is_an_entry_or_a_message_whatever_it_is()
    {
        using var server = new NatsServer();
        using var channel = server.Open("foreign");
        await using var stranger = server.Stranger();
        var headers = new NatsHeaders { ["Nats-Msg-Id"] = "1", ["Other"] = "x" };
        await stranger.PublishAsync("ilzo.foreign.log", new byte[] { 0xff, 0, 1 }, headers);
        channel.UntilLength(1);
        Assert.Equal([0xff, 0, 1], channel.Entry(0));
        await stranger.PublishAsync("ilzo.foreign.say", new byte[] { 0xfe, 0 }, headers, replyTo: "ilzo.foreign.log");
        Assert.Equal([0xfe, 0], channel.Receive(1, Long));
        Assert.True(channel.Append(1, Bytes("ours")));
    }

    private static void Fill(NatsChannel channel, int from, int to, string text)
    {
        channel.UntilLength(from);
        for (int i = from; i < to; i++)
        {
            Assert.Equal(i, channel.AppendAtEnd($"{text} {i}"));
        }
    }
}
