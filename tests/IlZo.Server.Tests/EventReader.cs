using System.Text;
using System.Text.Json.Nodes;

namespace IlZo.Server.Tests;

/// <summary>Reads a stream of server-sent events, as browsers do.</summary>
internal static class EventReader
{
    public const string Done = "[DONE]";

    /// <summary>Posts a request and yields the events, the last one too; leaving the loop cuts the connection.</summary>
    public static async IAsyncEnumerable<string> EventsAsync(HttpClient client, string path, JsonObject body)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, path)
        {
            Content = new StringContent(body.ToJsonString(), Encoding.UTF8, "application/json"),
        };
        using var response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        Assert.True(response.IsSuccessStatusCode, response.StatusCode.ToString());
        Assert.Equal("text/event-stream", response.Content.Headers.ContentType!.MediaType);
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync());
        while (await reader.ReadLineAsync() is { } line)
        {
            if (line.Length > 0)
            {
                Assert.StartsWith("data: ", line, StringComparison.Ordinal);
                yield return line["data: ".Length..];
            }
        }
    }
}
