using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using IlZo.Clusters.Nats;
using NATS.NKeys;
using static IlZo.Cluster.Tests.Nats.Waits;

namespace IlZo.Cluster.Tests.Nats;

/// <summary>Servers that ask who a worker is, and show who they are.</summary>
public sealed class NatsSecurityTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Whoever_has_a_key_that_the_server_knows_comes_in()
    {
        string known = NKey("known.nk", out string user);
        string unknown = NKey("unknown.nk", out _);
        using var server = new NatsServer($$"""authorization { users: [ { nkey: {{user}} } ] }""");
        using var channel = NatsChannel.Open(server.Connection with { NKeySeedFile = known }, "run");
        Assert.True(channel.Append(0, Bytes("entry")));
        Assert.All([server.Connection, server.Connection with { NKeySeedFile = unknown }], connection => Assert.Equal(
            $"--cluster nats://127.0.0.1:{server.Port} does not let this worker in: authorization violation.",
            Assert.Throws<InvalidInputException>(() => NatsChannel.Open(connection, "run")).Message));
    }

    [Fact]
    public void A_worker_that_may_not_append_is_told_so()
    {
        string key = NKey("reader.nk", out string user);
        string denied = """{ publish: { deny: ["ilzo.run.log"] } }""";
        using var server = new NatsServer($$"""authorization { users: [ { nkey: {{user}}, permissions: {{denied}} } ] }""");
        using var channel = NatsChannel.Open(server.Connection with { NKeySeedFile = key }, "run");
        string message = Assert.Throws<InvalidInputException>(() => channel.Append(0, Bytes("entry"))).Message;
        Assert.StartsWith(
            $"--cluster nats://127.0.0.1:{server.Port} does not let this user do what a run needs: ", message, StringComparison.Ordinal);
        Assert.Contains("ilzo.run.log", message, StringComparison.Ordinal);
        Assert.Equal(message, Assert.Throws<InvalidInputException>(() => channel.Length).Message);
    }

    [Fact]
    public void The_permissions_of_the_documentation_are_enough()
    {
        string key = NKey("worker.nk", out string user);
        NKey("other.nk", out string other);
        using var server = new NatsServer(DocumentedUsers(user, other));
        var connection = server.Connection with { NKeySeedFile = key };
        using var first = NatsChannel.Open(connection, "run");
        using var second = NatsChannel.Open(connection, "run");
        Assert.True(first.Append(0, Bytes("entry")));
        Assert.Equal(["entry"], second.Log(1));
        first.Send(Bytes("message"));
        Assert.Equal("message", Text(second.Receive(1, Long)));
        Assert.Equal(["run"], NatsRuns.List(connection).Select(r => r.Run));
    }

    [Fact]
    public void Whoever_only_evaluates_can_read_the_log_and_talk_and_not_write()
    {
        string writes = NKey("worker.nk", out string user);
        string evaluates = NKey("evaluator.nk", out string evaluator);
        using var server = new NatsServer(DocumentedUsers(user, evaluator));
        using var writing = NatsChannel.Open(server.Connection with { NKeySeedFile = writes }, "run");
        Assert.True(writing.Append(0, Bytes("entry")));
        var connection = server.Connection with { NKeySeedFile = evaluates };
        using (var channel = NatsChannel.Open(connection, "run", create: false))
        {
            Assert.Equal(["entry"], channel.Log(1));
            channel.Send(Bytes("message"));
            Assert.Equal("message", Text(writing.Receive(1, Long)));
            Assert.True(writing.Append(1, Bytes("another")));
            Assert.Null(channel.Receive(1, Long));
            Assert.Equal(["entry", "another"], channel.Log(2));
            Assert.Equal(["run"], NatsRuns.List(connection).Select(r => r.Run));
        }

        using var refused = NatsChannel.Open(connection, "run", create: false);
        string message = Assert.Throws<InvalidInputException>(() => refused.Append(2, Bytes("entry"))).Message;
        Assert.Contains("ilzo.run.log", message, StringComparison.Ordinal);
        Assert.Equal(2, writing.Length);
    }

    [Fact]
    public void A_worker_that_may_not_ask_for_streams_is_told_so()
    {
        string key = NKey("nobody.nk", out string user);
        string denied = """{ publish: { deny: ["$JS.API.>"] } }""";
        using var server = new NatsServer($$"""authorization { users: [ { nkey: {{user}}, permissions: {{denied}} } ] }""");
        var connection = server.Connection with { NKeySeedFile = key };
        string expected = $"--cluster nats://127.0.0.1:{server.Port} does not let this user do what a run needs: ";
        Assert.StartsWith(
            expected, Assert.Throws<InvalidInputException>(() => NatsChannel.Open(connection, "run")).Message, StringComparison.Ordinal);
        Assert.StartsWith(
            expected, Assert.Throws<InvalidInputException>(() => NatsRuns.List(connection)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_connection_with_certificates_on_both_sides_is_opened_and_opened_again()
    {
        using var authority = new Authority("ours", _folder);
        using var stranger = new Authority("theirs", _folder);
        authority.Issue("server");
        authority.Issue("worker");
        using var server = new NatsServer(
            $$"""
            tls {
              cert_file: "{{_folder["server.pem"]}}"
              key_file: "{{_folder["server.key"]}}"
              ca_file: "{{authority.File}}"
              verify: true
            }
            """);
        var connection = new ClusterConnection(ClusterAddress.Parse($"tls://127.0.0.1:{server.Port}"))
        {
            TlsCaFile = authority.File,
            TlsCertificateFile = _folder["worker.pem"],
            TlsKeyFile = _folder["worker.key"],
        };
        using var channel = NatsChannel.Open(connection, "run");
        Assert.True(channel.Append(0, Bytes("entry")));
        server.Kill();
        server.Start();
        channel.AppendAtEnd("another");

        var patience = TimeSpan.FromMilliseconds(100);
        Assert.All(
            [connection with { TlsCaFile = stranger.File }, connection with { TlsCertificateFile = null, TlsKeyFile = null }],
            wrong => Assert.StartsWith(
                $"--cluster tls://127.0.0.1:{server.Port} cannot be used: ",
                Assert.Throws<InvalidInputException>(() => NatsChannel.OpenWithin(wrong, "run", 1, patience, default)).Message,
                StringComparison.Ordinal));
    }

    [Fact]
    public void A_server_without_encryption_is_refused_where_that_is_asked_for()
    {
        using var server = new NatsServer();
        using (server.Open("run"))
        {
            // It is there.
        }

        var connection = new ClusterConnection(ClusterAddress.Parse($"tls://127.0.0.1:{server.Port}"));
        Assert.Contains(
            "TLS",
            Assert.Throws<InvalidInputException>(
                () => NatsChannel.OpenWithin(connection, "run", 1, TimeSpan.FromMilliseconds(100), default)).Message,
            StringComparison.Ordinal);
    }

    private static string DocumentedUsers(string worker, string evaluator)
    {
        string page = File.ReadAllText(TestData.InRepository("docs", "cluster.md"));
        string block = page[page.IndexOf("authorization {", StringComparison.Ordinal)..];
        return block[..block.IndexOf("```", StringComparison.Ordinal)].Replace("<run>", "run", StringComparison.Ordinal)
            .Replace("\"U…\"", worker, StringComparison.Ordinal).Replace("\"V…\"", evaluator, StringComparison.Ordinal);
    }

    private string NKey(string name, out string user)
    {
        using var pair = KeyPair.CreatePair(PrefixByte.User);
        File.WriteAllText(_folder[name], pair.GetSeed());
        user = pair.GetPublicKey();
        return _folder[name];
    }

    /// <summary>Whoever signs certificates.</summary>
    private sealed class Authority : IDisposable
    {
        private static readonly DateTimeOffset Begin = DateTimeOffset.UtcNow.AddDays(-1);

        private readonly TempFolder _folder;
        private readonly ECDsa _key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        private readonly X509Certificate2 _certificate;

        public Authority(string name, TempFolder folder)
        {
            _folder = folder;
            var request = new CertificateRequest($"CN={name}", _key, HashAlgorithmName.SHA256);
            request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
            request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign, true));
            _certificate = request.CreateSelfSigned(Begin, Begin.AddDays(10));
            File = folder[$"{name}.pem"];
            System.IO.File.WriteAllText(File, _certificate.ExportCertificatePem());
        }

        public string File { get; }

        public void Issue(string name)
        {
            using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
            var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
            var names = new SubjectAlternativeNameBuilder();
            names.AddIpAddress(IPAddress.Loopback);
            request.CertificateExtensions.Add(names.Build());
            using var certificate = request.Create(_certificate, Begin, Begin.AddDays(5), RandomNumberGenerator.GetBytes(8));
            System.IO.File.WriteAllText(_folder[$"{name}.pem"], certificate.ExportCertificatePem());
            System.IO.File.WriteAllText(_folder[$"{name}.key"], key.ExportPkcs8PrivateKeyPem());
        }

        public void Dispose()
        {
            _certificate.Dispose();
            _key.Dispose();
        }
    }
}
