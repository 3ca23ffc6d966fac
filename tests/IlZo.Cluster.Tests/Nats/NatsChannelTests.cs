using static IlZo.Cluster.Tests.Nats.Waits;

namespace IlZo.Cluster.Tests.Nats;

/// <summary>What a channel promises, with a real server.</summary>
public sealed class NatsChannelTests(NatsFixture nats) : IClassFixture<NatsFixture>
{
    [Fact]
    public void An_entry_is_appended_where_the_log_ends_and_nowhere_else()
    {
        using var channel = nats.Server.Open("ends");
        Assert.Equal(0, channel.Length);
        Assert.Null(channel.Entry(0));
        Assert.False(channel.Append(1, Bytes("early")));
        Assert.True(channel.Append(0, Bytes("first")));
        Assert.Equal(1, channel.Length);
        Assert.False(channel.Append(0, Bytes("again")));
        Assert.True(channel.Append(1, Bytes("second")));
        Assert.Equal(["first", "second"], channel.Log(2));
        Assert.Null(channel.Entry(2));
    }

    [Fact]
    public void Of_several_workers_that_append_at_one_place_one_wins_and_all_read_its_bytes()
    {
        const int Workers = 4;
        const int Entries = 50;
        var channels = Enumerable.Range(0, Workers).Select(_ => nats.Server.Open("race")).ToArray();
        try
        {
            var logs = new string[Workers][];
            int won = 0;
            InThreads(Workers, worker =>
            {
                var channel = channels[worker];
                for (int i = 0; i < Entries; i++)
                {
                    if (channel.Append(i, Bytes($"{i} of {worker}")))
                    {
                        Interlocked.Increment(ref won);
                    }

                    // Whoever has lost knows that there is an entry.
                    Assert.True(channel.Length > i);
                }

                logs[worker] = channel.Log(Entries);
            });
            Assert.Equal(Entries, won);
            Assert.All(logs, log => Assert.Equal(logs[0], log));
            Assert.All(logs[0], (entry, i) => Assert.StartsWith($"{i} of ", entry, StringComparison.Ordinal));
        }
        finally
        {
            Array.ForEach(channels, c => c.Dispose());
        }
    }

    [Fact]
    public void A_message_reaches_the_others_and_not_its_sender()
    {
        using var sender = nats.Server.Open("say");
        using var one = nats.Server.Open("say");
        using var other = nats.Server.Open("say");
        using var elsewhere = nats.Server.Open("say-elsewhere");
        sender.Send(Bytes("hello"));
        Assert.Equal("hello", Text(one.Receive(0, Long)));
        Assert.Equal("hello", Text(other.Receive(0, Long)));

        // What the server sent before this answer has arrived.
        one.Send(Bytes("answer"));
        Assert.Equal("answer", Text(sender.Receive(0, Long)));
        Assert.Null(sender.Receive(0, TimeSpan.Zero));
        Assert.Null(elsewhere.Receive(0, TimeSpan.Zero));
    }

    [Fact]
    public void Messages_of_one_worker_come_in_order()
    {
        using var sender = nats.Server.Open("order");
        using var receiver = nats.Server.Open("order");
        for (int i = 0; i < 1000; i++)
        {
            sender.Send(Bytes($"{i}"));
        }

        Assert.All(Enumerable.Range(0, 1000), i => Assert.Equal($"{i}", Text(receiver.Receive(0, Long))));
    }

    [Fact]
    public void Whoever_waits_for_a_message_is_woken_by_an_entry()
    {
        using var one = nats.Server.Open("wake");
        using var other = nats.Server.Open("wake");
        InThreads(2, worker =>
        {
            if (worker == 0)
            {
                Assert.True(one.Append(0, Bytes("entry")));
            }
            else
            {
                Assert.Null(other.Receive(0, Timeout.InfiniteTimeSpan));
                Assert.Equal(1, other.Length);
            }
        });
        Assert.Null(other.Receive(0, Timeout.InfiniteTimeSpan));
        Assert.Equal("entry", Text(other.Entry(0)));
    }

    [Fact]
    public void A_worker_that_joins_reads_the_whole_log_in_any_order()
    {
        using var writer = nats.Server.Open("join");
        string[] entries = [.. Enumerable.Range(0, 600).Select(i => $"entry {i}")];
        Assert.All(entries, (entry, i) => Assert.True(writer.Append(i, Bytes(entry))));
        using var reader = nats.Server.Open("join", create: false);
        Assert.Equal(600, reader.Length);
        Assert.Equal("entry 599", Text(reader.Entry(599)));
        Assert.Equal(entries, reader.Log(600));
        Assert.Equal("entry 0", Text(writer.Entry(0)));
    }

    [Fact]
    public void Any_bytes_pass_unchanged()
    {
        using var one = nats.Server.Open("bytes");
        using var other = nats.Server.Open("bytes");
        byte[][] cases = [[], [0], Bytes("\r\nPUB ilzo.bytes.log 1\r\nx\r\n"), [.. Enumerable.Range(0, 256).Select(i => (byte)i)]];
        Assert.All(cases, bytes =>
        {
            one.Send(bytes);
            Assert.Equal(bytes, other.Receive(0, Long));
        });
        Assert.All(cases, (bytes, i) => Assert.True(one.Append(i, bytes)));
        other.UntilLength(cases.Length);
        Assert.All(cases, (bytes, i) => Assert.Equal(bytes, other.Entry(i)));
        using var joiner = nats.Server.Open("bytes");
        Assert.Equal(cases[^1], joiner.Entry(cases.Length - 1));
        Assert.All(cases, (bytes, i) => Assert.Equal(bytes, joiner.Entry(i)));
    }

    [Fact]
    public void The_longest_entry_passes_and_one_byte_more_is_refused_in_one_sentence()
    {
        const int Longest = (1 << 20) - 256;
        using var one = nats.Server.Open("long");
        using var other = nats.Server.Open("long");
        byte[] entry = new byte[Longest];
        new Random(1).NextBytes(entry);
        Assert.True(one.Append(0, entry));
        other.UntilLength(1);
        Assert.Equal(entry, other.Entry(0));
        using var joiner = nats.Server.Open("long");
        Assert.True(joiner.Append(1, Bytes("next")));
        Assert.Equal("next", Text(joiner.Entry(1)));

        // Read before what has been read: the server is asked.
        Assert.Equal(entry, joiner.Entry(0));
        var refusal = Assert.Throws<InvalidInputException>(() => one.Append(2, new byte[Longest + 1]));
        Assert.Equal(
            $"an entry of 1048321 bytes is too long for --cluster nats://127.0.0.1:{nats.Server.Port}, which takes 1048320, "
            + "expected a server with a larger max_payload.",
            refusal.Message);
        Assert.Throws<InvalidInputException>(() => one.Send(new byte[(1 << 20) + 1]));
        other.UntilLength(2);
        one.Send(new byte[1 << 20]);
        Assert.Equal(1 << 20, other.Receive(2, Long)?.Length);
    }

    [Fact]
    public void Waits_end_when_they_are_cancelled_and_when_the_channel_is_closed()
    {
        var channel = nats.Server.Open("closed");
        using var cancelled = new CancellationTokenSource();
        InThreads(2, worker =>
        {
            if (worker == 0)
            {
                cancelled.Cancel();
            }
            else
            {
                Assert.ThrowsAny<OperationCanceledException>(() => channel.Receive(0, Timeout.InfiniteTimeSpan, cancelled.Token));
            }
        });
        InThreads(2, worker =>
        {
            if (worker == 0)
            {
                channel.Dispose();
            }
            else
            {
                Assert.Throws<ObjectDisposedException>(() => channel.Receive(0, Timeout.InfiniteTimeSpan));
            }
        });
        Assert.Throws<ObjectDisposedException>(() => channel.Length);
        Assert.Throws<ObjectDisposedException>(() => channel.Append(0, Bytes("late")));
        Assert.Throws<ObjectDisposedException>(() => channel.Entry(0));
        Assert.Throws<ObjectDisposedException>(() => channel.Send(Bytes("late")));
        channel.Dispose();
    }
}
