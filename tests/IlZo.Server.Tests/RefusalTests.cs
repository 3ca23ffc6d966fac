using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;

namespace IlZo.Server.Tests;

/// <summary>Requests that cannot be served, or should not.</summary>
public sealed class RefusalTests(RefusalTests.Shared shared) : IClassFixture<RefusalTests.Shared>
{
    private const string Completions = "/v1/completions";
    private const string Chat = "/v1/chat/completions";

    private TestServer Server => shared.Server;

    [Theory]
    [InlineData("", null, "invalid_json")]
    [InlineData("{", null, "invalid_json")]
    [InlineData("[]", null, "invalid_json")]
    [InlineData("""{"model": "stories", "prompt": "a", "prompt": "b"}""", null, "invalid_json")]
    [InlineData("""{"model": "stories", "prompt": "\ud800"}""", null, "invalid_json")]
    [InlineData("""{"model": "stories", "prompt": "a", "temperature": NaN}""", null, "invalid_json")]
    [InlineData("""{"prompt": "a"}""", "model", "missing_required_parameter")]
    [InlineData("""{"model": 1, "prompt": "a"}""", "model", "invalid_type")]
    [InlineData("""{"model": "stories", "prompt": 7}""", "prompt", "invalid_type")]
    [InlineData("""{"model": "stories", "prompt": ["a", "b"]}""", "prompt", "invalid_type")]
    [InlineData("""{"model": "stories", "prompt": []}""", "prompt", "invalid_type")]
    [InlineData("""{"model": "stories", "prompt": [1, "a"]}""", "prompt", "invalid_type")]
    [InlineData("""{"model": "stories", "prompt": [1e99]}""", "prompt", "invalid_type")]
    [InlineData("""{"model": "stories", "prompt": [99999]}""", null, null)]
    [InlineData("""{"model": "stories", "prompt": [-1]}""", null, null)]
    [InlineData("""{"model": "stories", "prompt": "a", "temperature": "NaN"}""", "temperature", "invalid_type")]
    [InlineData("""{"model": "stories", "prompt": "a", "temperature": -1}""", "temperature", "invalid_value")]
    [InlineData("""{"model": "stories", "prompt": "a", "temperature": 1e999}""", "temperature", "invalid_value")]
    [InlineData("""{"model": "stories", "prompt": "a", "top_p": 0}""", "top_p", "invalid_value")]
    [InlineData("""{"model": "stories", "prompt": "a", "top_p": 1.5}""", "top_p", "invalid_value")]
    [InlineData("""{"model": "stories", "prompt": "a", "top_k": -1}""", "top_k", "invalid_value")]
    [InlineData("""{"model": "stories", "prompt": "a", "repetition_penalty": 0}""", "repetition_penalty", "invalid_value")]
    [InlineData("""{"model": "stories", "prompt": "a", "seed": 0.5}""", "seed", "invalid_value")]
    [InlineData("""{"model": "stories", "prompt": "a", "max_tokens": -3}""", "max_tokens", "invalid_value")]
    [InlineData("""{"model": "stories", "prompt": "a", "max_tokens": "5"}""", "max_tokens", "invalid_type")]
    [InlineData("""{"model": "stories", "prompt": "a", "max_tokens": 99999999999}""", "max_tokens", "invalid_value")]
    [InlineData("""{"model": "stories", "prompt": "a", "max_tokens": 511}""", null, "context_length_exceeded")]
    [InlineData("""{"model": "stories", "prompt": "a", "stop": ["a", "b", "c", "d", "e"]}""", "stop", "invalid_value")]
    [InlineData("""{"model": "stories", "prompt": "a", "stop": ""}""", "stop", "invalid_value")]
    [InlineData("""{"model": "stories", "prompt": "a", "stop": [1]}""", "stop", "invalid_type")]
    [InlineData("""{"model": "stories", "prompt": "a", "n": 2}""", "n", "unsupported_value")]
    [InlineData("""{"model": "stories", "prompt": "a", "best_of": 3}""", "best_of", "unsupported_value")]
    [InlineData("""{"model": "stories", "prompt": "a", "echo": true}""", "echo", "unsupported_value")]
    [InlineData("""{"model": "stories", "prompt": "a", "suffix": "end"}""", "suffix", "unsupported_value")]
    [InlineData("""{"model": "stories", "prompt": "a", "presence_penalty": 0.5}""", "presence_penalty", "unsupported_value")]
    [InlineData("""{"model": "stories", "prompt": "a", "logit_bias": {"5": 100}}""", "logit_bias", "unsupported_value")]
    [InlineData("""{"model": "stories", "prompt": "a", "logprobs": 21}""", "logprobs", "invalid_value")]
    [InlineData("""{"model": "stories", "prompt": "a", "stream": "yes"}""", "stream", "invalid_type")]
    [InlineData("""{"model": "stories", "prompt": "a", "stream_options": {"include_usage": true}}""", "stream_options", "invalid_value")]
    [InlineData("""{"model": "stories", "prompt": "a", "stream": true, "stream_options": 1}""", "stream_options", "invalid_type")]
    [InlineData("""{"model": "stories", "prompt": "a", "min_p": 0.1}""", "min_p", "unsupported_parameter")]
    public async Task A_continuation_is_refused_with_the_field(string body, string? parameter, string? code) =>
        await RefusedAsync(Completions, body, parameter, code);

    [Theory]
    [InlineData("""{"model": "stories"}""", "messages", "missing_required_parameter")]
    [InlineData("""{"model": "stories", "messages": []}""", "messages", "invalid_value")]
    [InlineData("""{"model": "stories", "messages": "Hi"}""", "messages", "invalid_value")]
    [InlineData("""{"model": "stories", "messages": ["Hi"]}""", "messages[0]", "invalid_type")]
    [InlineData("""{"model": "stories", "messages": [{"content": "Hi"}]}""", "messages[0].role", "missing_required_parameter")]
    [InlineData("""{"model": "stories", "messages": [{"role": "tool", "content": "Hi"}]}""", "messages[0].role", "invalid_value")]
    [InlineData("""{"model": "stories", "messages": [{"role": "user"}]}""", "messages[0].content", "missing_required_parameter")]
    [InlineData("""{"model": "stories", "messages": [{"role": "user", "content": 1}]}""", "messages[0].content", "invalid_type")]
    [InlineData(
        """{"model": "stories", "messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {}}]}]}""",
        "messages[0].content[0].type", "unsupported_value")]
    [InlineData(
        """{"model": "stories", "messages": [{"role": "user", "content": "Hi", "name": "A"}]}""", "messages[0].name",
        "unsupported_parameter")]
    [InlineData("""{"model": "stories", "messages": [{"role": "user", "content": "Hi"}], "tools": [{}]}""", "tools", "unsupported_value")]
    [InlineData(
        """{"model": "stories", "messages": [{"role": "user", "content": "Hi"}], "tool_choice": "required"}""", "tool_choice",
        "unsupported_value")]
    [InlineData(
        """{"model": "stories", "messages": [{"role": "user", "content": "Hi"}], "response_format": {"type": "json_object"}}""",
        "response_format", "unsupported_value")]
    [InlineData(
        """{"model": "stories", "messages": [{"role": "user", "content": "Hi"}], "top_logprobs": 2}""", "top_logprobs", "invalid_value")]
    [InlineData(
        """{"model": "stories", "messages": [{"role": "user", "content": "Hi"}], "max_tokens": 5, "max_completion_tokens": 6}""",
        "max_tokens", "invalid_value")]
    [InlineData(
        """{"model": "stories", "messages": [{"role": "user", "content": "Hi"}], "prompt": "a"}""", "prompt", "unsupported_parameter")]
    public async Task A_conversation_is_refused_with_the_field(string body, string parameter, string code) =>
        await RefusedAsync(Chat, body, parameter, code);

    [Fact]
    public async Task What_means_nothing_or_the_usual_is_accepted()
    {
        var (status, answer) = await Server.PostAsync(
            Chat,
            """
            {"model": "stories", "messages": [{"role": "developer", "content": [{"type": "text", "text": "Hi"}], "name": null}],
             "max_completion_tokens": 2, "max_tokens": 2, "n": 1, "tools": [], "tool_choice": "none", "response_format": {"type": "text"},
             "user": "u", "metadata": {"a": "b"}, "store": false, "presence_penalty": 0, "frequency_penalty": 0.0, "logit_bias": {},
             "logprobs": false, "stream": false, "stream_options": null, "top_p": 1, "modalities": ["text"], "stop": null}
            """);
        Assert.True(status == HttpStatusCode.OK, answer.ToJsonString());
        Assert.Equal(2, (int)answer["usage"]!["completion_tokens"]!);
        (status, answer) = await Server.PostAsync(Completions, """{"model": "stories", "prompt": "a", "max_tokens": 0, "best_of": 1}""");
        Assert.Equal((HttpStatusCode.OK, 0), (status, (int)answer["usage"]!["completion_tokens"]!));
    }

    [Fact]
    public async Task A_model_that_is_not_served_is_not_found()
    {
        var (status, refusal) = await Server.PostAsync(Completions, """{"model": "gpt-4o", "prompt": "a"}""");
        Assert.Equal((HttpStatusCode.NotFound, "model_not_found"), (status, (string)refusal["error"]!["code"]!));
        using var response = await Server.Client.GetAsync("/v1/models/other");
        Assert.Equal(HttpStatusCode.NotFound, response.StatusCode);
    }

    [Theory]
    [InlineData("GET", "/v1/completions", null, 405)]
    [InlineData("OPTIONS", "/v1/chat/completions", null, 405)]
    [InlineData("POST", "/v1/models", "application/json", 405)]
    [InlineData("GET", "/", null, 404)]
    [InlineData("GET", "/v1/models/../../etc/passwd", null, 404)]
    [InlineData("POST", "/v1/embeddings", "application/json", 404)]
    [InlineData("POST", "/v1/completions", "text/plain", 415)]
    [InlineData("POST", "/v1/completions", "application/x-www-form-urlencoded", 415)]
    [InlineData("POST", "/v1/completions", null, 415)]
    public async Task Other_paths_methods_and_types_are_refused(string method, string path, string? type, int status)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), path);
        if (method == "POST")
        {
            request.Content = new ByteArrayContent("{}"u8.ToArray());
            request.Content.Headers.ContentType = type is null ? null : new(type);
        }

        using var response = await Server.Client.SendAsync(request);
        Assert.Equal(status, (int)response.StatusCode);
        Assert.Equal("invalid_request_error", (string)JsonNode.Parse(await response.Content.ReadAsStringAsync())!["error"]!["type"]!);
        Assert.False(response.Headers.Contains("Access-Control-Allow-Origin"));
    }

    [Fact]
    public async Task A_body_that_is_too_large_is_refused_whether_it_says_so_or_not()
    {
        byte[] large = Encoding.UTF8.GetBytes($$"""{"model": "stories", "prompt": "{{new string('a', 1 << 17)}}"}""");
        foreach (bool saysSo in (bool[])[true, false])
        {
            string head = saysSo ? $"Content-Length: {large.Length}\r\n" : "Transfer-Encoding: chunked\r\n";
            string first = saysSo ? string.Empty : $"{large.Length:x}\r\n";
            string answer = await RawAsync(
                $"POST {Completions} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n{head}\r\n{first}", large);
            Assert.StartsWith("HTTP/1.1 413 ", answer, StringComparison.Ordinal);
            Assert.Contains("The body has more than 65536 bytes; that or less was expected.", answer, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("GET /v1/models HTTP/1.1\r\nHost: evil.example\r\n\r\n", 403)]
    [InlineData("GET /v1/models HTTP/1.1\r\nHost: 127.0.0.1.evil.example\r\n\r\n", 403)]
    [InlineData("GET /v1/models HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n\r\n", 400)]
    [InlineData("GET /v1/models HTTP/1.1\r\nHost: [::1]:80\r\nConnection: close\r\n\r\n", 200)]
    [InlineData("GET /v1/models HTTP/1.1\r\n\r\n", 400)]
    [InlineData("POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nContent-Length: -5\r\n\r\n", 400)]
    [InlineData("POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n", 400)]
    [InlineData("nonsense\r\n\r\n", 400)]
    public async Task Heads_with_tricks_are_refused(string head, int status) =>
        Assert.StartsWith($"HTTP/1.1 {status} ", await RawAsync(head, []), StringComparison.Ordinal);

    [Theory]
    [InlineData(null, 401)]
    [InlineData("Bearer wrong", 401)]
    [InlineData("Bearer", 401)]
    [InlineData("secret", 401)]
    [InlineData("Basic secret", 401)]
    [InlineData("Bearer secret,Bearer secret", 401)]
    [InlineData("Bearer secret2", 401)]
    [InlineData("Bearer secret", 200)]
    [InlineData("bearer secret", 200)]
    public async Task A_key_is_needed_where_there_is_one(string? header, int status)
    {
        await using var server = await TestServer.StartAsync(TestServer.Options with { ApiKey = "secret" });
        using var request = new HttpRequestMessage(HttpMethod.Get, "/v1/models");
        request.Headers.Host = "reached.by.another.name";
        if (header is not null)
        {
            request.Headers.TryAddWithoutValidation("Authorization", header.Split(','));
        }

        using var response = await server.Client.SendAsync(request);
        Assert.Equal(status, (int)response.StatusCode);
        Assert.Equal(status == 401, response.Headers.WwwAuthenticate.Count == 1);
        using var health = await server.Client.GetAsync("/health");
        Assert.Equal(HttpStatusCode.OK, health.StatusCode);
    }

    private async Task RefusedAsync(string path, string body, string? parameter, string? code)
    {
        var (status, refusal) = await Server.PostAsync(path, body);
        Assert.Equal(HttpStatusCode.BadRequest, status);
        var error = refusal["error"]!;
        Assert.Equal(
            ("invalid_request_error", parameter, code), ((string)error["type"]!, (string?)error["param"], (string?)error["code"]));
        Assert.Contains(" expected", (string)error["message"]!, StringComparison.Ordinal);
        Assert.DoesNotContain("--", (string)error["message"]!, StringComparison.Ordinal);
    }

    // What the server says to bytes as they are.
    private async Task<string> RawAsync(string head, byte[] body)
    {
        var address = new Uri(Server.Server.Address);
        using var client = new TcpClient();
        await client.ConnectAsync(address.Host, address.Port);
        await using var stream = client.GetStream();
        await stream.WriteAsync(Encoding.ASCII.GetBytes(head));
        try
        {
            await stream.WriteAsync(body);
        }
        catch (IOException)
        {
            // It has closed the connection already.
        }

        // The head, and the body by its length.
        var answer = new StringBuilder();
        byte[] buffer = new byte[4096];
        while (!IsWhole(answer.ToString()) && await stream.ReadAsync(buffer) is > 0 and int count)
        {
            answer.Append(Encoding.ASCII.GetString(buffer, 0, count));
        }

        return answer.ToString();
    }

    private static bool IsWhole(string answer)
    {
        int end = answer.IndexOf("\r\n\r\n", StringComparison.Ordinal);
        const string length = "Content-Length: ";
        int at = answer.IndexOf(length, StringComparison.Ordinal);
        return end >= 0 && at >= 0
            && answer.Length >= end + 4 + int.Parse(answer.AsSpan(at + length.Length, answer.IndexOf('\r', at) - at - length.Length));
    }

    public sealed class Shared : IAsyncLifetime
    {
        internal TestServer Server { get; private set; } = null!;

        public async ValueTask InitializeAsync() => Server = await TestServer.StartAsync();

        public ValueTask DisposeAsync() => Server.DisposeAsync();
    }
}
