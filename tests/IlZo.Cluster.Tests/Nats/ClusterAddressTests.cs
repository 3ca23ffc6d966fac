using IlZo.Clusters.Nats;

namespace IlZo.Cluster.Tests.Nats;

/// <summary>What is an address of servers.</summary>
public sealed class ClusterAddressTests
{
    [Theory]
    [InlineData("nats://host", "nats://host:4222", false)]
    [InlineData("nats://host:1", "nats://host:1", false)]
    [InlineData("NATS://Host:65535/", "nats://host:65535", false)]
    [InlineData("tls://10.0.0.1:4222", "tls://10.0.0.1:4222", true)]
    [InlineData("nats://[::1]:5000", "nats://[::1]:5000", false)]
    [InlineData(" tls://a , tls://b:1 ", "tls://a:4222,tls://b:1", true)]
    public void An_address_is_read(string text, string servers, bool tls)
    {
        var address = ClusterAddress.Parse(text);
        Assert.Equal(servers, address.Servers);
        Assert.Equal(servers, $"{address}");
        Assert.Equal(tls, address.Tls);
        Assert.Equal(address, ClusterAddress.Parse(servers));
    }

    [Theory]
    [InlineData("")]
    [InlineData("host")]
    [InlineData("host:4222")]
    [InlineData("nats:host")]
    [InlineData("nats://")]
    [InlineData("nats://:4222")]
    [InlineData("ws://host")]
    [InlineData("http://host:4222")]
    [InlineData("nats://host:65536")]
    [InlineData("nats://host:-1")]
    [InlineData("nats://a,,nats://b")]
    [InlineData("nats://a b")]
    public void What_is_no_address_is_refused(string text)
    {
        string message = Assert.Throws<InvalidInputException>(() => ClusterAddress.Parse(text)).Message;
        Assert.StartsWith("--cluster '", message, StringComparison.Ordinal);
        Assert.EndsWith(
            "is no address of a server, expected nats://HOST:PORT or tls://HOST:PORT, several with commas between.",
            message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("nats://host/path")]
    [InlineData("nats://host?x=1")]
    [InlineData("nats://host#x")]
    [InlineData("nats://host:0")]
    public void What_has_more_than_a_host_and_a_port_is_refused(string text) => Assert.Equal(
        $"--cluster '{text}' has more or less than a host and a port from 1 to 65535.",
        Assert.Throws<InvalidInputException>(() => ClusterAddress.Parse(text)).Message);

    [Fact]
    public void A_password_is_refused_and_not_repeated() => Assert.Equal(
        "--cluster 'nats://host:1' has a name or a password before the host, expected those in a file.",
        Assert.Throws<InvalidInputException>(() => ClusterAddress.Parse("nats://me:secret@host:1")).Message);

    [Fact]
    public void Servers_with_and_without_encryption_are_not_mixed() => Assert.Equal(
        "--cluster 'nats://a,tls://b' has servers with and without TLS, expected nats:// or tls:// for all of them.",
        Assert.Throws<InvalidInputException>(() => ClusterAddress.Parse("nats://a,tls://b")).Message);
}
