using IlZo.Clusters.Nats;
using NATS.NKeys;

namespace IlZo.Cluster.Tests.Nats;

/// <summary>Files that say who a worker is, and whom it trusts.</summary>
public sealed class ConnectionFilesTests : IDisposable
{
    private readonly TempFolder _folder = new();
    private readonly ClusterConnection _connection = new(ClusterAddress.Parse("nats://host"));

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Without_files_nobody_is_named()
    {
        Assert.True(ConnectionFiles.User(_connection).IsAnonymous);
        Assert.Null(ConnectionFiles.Tls(_connection).CaFile);
    }

    [Fact]
    public void A_seed_has_its_public_key()
    {
        using var pair = KeyPair.CreatePair(PrefixByte.User);
        string file = Write("worker.nk", $"# of a worker\n  {pair.GetSeed()}\r\n");
        var user = ConnectionFiles.User(_connection with { NKeySeedFile = file });
        Assert.Equal(pair.GetSeed(), user.Seed);
        Assert.Equal(pair.GetPublicKey(), user.NKey);
    }

    [Fact]
    public void Credentials_have_a_token_and_a_seed()
    {
        using var pair = KeyPair.CreatePair(PrefixByte.User);
        string file = Write("worker.creds", Credentials("token", pair.GetSeed()));
        var user = ConnectionFiles.User(_connection with { CredentialsFile = file });
        Assert.Equal("token", user.Jwt);
        Assert.Equal(pair.GetSeed(), user.Seed);
    }

    [Theory]
    [InlineData("")]
    [InlineData("nothing of this kind")]
    [InlineData("-----BEGIN NATS USER JWT-----")]
    [InlineData("-----BEGIN NATS USER JWT-----\ntoken\n")]
    public void Credentials_that_lack_something_are_refused(string text)
    {
        string file = Write("worker.creds", text);
        string message = RefusalOfUser(_connection with { CredentialsFile = file });
        Assert.StartsWith($"{file} has nothing behind a line '-----BEGIN ", message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("SUA")]
    [InlineData("SUAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")]
    [InlineData("SU1!")]
    public void A_seed_that_is_damaged_is_refused(string seed)
    {
        string key = Write("worker.nk", seed);
        Assert.Equal(
            $"{key} has a seed that is damaged, expected that of a user's NKey.", RefusalOfUser(_connection with { NKeySeedFile = key }));
        string credentials = Write("worker.creds", Credentials("token", seed));
        Assert.Equal(
            $"{credentials} has a seed that is damaged, expected that of a user's NKey.",
            RefusalOfUser(_connection with { CredentialsFile = credentials }));
    }

    [Fact]
    public void A_key_file_without_a_seed_is_refused()
    {
        string file = Write("worker.nk", "UABC\n");
        Assert.Equal(
            $"{file} has no line that begins with SU, expected the seed of a user's NKey.",
            RefusalOfUser(_connection with { NKeySeedFile = file }));
    }

    [Fact]
    public void Two_files_that_say_who_a_worker_is_are_refused() => Assert.Equal(
        "a.creds and b.nk both say who this worker is, expected one of them.",
        RefusalOfUser(_connection with { CredentialsFile = "a.creds", NKeySeedFile = "b.nk" }));

    [Fact]
    public void Files_that_cannot_be_read_are_refused()
    {
        string absent = _folder["absent"];
        Func<ClusterConnection, object>[] reads = [ConnectionFiles.User, ConnectionFiles.User, ConnectionFiles.Tls, ConnectionFiles.Tls];
        ClusterConnection[] connections =
        [
            _connection with { CredentialsFile = absent },
            _connection with { NKeySeedFile = _folder.Path },
            _connection with { TlsCaFile = absent },
            _connection with { TlsCertificateFile = absent, TlsKeyFile = absent },
        ];
        Assert.All(connections, (connection, i) =>
        {
            string message = Assert.Throws<InvalidInputException>(() => reads[i](connection)).Message;
            Assert.StartsWith($"{(i == 1 ? _folder.Path : absent)} cannot be read: ", message, StringComparison.Ordinal);
        });
    }

    [Fact]
    public void A_certificate_and_its_key_go_together() => Assert.Equal(
        "worker.pem is alone, expected both a certificate and its key.",
        Assert.Throws<InvalidInputException>(() => ConnectionFiles.Tls(_connection with { TlsCertificateFile = "worker.pem" })).Message);

    [Fact]
    public void What_is_no_certificate_is_refused()
    {
        string empty = Write("empty.pem", "");
        Assert.Equal(
            $"{empty} has no certificate, expected those of authorities in PEM form.",
            Assert.Throws<InvalidInputException>(() => ConnectionFiles.Tls(_connection with { TlsCaFile = empty })).Message);
        string broken = Write("broken.pem", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
        Assert.StartsWith(
            $"{broken} is not in PEM form: ",
            Assert.Throws<InvalidInputException>(() => ConnectionFiles.Tls(_connection with { TlsCaFile = broken })).Message,
            StringComparison.Ordinal);
    }

    private static string Credentials(string token, string seed) =>
        $"-----BEGIN NATS USER JWT-----\n{token}\n------END NATS USER JWT------\n\n"
        + $"-----BEGIN USER NKEY SEED-----\n{seed}\n------END USER NKEY SEED------\n";

    private static string RefusalOfUser(ClusterConnection connection) =>
        Assert.Throws<InvalidInputException>(() => ConnectionFiles.User(connection)).Message;

    private string Write(string name, string text)
    {
        File.WriteAllText(_folder[name], text);
        return _folder[name];
    }
}
