using System.CommandLine;
using System.Net;
using IlZo.Cli;

namespace IlZo.Server.Tests;

/// <summary>What a command line says, and what it may not.</summary>
public sealed class OptionTests
{
    [Fact]
    public void A_command_line_says_what_is_served_and_to_whom()
    {
        var options = Read(
            "--model m --name n --adapter a=x --adapter b=y=z --host ::1 --port 0 --api-key k --max-concurrent 2 --max-queue 0 "
                + "--max-body 9 --max-context 99 --threads 3 --precision bf16");
        Assert.Equal(("m", "n", "k"), (options.Model, options.Name, options.ApiKey));
        Assert.Equal((IPAddress.IPv6Loopback, 0), (options.Address, options.Port));
        Assert.Equal([("a", "x"), ("b", "y=z")], options.Adapters);
        Assert.Equal((2, 0, 9, 99), (options.MaxConcurrent, options.MaxQueue, options.MaxBody, options.MaxContext));
        Assert.Equal((3, "bf16"), (options.Threads, options.Engine.Precision));
        options = Read("--api-key k --host 0.0.0.0");
        Assert.Equal(("builtin", null, IPAddress.Any, 8080), (options.Model, options.Name, options.Address, options.Port));
        Assert.Equal((16, 256, 1 << 20), (options.MaxConcurrent, options.MaxQueue, options.MaxBody));
        Assert.Equal(IPAddress.Loopback, Read("--host localhost").Address);
    }

    [Theory]
    [InlineData("--host example.org", "--host is 'example.org'; an IP address ")]
    [InlineData("--port 65536", "--port is 65536; 0 to 65535 was expected.")]
    [InlineData("--port -1", "--port is -1; 0 to 65535 was expected.")]
    [InlineData("--max-concurrent 17", "--max-concurrent is 17; 1 to 16 was expected.")]
    [InlineData("--max-queue -1", "--max-queue is -1; ")]
    [InlineData("--max-body 0", "--max-body is 0; ")]
    [InlineData("--max-context 1", "--max-context is 1; ")]
    [InlineData("--adapter faq", "--adapter is 'faq'; NAME=DIR was expected.")]
    [InlineData("--adapter =x", "--adapter is '=x'; NAME=DIR was expected.")]
    [InlineData("--api-key kéy", "The key has a character that a header cannot have, ")]
    public void A_value_outside_its_range_is_refused(string line, string message) =>
        Assert.StartsWith(message, Assert.Throws<InvalidInputException>(() => Read(line)).Message, StringComparison.Ordinal);

    [Fact]
    public async Task An_address_that_cannot_be_had_and_names_that_stand_for_two_are_refused()
    {
        await using var server = await TestServer.StartAsync();
        int port = new Uri(server.Server.Address).Port;
        var taken = await Assert.ThrowsAsync<InvalidInputException>(() => TestServer.StartAsync(TestServer.Options with { Port = port }));
        Assert.StartsWith(
            $"--host is 127.0.0.1 and --port is {port}, which cannot be had (it is in use); ", taken.Message, StringComparison.Ordinal);
        var foreign = TestServer.Options with { Address = IPAddress.Parse("203.0.113.7"), ApiKey = "k" };
        var elsewhere = await Assert.ThrowsAsync<InvalidInputException>(() => TestServer.StartAsync(foreign));
        Assert.StartsWith("--host is 203.0.113.7 and --port is 0, which cannot be had (", elsewhere.Message, StringComparison.Ordinal);
        var twice = TestServer.Options with { Adapters = [("stories", "x")] };
        var names = await Assert.ThrowsAsync<InvalidInputException>(() => TestServer.StartAsync(twice));
        Assert.StartsWith("The name 'stories' stands for two models; ", names.Message, StringComparison.Ordinal);
    }

    private static ServeOptions Read(string line) =>
        ServeOptions.Read(new RootCommand { ServeCommand.Create(_ => 0) }.Parse($"serve {line}"));
}
