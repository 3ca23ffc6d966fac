using System.Net;
using System.Net.Sockets;
using System.Text;
using IlZo.Clusters.Nats;
using NATS.Client.JetStream;
using NATS.Client.JetStream.Models;

namespace IlZo.Cluster.Tests.Nats;

/// <summary>Servers and streams that no log is kept on, each refused by one sentence.</summary>
public sealed class NatsRefusalTests(NatsFixture nats) : IClassFixture<NatsFixture>
{
    [Fact]
    public void A_place_where_no_server_is_is_refused()
    {
        using var nobody = new Listener(null);
        nobody.Stop();
        string message = Refusal(nobody.Connection, TimeSpan.FromMilliseconds(300));
        Assert.StartsWith(
            $"--cluster nats://127.0.0.1:{nobody.Port} cannot be used: no server answered within 0.3 s (",
            message, StringComparison.Ordinal);
        Assert.EndsWith(").", message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("HTTP/1.1 400 Bad Request\r\n\r\n")]
    [InlineData("INFO {\r\n")]
    [InlineData("INFO {}\r\n-ERR 'no'\r\n")]
    [InlineData("")]
    public void A_server_of_another_kind_is_refused(string greeting)
    {
        using var other = new Listener(greeting);
        string message = Refusal(other.Connection, TimeSpan.FromMilliseconds(100));
        Assert.StartsWith($"--cluster nats://127.0.0.1:{other.Port} cannot be used: ", message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_server_that_may_lose_streams_is_refused()
    {
        using var server = new Listener(
            """INFO {"server_id":"X","version":"2.10.21","proto":1,"headers":true,"max_payload":1048576,"jetstream":true}""" + "\r\n");
        Assert.Equal(
            $"--cluster nats://127.0.0.1:{server.Port} is nats-server 2.10.21, which may lose a run's log when it crashes, "
            + "expected 2.10.23 or later, or one before 2.10.20.",
            Refusal(server.Connection, TimeSpan.FromSeconds(30)));
    }

    [Theory]
    [InlineData("2.9.10", false)]
    [InlineData("2.10.19", false)]
    [InlineData("2.10.20", true)]
    [InlineData("2.10.21-RC.1", true)]
    [InlineData("2.10.22", true)]
    [InlineData("2.10.23", false)]
    [InlineData("2.11.21", false)]
    [InlineData("3.10.21", false)]
    [InlineData("2.10", false)]
    [InlineData("2.10.x", false)]
    [InlineData("", false)]
    [InlineData(null, false)]
    public void Versions_that_may_lose_streams_are_known(string? version, bool loses) =>
        Assert.Equal(loses, ServerVersions.LosesStreams(version));

    [Fact]
    public void A_server_without_streams_is_refused()
    {
        using var server = new NatsServer(jetStream: false);
        string expected =
            $"--cluster nats://127.0.0.1:{server.Port} is a NATS server that keeps nothing, expected one with JetStream (-js).";
        Assert.Equal(expected, Assert.Throws<InvalidInputException>(() => server.Open("run")).Message);
        Assert.Equal(expected, Assert.Throws<InvalidInputException>(() => NatsRuns.List(server.Connection)).Message);
    }

    [Fact]
    public void A_run_that_is_not_there_is_not_made_for_who_only_reads()
    {
        string message = Assert.Throws<InvalidInputException>(() => nats.Server.Open("absent", create: false)).Message;
        Assert.Equal($"--cluster nats://127.0.0.1:{nats.Server.Port} has no run 'absent'.", message);
        Assert.DoesNotContain(NatsRuns.List(nats.Server.Connection), r => r.Run == "absent");
    }

    [Theory]
    [InlineData("")]
    [InlineData("a.b")]
    [InlineData("a b")]
    [InlineData("*")]
    [InlineData(">")]
    [InlineData("a\r\nPUB x 0\r\n")]
    [InlineData("12345678901234567890123456789012345678901234567890123456789012345")]
    public void What_is_no_part_of_a_subject_is_no_run(string run)
    {
        var connection = new ClusterConnection(ClusterAddress.Parse("nats://127.0.0.1"));
        string message = Assert.Throws<InvalidInputException>(() => NatsChannel.Open(connection, run)).Message;
        Assert.Equal($"'{run}' is no ID of a run, expected 1 to 64 letters, digits, hyphens or underscores.", message);
    }

    [Fact]
    public async Task Streams_of_others_are_left_alone()
    {
        await using var stranger = nats.Server.Stranger();
        var streams = new NatsJSContext(stranger);
        await streams.CreateStreamAsync(new StreamConfig("ILZO_taken", ["a", "b.*"]));
        Assert.Equal(
            "stream ILZO_taken is not a run's log: it takes 'a', 'b.*', expected 'ilzo.taken.log' alone.",
            Assert.Throws<InvalidInputException>(() => nats.Server.Open("taken")).Message);

        await streams.CreateStreamAsync(new StreamConfig("ALL", ["ilzo.overlap.>"]));
        Assert.Equal(
            "the server has a stream that takes ilzo.overlap.log and is not ILZO_overlap, which this run's log is to be.",
            Assert.Throws<InvalidInputException>(() => nats.Server.Open("overlap")).Message);

        await streams.CreateStreamAsync(new StreamConfig("ILZO_mine", ["ilzo.mine.log"]) { Storage = StreamConfigStorage.Memory });
        using var channel = nats.Server.Open("mine");
        Assert.True(channel.Append(0, new byte[1]));
    }

    [Fact]
    public void More_servers_than_there_are_do_not_keep_a_log()
    {
        string message = Assert.Throws<InvalidInputException>(
            () => NatsChannel.Open(nats.Server.Connection, "three", replicas: 3)).Message;
        Assert.StartsWith("the server does not make stream ILZO_three on 3 servers: ", message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_log_that_is_full_says_so()
    {
        await using var stranger = nats.Server.Stranger();
        await new NatsJSContext(stranger).CreateStreamAsync(
            new StreamConfig("ILZO_full", ["ilzo.full.log"]) { MaxMsgs = 1, Discard = StreamConfigDiscard.New });
        using var channel = nats.Server.Open("full");
        Assert.True(channel.Append(0, new byte[1]));
        string message = Assert.Throws<IOException>(() => channel.Append(1, new byte[7])).Message;
        Assert.StartsWith(
            "stream ILZO_full does not take entry 1 of 7 bytes: maximum messages exceeded (", message, StringComparison.Ordinal);
    }

    private static string Refusal(ClusterConnection connection, TimeSpan patience) =>
        Assert.Throws<InvalidInputException>(() => NatsChannel.OpenWithin(connection, "run", 1, patience, default)).Message;

    /// <summary>Something that listens, greets and answers pings.</summary>
    private sealed class Listener : IDisposable
    {
        private readonly TcpListener _listener = new(IPAddress.Loopback, 0);

        public Listener(string? greeting)
        {
            _listener.Start();
            Port = ((IPEndPoint)_listener.LocalEndpoint).Port;
            _ = Task.Run(() => Serve(greeting ?? ""));
        }

        public int Port { get; }

        public ClusterConnection Connection => new(ClusterAddress.Parse($"nats://127.0.0.1:{Port}"));

        public void Stop() => _listener.Stop();

        public void Dispose() => _listener.Dispose();

        private static async Task Answer(TcpClient client, string greeting)
        {
            using (client)
            {
                try
                {
                    var stream = client.GetStream();
                    await stream.WriteAsync(Encoding.ASCII.GetBytes(greeting));
                    using var reader = new StreamReader(stream);
                    while (await reader.ReadLineAsync() is { } line)
                    {
                        if (line == "PING")
                        {
                            await stream.WriteAsync("PONG\r\n"u8.ToArray());
                        }
                    }
                }
                catch (IOException)
                {
                    // The client has left.
                }
            }
        }

        private async Task Serve(string greeting)
        {
            try
            {
                while (true)
                {
                    _ = Answer(await _listener.AcceptTcpClientAsync(), greeting);
                }
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException or InvalidOperationException)
            {
                // It listens no more.
            }
        }
    }
}
