using IlZo.Generation;
using IlZo.Inference;
using IlZo.Training;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.DependencyInjection;

namespace IlZo.Extensions.AI.Tests;

public sealed class IlZoChatClientTests : IDisposable
{
    private static readonly ChatOptions s_twelve = new() { MaxOutputTokens = 12 };

    private readonly TempFolder _temp = new();
    private readonly ServiceProvider _services;
    private readonly IChatClient _client;

    public IlZoChatClientTests()
    {
        File.WriteAllText(_temp["plain.jinja"], "{% for m in messages %}{{ m.role[0] }} {{ m.content }} {% endfor %}");
        _services = new ServiceCollection().AddIlZo(TestData.Path("models", "stories260K"), Options).AddKeyedIlZo(
            "again", TestData.Path("models", "stories260K"), Options).BuildServiceProvider();
        _client = _services.GetRequiredService<IChatClient>();
    }

    private TextModelOptions Options => new() { ChatTemplate = _temp["plain.jinja"], Threads = 1 };

    public void Dispose()
    {
        _services.Dispose();
        _temp.Dispose();
    }

    [Fact]
    public async Task An_answer_is_what_the_model_writes()
    {
        ChatMessage[] conversation = [new(ChatRole.User, "Once upon"), new(ChatRole.Assistant, "a time"), new(ChatRole.User, "there was")];
        var response = await _client.GetResponseAsync(conversation, s_twelve);

        string expected = string.Empty;
        var model = _services.GetRequiredService<TextModel>();
        await foreach (string piece in model.ChatAsync(
            [new("user", "Once upon"), new("assistant", "a time"), new("user", "there was")], new() { MaxNewTokens = 12 }))
        {
            expected += piece;
        }

        Assert.Equal(expected, response.Text);
        Assert.NotEmpty(response.Text);
        Assert.Equal((ChatFinishReason.Length, 12), (response.FinishReason!.Value, response.Usage!.OutputTokenCount!.Value));
        Assert.Equal(response.Usage.InputTokenCount + 12, response.Usage.TotalTokenCount);
        Assert.Equal(ChatRole.Assistant, Assert.Single(response.Messages).Role);
        Assert.Equal(TestData.Path("models", "stories260K"), response.ModelId);
    }

    [Fact]
    public async Task Updates_come_piece_by_piece_and_the_last_one_has_the_end()
    {
        List<ChatResponseUpdate> updates = [];
        await foreach (var update in _client.GetStreamingResponseAsync("Once upon a time", s_twelve))
        {
            updates.Add(update);
        }

        Assert.InRange(updates.Count, 4, 13);
        Assert.All(updates[..^1], u => Assert.NotEmpty(u.Text));
        Assert.All(updates[..^1], u => Assert.Null(u.FinishReason));
        Assert.Equal(ChatFinishReason.Length, updates[^1].FinishReason);
        Assert.Single(updates.Select(u => u.ResponseId).Distinct());
        Assert.Equal((await _client.GetResponseAsync("Once upon a time", s_twelve)).Text, string.Concat(updates.Select(u => u.Text)));
    }

    [Fact]
    public async Task Options_of_sampling_reach_the_model()
    {
        var options = new ChatOptions { MaxOutputTokens = 30, Temperature = 1.5f, TopK = 40, TopP = 0.9f, Seed = 7 };
        var drawn = await _client.GetResponseAsync("Once upon a time", options);
        string expected = string.Empty;
        var generation = new GenerationOptions { MaxNewTokens = 30, Temperature = 1.5, TopK = 40, TopP = 0.9f, Seed = 7 };
        await foreach (string piece in _services.GetRequiredService<TextModel>().ChatAsync([new("user", "Once upon a time")], generation))
        {
            expected += piece;
        }

        Assert.Equal(expected, drawn.Text);
        options.StopSequences = [expected[8..11]];
        var stopped = await _client.GetResponseAsync("Once upon a time", options);
        Assert.Equal(expected[..expected.IndexOf(expected[8..11], StringComparison.Ordinal)], stopped.Text);
        Assert.Equal(ChatFinishReason.Stop, stopped.FinishReason);
        options.Seed = 8;
        options.StopSequences = null;
        Assert.NotEqual(expected, (await _client.GetResponseAsync("Once upon a time", options)).Text);
        options.TopP = 0;
        var error = await Assert.ThrowsAsync<InvalidInputException>(() => _client.GetResponseAsync("Once", options));
        Assert.Equal("TopP is 0; a number above 0, up to 1, was expected.", error.Message);
    }

    [Fact]
    public async Task Instructions_are_the_message_of_the_system()
    {
        var instructed = await _client.GetResponseAsync("Once", new() { MaxOutputTokens = 12, Instructions = "Tell a story." });
        var said = await _client.GetResponseAsync([new(ChatRole.System, "Tell a story."), new(ChatRole.User, "Once")], s_twelve);
        Assert.Equal((said.Text, said.Usage!.InputTokenCount), (instructed.Text, instructed.Usage!.InputTokenCount));
    }

    [Fact]
    public async Task Requests_at_the_same_time_are_answered_in_turn()
    {
        string alone = (await _client.GetResponseAsync("Once upon a time", s_twelve)).Text;
        var together = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => _client.GetResponseAsync("Once upon a time", s_twelve)));
        Assert.All(together, response => Assert.Equal(alone, response.Text));
    }

    [Fact]
    public async Task A_request_that_is_left_gives_up_its_turn()
    {
        await foreach (var update in _client.GetStreamingResponseAsync("Once upon a time", new() { MaxOutputTokens = 400 }))
        {
            Assert.NotEmpty(update.Text);
            break;
        }

        using var ended = new CancellationTokenSource();
        await ended.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => _client.GetResponseAsync("Once", s_twelve, ended.Token));
        Assert.NotEmpty((await _client.GetResponseAsync("Once", s_twelve)).Text);
    }

    public static TheoryData<ChatOptions, string> Impossible => new()
    {
        { new() { Tools = [AIFunctionFactory.Create(() => 1, "one")] }, "tools" },
        { new() { ResponseFormat = ChatResponseFormat.Json }, "a response format of JSON" },
        { new() { PresencePenalty = 0.5f }, "a presence penalty of 0.5" },
        { new() { FrequencyPenalty = -1 }, "a frequency penalty of -1" },
    };

    [Theory]
    [MemberData(nameof(Impossible), DisableDiscoveryEnumeration = true)]
    public async Task What_a_model_cannot_do_is_refused_by_name(ChatOptions options, string expected)
    {
        var error = await Assert.ThrowsAsync<InvalidInputException>(() => _client.GetResponseAsync("Once", options));
        Assert.StartsWith($"The request has {expected}; ", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_message_with_something_else_than_text_is_refused_with_its_place()
    {
        ChatMessage[] conversation = [new(ChatRole.User, "See"), new(ChatRole.User, [new DataContent(new byte[] { 1 }, "image/png")])];
        var error = await Assert.ThrowsAsync<InvalidInputException>(() => _client.GetResponseAsync(conversation));
        Assert.Equal("Message 2 has DataContent; text was expected.", error.Message);
    }

    [Fact]
    public void A_client_hands_out_its_parts_and_models_have_keys()
    {
        var model = _services.GetRequiredService<TextModel>();
        Assert.Same(model, _client.GetService<TextModel>());
        Assert.Equal("ilzo", _client.GetService<ChatClientMetadata>()!.ProviderName);
        Assert.Null(_client.GetService(typeof(TextModel), "key"));
        Assert.NotSame(model, _services.GetRequiredKeyedService<IChatClient>("again").GetService<TextModel>());
    }

    [Fact]
    public async Task The_built_in_model_is_refused_with_what_to_add()
    {
        var error = Assert.Throws<InvalidInputException>(() => TextModel.Load("builtin"));
        Assert.Equal("The model is 'builtin', which is in the package IlZo.BuiltIn; a reference to that package, or the folder of a model, "
            + "was expected.", error.Message);
        var model = _services.GetRequiredService<TextModel>();
        var sample = await Assert.ThrowsAsync<InvalidInputException>(() => model.EvaluateAsync(new TrainingOptions { Task = "sst2" }));
        Assert.StartsWith("The sample of task sst2 is in the package IlZo.BuiltIn; ", sample.Message, StringComparison.Ordinal);
    }
}
