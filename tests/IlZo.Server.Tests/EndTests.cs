using System.Net;
using System.Text.Json.Nodes;
using IlZo.Generation;

namespace IlZo.Server.Tests;

/// <summary>A full queue, and the end of the server.</summary>
public sealed class EndTests
{
    private const string Path = "/v1/completions";
    private const string Small = """{"model": "stories", "prompt": "a", "max_tokens": 1}""";

    [Fact]
    public async Task A_full_queue_is_said_with_its_status()
    {
        await using var server = await TestServer.StartAsync(TestServer.Options with { MaxConcurrent = 1, MaxQueue = 0 });
        using var left = new CancellationTokenSource();
        var endless = Endless(server, left.Token);
        using (var response = await server.Client.PostAsync(Path, new StringContent(Small, null, "application/json")))
        {
            Assert.Equal(HttpStatusCode.TooManyRequests, response.StatusCode);
            Assert.NotNull(response.Headers.RetryAfter);
            var error = JsonNode.Parse(await response.Content.ReadAsStringAsync())!["error"]!;
            Assert.Equal(("rate_limit_error", "queue_full"), ((string)error["type"]!, (string)error["code"]!));
        }

        Assert.Equal("""{"status":"ok","growing":1,"waiting":0}""", await BusyAsync(server));
        await left.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => endless.End);
        Assert.Equal(HttpStatusCode.OK, (await server.PostAsync(Path, Small)).Status);
    }

    [Fact]
    public async Task While_texts_end_no_more_are_taken()
    {
        await using var server = await TestServer.StartAsync();
        using var left = new CancellationTokenSource();
        var endless = Endless(server, left.Token);
        var stopped = server.Server.StopAsync(TimeSpan.FromHours(1));
        var (status, refusal) = await server.PostAsync(Path, Small);
        Assert.Equal((HttpStatusCode.ServiceUnavailable, "shutting_down"), (status, (string)refusal["error"]!["code"]!));
        Assert.False(stopped.IsCompleted);
        await left.CancelAsync();
        await stopped;
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => endless.End);
        await Assert.ThrowsAsync<HttpRequestException>(() => server.Client.GetAsync("/health"));
    }

    [Fact]
    public async Task A_stream_that_the_end_cuts_says_so()
    {
        await using var server = await TestServer.StartAsync();
        List<string> events = [];
        Task? stopped = null;

        // The penalty has the same tokens come again and again, and none that ends the text.
        var body = new JsonObject
        {
            ["model"] = "stories",
            ["prompt"] = "a",
            ["max_tokens"] = 480,
            ["stream"] = true,
            ["temperature"] = 0,
            ["repetition_penalty"] = 0.01,
        };
        await foreach (string data in EventReader.EventsAsync(server.Client, Path, body))
        {
            events.Add(data);
            stopped ??= server.Server.StopAsync(TimeSpan.Zero);
        }

        await stopped!;
        Assert.DoesNotContain(EventReader.Done, events);
        Assert.Equal("shutting_down", (string)JsonNode.Parse(events[^1])!["error"]!["code"]!);
    }

    // A text that goes on until nobody wants it.
    private static StartedText Endless(TestServer server, CancellationToken left)
    {
        var request = new TextRequest([1])
        {
            Options = new GenerationOptions { MaxNewTokens = 50_000, RepetitionPenalty = 0.01, Temperature = 0 },
        };
        Assert.True(server.Models.Generator.TryStart(request, out var text, left));
        return text;
    }

    private static async Task<string> BusyAsync(TestServer server)
    {
        string health;
        do
        {
            health = await server.Client.GetStringAsync("/health");
        }
        while (health.Contains("\"growing\":0", StringComparison.Ordinal));

        return health;
    }
}
