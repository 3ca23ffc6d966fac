using System.ClientModel;
using System.ClientModel.Primitives;
using System.Text;
using IlZo.Generation;
using IlZo.Inference;
using OpenAI;
using OpenAI.Chat;
using Message = IlZo.Tokenization.ChatTemplates.ChatMessage;

namespace IlZo.Server.Tests;

/// <summary>OpenAI's own client for .NET, which knows nothing of this server but its address.</summary>
public sealed class OfficialClientTests : IAsyncLifetime
{
    private const string Key = "sk-test";

    private static readonly ChatMessage[] s_conversation =
    [
        new SystemChatMessage("Once upon"), new UserChatMessage("a time"), new AssistantChatMessage("there"), new UserChatMessage("was"),
    ];

    private readonly TempFolder _temp = new();
    private TestServer _server = null!;

    public async ValueTask InitializeAsync() => _server = await TestServer.StartAsync(TestServer.Options with
    {
        ApiKey = Key,
        Adapters = [("pirate", TestAdapters.SaveLora(TestServer.Folder, _temp["pirate"], 1))],
    });

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        _temp.Dispose();
    }

    [Fact]
    public async Task Models_are_listed_by_their_names()
    {
        var models = Client().GetOpenAIModelClient();
        Assert.Equal(["stories", "pirate"], (await models.GetModelsAsync()).Value.Select(m => m.Id));
        Assert.Equal("pirate", (await models.GetModelAsync("pirate")).Value.Id);
    }

    [Theory]
    [InlineData("stories", 0f)]
    [InlineData("stories", 1.1f)]
    [InlineData("pirate", 0f)]
    public async Task An_answer_is_what_the_model_writes_at_once_and_in_a_stream(string name, float temperature)
    {
        var options = new ChatCompletionOptions { MaxOutputTokenCount = 30, Temperature = temperature, Seed = 7, TopP = 0.95f };
        var chat = Client().GetChatClient(name);
        ChatCompletion whole = await chat.CompleteChatAsync(s_conversation, options);
        var expected = await AloneAsync(name == "pirate" ? _temp["pirate"] : null, temperature);
        Assert.Equal(expected.Text, whole.Content[0].Text);
        Assert.Equal(
            (expected.PromptIds.Count, expected.NewIds.Count), (whole.Usage.InputTokenCount, whole.Usage.OutputTokenCount));
        var reason = expected.Stop == StopReason.MaxNewTokens ? ChatFinishReason.Length : ChatFinishReason.Stop;
        Assert.Equal((reason, name, ChatMessageRole.Assistant), (whole.FinishReason, whole.Model, whole.Role));

        List<StreamingChatCompletionUpdate> updates = [];
        await foreach (var update in chat.CompleteChatStreamingAsync(s_conversation, options))
        {
            updates.Add(update);
        }

        Assert.Equal(expected.Text, string.Concat(updates.SelectMany(u => u.ContentUpdate).Select(part => part.Text)));
        Assert.True(updates.Count(u => u.ContentUpdate.Count > 0) > 5);
        Assert.Equal(reason, Assert.Single(updates, u => u.FinishReason is not null).FinishReason);
        Assert.Equal(expected.NewIds.Count, Assert.Single(updates, u => u.Usage is not null).Usage.OutputTokenCount);
        Assert.Single(updates.Select(u => u.CompletionId).Distinct());
    }

    [Fact]
    public async Task Stop_texts_end_an_answer()
    {
        var expected = await AloneAsync(adapter: null, 0);
        string stop = expected.Text[12..17];
        var options = new ChatCompletionOptions { MaxOutputTokenCount = 30, Temperature = 0, StopSequences = { "zzz", stop } };
        ChatCompletion answer = await Client().GetChatClient("stories").CompleteChatAsync(s_conversation, options);
        Assert.Equal(expected.Text[..expected.Text.IndexOf(stop, StringComparison.Ordinal)], answer.Content[0].Text);
        Assert.Equal(ChatFinishReason.Stop, answer.FinishReason);
    }

    [Fact]
    public async Task Log_probabilities_are_those_of_the_tokens_of_the_text()
    {
        var options = new ChatCompletionOptions
        {
            MaxOutputTokenCount = 12,
            Temperature = 0,
            IncludeLogProbabilities = true,
            TopLogProbabilityCount = 3,
        };
        var chat = Client().GetChatClient("stories");
        ChatCompletion answer = await chat.CompleteChatAsync([new UserChatMessage("Once upon a time")], options);
        var tokens = answer.ContentTokenLogProbabilities;
        Assert.Equal(answer.Content[0].Text, string.Concat(tokens.Select(t => t.Token)));
        Assert.Equal(answer.Content[0].Text, Encoding.UTF8.GetString([.. tokens.SelectMany(t => t.Utf8Bytes!.Value.ToArray())]));

        // At temperature 0 every token is the most probable one.
        Assert.All(tokens, t => Assert.Equal((3, t.Token), (t.TopLogProbabilities.Count, t.TopLogProbabilities[0].Token)));
        Assert.All(tokens, t => Assert.Equal(t.LogProbability, t.TopLogProbabilities[0].LogProbability));
        using var model = TextModel.Load(TestServer.Folder, new TextModelOptions { Threads = 1 });
        var alone = await AloneAsync("Once upon a time", options.MaxOutputTokenCount.Value);
        int[] ids = [.. alone.PromptIds, .. alone.NewIds];
        var score = new TextScorer(model.Model, model.Backend).Score(ids);
        for (int i = 0; i < tokens.Count; i++)
        {
            Near.Equal(score.TokenLogProbabilities[ids.Length - tokens.Count + i]!.Value, tokens[i].LogProbability, 1e-4);
        }

        List<ChatTokenLogProbabilityDetails> streamed = [];
        await foreach (var update in chat.CompleteChatStreamingAsync([new UserChatMessage("Once upon a time")], options))
        {
            streamed.AddRange(update.ContentTokenLogProbabilities);
        }

        Assert.Equal(tokens.Select(t => (t.Token, t.LogProbability)), streamed.Select(t => (t.Token, t.LogProbability)));
    }

    [Fact]
    public async Task Refusals_have_their_status()
    {
        var chat = Client("sk-other").GetChatClient("stories");
        var wrongKey = await Assert.ThrowsAsync<ClientResultException>(() => chat.CompleteChatAsync("Once"));
        Assert.Equal(401, wrongKey.Status);
        var unknown = await Assert.ThrowsAsync<ClientResultException>(() => Client().GetChatClient("gpt-4o").CompleteChatAsync("Once"));
        Assert.Equal(404, unknown.Status);
        Assert.Contains("one of stories, pirate was expected", unknown.Message, StringComparison.Ordinal);
        var tools = new ChatCompletionOptions { Tools = { ChatTool.CreateFunctionTool("f") } };
        var refused = await Assert.ThrowsAsync<ClientResultException>(
            () => Client().GetChatClient("stories").CompleteChatAsync([new UserChatMessage("Once")], tools));
        Assert.Equal(400, refused.Status);
    }

    [Fact]
    public async Task The_transcript_of_the_documentation_is_what_the_client_shows()
    {
        var chat = Client().GetChatClient("stories");
        var options = new ChatCompletionOptions { MaxOutputTokenCount = 24, Temperature = 0 };
        ChatCompletion answer = await chat.CompleteChatAsync([new UserChatMessage("Once upon a time")], options);
        string transcript =
            $"""
            {string.Join(", ", (await Client().GetOpenAIModelClient().GetModelsAsync()).Value.Select(m => m.Id))}
            {answer.Content[0].Text}
            {answer.FinishReason}: {answer.Usage.InputTokenCount} + {answer.Usage.OutputTokenCount} tokens
            """;
        string page = await File.ReadAllTextAsync(TestData.InRepository("docs", "serve.md"));
        Assert.Contains(transcript.ReplaceLineEndings("\n"), page.ReplaceLineEndings("\n"), StringComparison.Ordinal);
    }

    private OpenAIClient Client(string key = Key) => new(
        new ApiKeyCredential(key),
        new OpenAIClientOptions { Endpoint = new Uri($"{_server.Server.Address}/v1"), RetryPolicy = new ClientRetryPolicy(maxRetries: 0) });

    private static Task<Continuation> AloneAsync(string message, int tokens) =>
        AloneAsync(null, [new Message("user", message)], new GenerationOptions { MaxNewTokens = tokens, Temperature = 0 });

    private static Task<Continuation> AloneAsync(string? adapter, float temperature) => AloneAsync(
        adapter,
        [new Message("system", "Once upon"), new Message("user", "a time"), new Message("assistant", "there"), new Message("user", "was")],
        new GenerationOptions { MaxNewTokens = 30, Temperature = (double)(decimal)temperature, TopP = 0.95, Seed = 7 });

    private static async Task<Continuation> AloneAsync(string? adapter, IEnumerable<Message> messages, GenerationOptions options)
    {
        using var model = TextModel.Load(
            TestServer.Folder, new TextModelOptions { Adapter = adapter, ChatTemplate = TestServer.Template, Threads = 1 });
        Continuation? end = null;
        await foreach (string _ in model.ChatAsync(messages, options, e => end = e))
        {
            // The whole is what is asked for.
        }

        return end!;
    }
}
