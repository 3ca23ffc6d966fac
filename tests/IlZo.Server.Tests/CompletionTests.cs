using System.Net;
using System.Text.Json.Nodes;
using IlZo.Generation;
using IlZo.Inference;
using IlZo.Server.Api;

namespace IlZo.Server.Tests;

/// <summary>Continuations of texts, which the official client for .NET has no calls for any more.</summary>
public sealed class CompletionTests : IAsyncLifetime
{
    private const string Path = "/v1/completions";

    private readonly TextModel _model = TextModel.Load(TestServer.Folder, new TextModelOptions { Threads = 1 });
    private TestServer _server = null!;

    public async ValueTask InitializeAsync() => _server = await TestServer.StartAsync();

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        _model.Dispose();
    }

    [Fact]
    public async Task A_text_is_continued_as_alone_and_tokens_are_as_good_as_their_text()
    {
        var expected = await AloneAsync("Lily and Tom", new GenerationOptions { MaxNewTokens = 16, Temperature = 0 });
        var answer = await _server.AskAsync(Path, Body("Lily and Tom"));
        Assert.Equal(expected.Text, (string)answer["choices"]![0]!["text"]!);
        Assert.Equal(("length", "text_completion"), ((string)answer["choices"]![0]!["finish_reason"]!, (string)answer["object"]!));

        // Sixteen tokens where the request does not say, as in the protocol.
        int prompt = expected.PromptIds.Count;
        int[] usage = [.. answer["usage"]!.AsObject().Select(u => (int)u.Value!)];
        Assert.Equal([prompt, 16, prompt + 16], usage);
        var ids = new JsonArray([.. expected.PromptIds.Select(id => (JsonNode)id)]);
        Assert.Equal(expected.Text, (string)(await _server.AskAsync(Path, Body(ids)))["choices"]![0]!["text"]!);
        var one = new JsonArray("Lily and Tom");
        Assert.Equal(expected.Text, (string)(await _server.AskAsync(Path, Body(one)))["choices"]![0]!["text"]!);
        var begun = await AloneAsync(string.Empty, new GenerationOptions { MaxNewTokens = 16, Temperature = 0 });
        Assert.Equal(begun.Text, (string)(await _server.AskAsync(Path, Body(null)))["choices"]![0]!["text"]!);
    }

    [Fact]
    public async Task All_ways_to_choose_tokens_reach_the_model()
    {
        var options = new GenerationOptions
        {
            MaxNewTokens = 40,
            Temperature = 1.5,
            TopK = 30,
            TopP = 0.9,
            RepetitionPenalty = 1.2,
            Seed = unchecked((ulong)-5),
        };
        var body = Body("Once upon a time");
        (body["max_tokens"], body["temperature"], body["top_k"], body["top_p"], body["repetition_penalty"], body["seed"]) =
            (40, 1.5, 30, 0.9, 1.2, -5);
        string expected = (await AloneAsync("Once upon a time", options)).Text;
        Assert.Equal(expected, (string)(await _server.AskAsync(Path, body))["choices"]![0]!["text"]!);
        body["stop"] = new JsonArray("no such text", expected[9..13]);
        var stopped = await _server.AskAsync(Path, body);
        Assert.Equal(expected[..expected.IndexOf(expected[9..13], StringComparison.Ordinal)], (string)stopped["choices"]![0]!["text"]!);
        Assert.Equal("stop", (string)stopped["choices"]![0]!["finish_reason"]!);
        foreach (string name in (string[])["top_k", "top_p", "repetition_penalty", "seed", "stop"])
        {
            var other = Body("Once upon a time");
            (other["max_tokens"], other["temperature"], other["seed"]) = (40, 1.5, -5);
            string without = (string)(await _server.AskAsync(Path, other))["choices"]![0]!["text"]!;
            other[name] = name switch
            {
                "top_k" => 2,
                "top_p" => 0.2,
                "repetition_penalty" => 4,
                "seed" => 8,
                _ => without[3..6],
            };
            Assert.NotEqual(without, (string)(await _server.AskAsync(Path, other))["choices"]![0]!["text"]!);
        }
    }

    [Fact]
    public async Task What_is_left_open_is_drawn_anew_each_time()
    {
        var body = new JsonObject { ["model"] = TestServer.Name, ["prompt"] = "Once upon a time", ["max_tokens"] = 40 };
        var texts = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => _server.AskAsync(Path, body)));
        Assert.True(texts.Select(t => (string)t["choices"]![0]!["text"]!).Distinct().Count() > 1);
    }

    [Fact]
    public async Task Log_probabilities_are_those_of_a_score()
    {
        var body = Body("Once upon a time");
        (body["logprobs"], body["max_tokens"]) = (4, 20);
        var choice = (await _server.AskAsync(Path, body))["choices"]![0]!;
        var told = choice["logprobs"]!;
        string text = (string)choice["text"]!;
        string[] tokens = [.. told["tokens"]!.AsArray().Select(t => (string)t!)];
        Assert.Equal(text, string.Concat(tokens));
        var alone = await AloneAsync("Once upon a time", new GenerationOptions { MaxNewTokens = 20, Temperature = 0 });
        int[] ids = [.. alone.PromptIds, .. alone.NewIds];
        var scorer = new TextScorer(_model.Model, _model.Backend);
        var score = scorer.Score(ids);
        int offset = 0;
        for (int i = 0; i < tokens.Length; i++)
        {
            Near.Equal(score.TokenLogProbabilities[alone.PromptIds.Count + i]!.Value, (double)told["token_logprobs"]![i]!, 1e-4);
            Assert.Equal(offset, (int)told["text_offset"]![i]!);
            offset += tokens[i].Length;
            var top = told["top_logprobs"]![i]!.AsObject();
            Assert.Equal(tokens[i], top.First().Key);
            double[] expected = [.. scorer.Score(ids[..(alone.PromptIds.Count + i)]).Top.Take(4).Select(t => t.LogProbability)];
            Assert.Equal(expected.Length, top.Count);
            Assert.All(top.Zip(expected), pair => Near.Equal(pair.Second, (double)pair.First.Value!, 1e-4));
        }

        // The same in a stream, whose pieces have the tokens that begin in them.
        body["stream"] = true;
        body["stream_options"] = new JsonObject { ["include_usage"] = true };
        List<JsonNode> events = [];
        await foreach (string data in EventReader.EventsAsync(_server.Client, Path, body))
        {
            events.Add(data == EventReader.Done ? data : JsonNode.Parse(data)!);
        }

        Assert.Equal(EventReader.Done, (string)events[^1]!);
        Assert.Equal((0, 20), (events[^2]["choices"]!.AsArray().Count, (int)events[^2]["usage"]!["completion_tokens"]!));
        Assert.Equal("length", (string)events[^3]["choices"]![0]!["finish_reason"]!);
        var streamed = events[..^2].SelectMany(e => e["choices"]![0]!["logprobs"]!["token_logprobs"]!.AsArray());
        Assert.Equal(told["token_logprobs"]!.AsArray().Select(l => (double)l!), streamed.Select(l => (double)l!));
        Assert.Equal(text, string.Concat(events[..^2].Select(e => (string)e["choices"]![0]!["text"]!)));
    }

    [Fact]
    public void A_token_that_cannot_be_has_the_number_that_the_protocol_has_for_it()
    {
        int id = _model.Tokenizer.Encode("dog")[^1];
        ChosenToken[] tokens = [new(id, 0, double.NegativeInfinity, [new ScoredToken(id, double.NegativeInfinity)])];
        var chat = new TokenTexts(_model.Tokenizer, [1]).Chat(tokens).Content[0];
        Assert.Equal((-9999, -9999), (chat.Logprob, chat.TopLogprobs![0].Logprob));
        var text = new TokenTexts(_model.Tokenizer, [1]).Text(tokens);
        Assert.Equal((-9999, -9999), (text.TokenLogprobs[0], text.TopLogprobs[0].Values.Single()));
    }

    [Fact]
    public void A_part_of_a_character_is_called_what_the_vocabulary_calls_it()
    {
        int[] bytes = _model.Tokenizer.Encode("\U0001F600", addSpecialTokens: false)[^4..];
        var told = new TokenTexts(_model.Tokenizer, [1]).Chat([.. bytes.Select(id => new ChosenToken(id, 0, -1, []))]).Content;
        Assert.Equal(["<0xF0>", "<0x9F>", "<0x98>"], told.Take(3).Select(t => t.Token));
        Assert.All(told.Take(3), t => Assert.Null(t.Bytes));
    }

    [Fact]
    public async Task The_built_in_model_continues_texts_and_says_that_it_has_no_chat_template()
    {
        var options = TestServer.Options with { Model = "builtin", Name = null, ChatTemplate = null };
        await using var server = await TestServer.StartAsync(options);
        var body = new JsonObject { ["model"] = "builtin", ["prompt"] = "A film that", ["temperature"] = 0 };
        Assert.NotEmpty((string)(await server.AskAsync(Path, body))["choices"]![0]!["text"]!);
        var (status, refusal) = await server.PostAsync(
            "/v1/chat/completions", """{"model": "builtin", "messages": [{"role": "user", "content": "Hi"}]}""");
        Assert.Equal(HttpStatusCode.BadRequest, status);
        Assert.Equal("no_chat_template", (string)refusal["error"]!["code"]!);
        Assert.StartsWith(
            "The model 'builtin' has no chat template; /v1/completions", (string)refusal["error"]!["message"]!, StringComparison.Ordinal);
    }

    private static JsonObject Body(JsonNode? prompt) => new() { ["model"] = TestServer.Name, ["prompt"] = prompt, ["temperature"] = 0 };

    private async Task<Continuation> AloneAsync(string prompt, GenerationOptions options)
    {
        Continuation? end = null;
        await foreach (string _ in _model.GenerateAsync(prompt, options, e => end = e))
        {
            // The whole is what is asked for.
        }

        return end!;
    }
}
