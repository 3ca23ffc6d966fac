using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Microsoft.AspNetCore.Http;

namespace IlZo.Server.Api;

/// <summary>A response of server-sent events, a line of JSON each.</summary>
internal static class EventStream
{
    private static readonly byte[] s_data = "data: "u8.ToArray();
    private static readonly byte[] s_end = "\n\n"u8.ToArray();
    private static readonly byte[] s_done = "data: [DONE]\n\n"u8.ToArray();

    /// <summary>Sends the head of the response.</summary>
    public static Task BeginAsync(HttpResponse response, CancellationToken cancellation)
    {
        response.ContentType = "text/event-stream";
        response.Headers.CacheControl = "no-cache";
        return response.Body.FlushAsync(cancellation);
    }

    /// <summary>Sends an event.</summary>
    public static async Task SendAsync<T>(HttpResponse response, T body, JsonTypeInfo<T> type, CancellationToken cancellation)
    {
        byte[] json = JsonSerializer.SerializeToUtf8Bytes(body, type);
        await response.Body.WriteAsync((byte[])[.. s_data, .. json, .. s_end], cancellation).ConfigureAwait(false);
        await response.Body.FlushAsync(cancellation).ConfigureAwait(false);
    }

    /// <summary>Sends what stands at the end of a stream that nothing is missing of.</summary>
    public static async Task EndAsync(HttpResponse response, CancellationToken cancellation)
    {
        await response.Body.WriteAsync(s_done, cancellation).ConfigureAwait(false);
        await response.Body.FlushAsync(cancellation).ConfigureAwait(false);
    }
}
