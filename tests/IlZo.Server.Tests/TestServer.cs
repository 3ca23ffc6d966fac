using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using IlZo.Cli;
using IlZo.Inference;

namespace IlZo.Server.Tests;

/// <summary>A server of a small model, and adapters on it, in this process.</summary>
internal sealed class TestServer : IAsyncDisposable
{
    public const string Name = "stories";

    private TestServer(ServedModels models, ModelServer server)
    {
        (Models, Server) = (models, server);
        Client = new HttpClient { BaseAddress = new Uri(server.Address) };
    }

    public static string Folder => TestData.Path("models", "stories260K");

    public static string Template => TestData.InRepository("samples", "Chat", "plain.jinja");

    public ServedModels Models { get; }

    public ModelServer Server { get; }

    public HttpClient Client { get; }

    public static ServeOptions Options => new(
        Folder, Name, [], Template, IPAddress.Loopback, Port: 0, ApiKey: null, MaxConcurrent: 16, MaxQueue: 256, MaxBody: 1 << 16, null);

    public static async Task<TestServer> StartAsync(ServeOptions? options = null)
    {
        options ??= Options;
        var models = ServedModels.Load(
            options.Model, options.Name, options.Adapters, new TextModelOptions { ChatTemplate = options.ChatTemplate, Threads = 1 },
            options.MaxContext, options.MaxConcurrent, options.MaxQueue);
        try
        {
            return new TestServer(models, await ModelServer.StartAsync(models, options));
        }
        catch
        {
            await models.DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await Server.DisposeAsync();
        await Models.DisposeAsync();
    }

    /// <summary>Posts JSON and returns the status and the body.</summary>
    public async Task<(HttpStatusCode Status, JsonNode Body)> PostAsync(string path, string body)
    {
        using var content = new StringContent(body, Encoding.UTF8, "application/json");
        using var response = await Client.PostAsync(path, content);
        Assert.Equal("application/json", response.Content.Headers.ContentType!.MediaType);
        return (response.StatusCode, JsonNode.Parse(await response.Content.ReadAsStringAsync())!);
    }

    /// <summary>Posts JSON that must be accepted.</summary>
    public async Task<JsonNode> AskAsync(string path, JsonObject body)
    {
        var (status, answer) = await PostAsync(path, body.ToJsonString());
        Assert.True(status == HttpStatusCode.OK, answer.ToJsonString());
        return answer;
    }

    /// <summary>Waits until nothing is written and nothing waits.</summary>
    public async Task IdleAsync()
    {
        JsonNode health;
        do
        {
            health = JsonNode.Parse(await Client.GetStringAsync("/health"))!;
        }
        while ((int)health["growing"]! + (int)health["waiting"]! > 0);
    }
}
