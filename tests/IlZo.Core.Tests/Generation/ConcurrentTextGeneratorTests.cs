using IlZo.Adapters;
using IlZo.Backends.Cpu;
using IlZo.Generation;
using IlZo.Models;
using IlZo.Tokenization;
using Xunit;

namespace IlZo.Core.Tests.Generation;

/// <summary>Texts of many callers, which come and go, are those that each gets alone.</summary>
public sealed class ConcurrentTextGeneratorTests : IDisposable
{
    private static readonly string s_stories = TestData.Path("models", "stories260K");

    private readonly LanguageModel _model = ModelLoader.Load(s_stories);
    private readonly CpuBackend _backend = new(2);
    private readonly ITokenizer _tokenizer;

    public ConcurrentTextGeneratorTests() => _tokenizer = ModelLoader.Tokenizer(_model.Checkpoint);

    public void Dispose()
    {
        _backend.Dispose();
        _model.Dispose();
    }

    [Fact]
    public async Task Each_text_is_the_one_that_its_request_gets_alone()
    {
        TextRequest[] requests = [.. Enumerable.Range(0, 40).Select(Request)];
        var alone = requests.Select(r => Alone(_model, r)).ToArray();
        await using var generator = new ConcurrentTextGenerator(_model, _tokenizer, _backend, maxConcurrent: 7);
        var texts = await Task.WhenAll(requests.Select(r => Task.Run(() => Whole(generator, r))));
        Assert.Equal(alone.Select(a => a.Text), texts.Select(t => t.Pieces));
        Assert.Equal(alone.SelectMany(a => a.NewIds), texts.SelectMany(t => t.End.NewIds));
        Assert.Equal(alone.Select(a => a.Stop), texts.Select(t => t.End.Stop));
        Assert.Contains(alone, a => a.Stop == StopReason.StopString);
        Assert.Equal((0, 0), (generator.Growing, generator.Waiting));
    }

    [Fact]
    public async Task A_text_that_nobody_wants_leaves_its_slot_to_the_next()
    {
        await using var generator = new ConcurrentTextGenerator(_model, _tokenizer, _backend, maxConcurrent: 1, maxWaiting: 1);
        using var left = new CancellationTokenSource();
        var request = Request(0) with { Options = new GenerationOptions { MaxNewTokens = 400 } };
        Assert.True(generator.TryStart(request, out var first, left.Token));
        Assert.True(generator.TryStart(Request(1), out var second));

        // One grows and one waits: there is no room for a third.
        Assert.False(generator.TryStart(Request(2), out _));
        await foreach (var piece in first.Pieces)
        {
            Assert.NotEmpty(piece.Text);
            await left.CancelAsync();
        }

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first.End);
        Assert.Equal(Alone(_model, Request(1)).Text, (await second.End).Text);
        Assert.Equal((0, 0), (generator.Growing, generator.Waiting));
        Assert.True(generator.TryStart(Request(2), out var third));
        Assert.Equal(Alone(_model, Request(2)).Text, (await third.End).Text);
    }

    [Theory]
    [InlineData(0, 1.0)]
    [InlineData(1.2, 1.3)]
    public async Task Log_probabilities_are_those_that_the_text_is_scored_with(double temperature, double penalty)
    {
        await using (var generator = new ConcurrentTextGenerator(_model, _tokenizer, _backend))
        {
            var options = new GenerationOptions { MaxNewTokens = 30, Temperature = temperature, RepetitionPenalty = penalty, Seed = 3 };
            var request = new TextRequest(_tokenizer.Encode("Once upon a time")) { Options = options, TopLogProbabilities = 4 };
            Assert.True(generator.TryStart(request, out var text));
            var tokens = new List<ChosenToken>();
            await foreach (var piece in text.Pieces)
            {
                tokens.AddRange(piece.Tokens);
            }

            var whole = await text.End;
            await generator.StopAsync();
            Assert.Equal(whole.NewIds, tokens.Select(t => t.Id));
            var scorer = new TextScorer(_model, _backend);
            int[] ids = [.. whole.PromptIds, .. whole.NewIds];
            var score = scorer.Score(ids);
            for (int i = 0; i < tokens.Count; i++)
            {
                Near.Equal(score.TokenLogProbabilities[whole.PromptIds.Count + i]!.Value, tokens[i].LogProbability, 1e-4);
                var top = scorer.Score(ids[..(whole.PromptIds.Count + i)]).Top;
                Assert.Equal(top.Take(4).Select(t => t.Id), tokens[i].Top.Select(t => t.Id));
                Near.Equal(top[3].LogProbability, tokens[i].Top[3].LogProbability, 1e-4);
            }
        }
    }

    [Fact]
    public async Task Tokens_of_a_string_that_ends_the_text_are_not_told()
    {
        await using var generator = new ConcurrentTextGenerator(_model, _tokenizer, _backend);
        int[] prompt = _tokenizer.Encode("Once upon a time");
        string whole = Alone(_model, new TextRequest(prompt) { Options = new GenerationOptions { MaxNewTokens = 30 } }).Text;
        var options = new GenerationOptions { MaxNewTokens = 30, StopStrings = [whole[20..27]] };
        Assert.True(generator.TryStart(new TextRequest(prompt) { Options = options, TopLogProbabilities = 0 }, out var text));
        var pieces = new List<TextPiece>();
        await foreach (var piece in text.Pieces)
        {
            pieces.Add(piece);
        }

        Assert.Equal(whole[..20], string.Concat(pieces.Select(p => p.Text)));
        int[] told = [.. pieces.SelectMany(p => p.Tokens).Select(t => t.Id)];
        var end = await text.End;
        Assert.Equal(end.NewIds.Take(told.Length), told);
        Assert.True(told.Length < end.NewIds.Count);
        int begun = _tokenizer.Decode([.. prompt, .. told]).Length - _tokenizer.Decode(prompt).Length;
        Assert.InRange(begun, 20, 27);
    }

    [Fact]
    public async Task Adapters_take_turns_over_weights_that_are_held_once()
    {
        using var temp = new TempFolder();
        string[] folders =
        [
            TestAdapters.SaveLora(s_stories, temp["a"], 1), TestAdapters.SaveLora(s_stories, temp["b"], 2),
            TestAdapters.SavePrefix(s_stories, temp["c"]),
        ];
        long own = _model.Parameters.ByteCount;
        var adapters = new List<Adapter?> { null };
        foreach (string folder in folders)
        {
            _model.Use(null);
            AdapterFactory.Attach(_model, folder);
            adapters.Add(_model.Adapter);
        }

        Assert.Equal(own + adapters.Sum(a => a?.Parameters.Sum(p => p.ByteCount) ?? 0), _model.Parameters.ByteCount);
        Continuation[][] alone =
        [
            .. ((string?[])[null, .. folders]).Select(folder =>
            {
                using var model = folder is null ? ModelLoader.Load(s_stories) : AdapterFactory.Load(s_stories, folder);
                return Enumerable.Range(0, 6).Select(i => Alone(model, Request(i))).ToArray();
            }),
        ];
        Assert.Equal(4, alone.Select(texts => string.Concat(texts.Select(t => t.Text))).Distinct().Count());
        await using var generator = new ConcurrentTextGenerator(_model, _tokenizer, _backend, maxConcurrent: 5);
        var texts = await Task.WhenAll(Enumerable.Range(0, 24).Select(i => Task.Run(
            () => Whole(generator, Request(i / 4) with { Adapter = adapters[i % 4] }))));
        for (int i = 0; i < texts.Length; i++)
        {
            Assert.Equal(alone[i % 4][i / 4].Text, texts[i].Pieces);
        }
    }

    [Fact]
    public async Task Stopping_lets_texts_end_and_takes_no_more_and_disposing_ends_them()
    {
        var generator = new ConcurrentTextGenerator(_model, _tokenizer, _backend, maxConcurrent: 2);
        StartedText[] texts = [.. Enumerable.Range(0, 6).Select(i => generator.TryStart(Request(i), out var text) ? text : null!)];
        await generator.StopAsync();
        Assert.All(texts, t => Assert.True(t.End.IsCompletedSuccessfully));
        Assert.Throws<ObjectDisposedException>(() => generator.TryStart(Request(0), out _));
        await generator.DisposeAsync();

        // The backend is free again.
        var second = new ConcurrentTextGenerator(_model, _tokenizer, _backend, maxConcurrent: 2);
        var request = Request(0) with { Options = new GenerationOptions { MaxNewTokens = 450 } };
        texts = [.. Enumerable.Range(0, 6).Select(i => second.TryStart(request, out var text) ? text : null!)];
        await second.DisposeAsync();
        Assert.All(texts, t => Assert.True(t.End.IsCompleted));
        Assert.Contains(texts, t => t.End.IsCanceled);
        _ = Alone(_model, Request(0));
    }

    [Fact]
    public async Task What_cannot_be_continued_is_refused_and_others_go_on()
    {
        await using var generator = new ConcurrentTextGenerator(_model, _tokenizer, _backend);
        Assert.Throws<InvalidInputException>(() => generator.TryStart(new TextRequest([]), out _));
        Assert.Throws<InvalidInputException>(() => generator.TryStart(new TextRequest([99999]), out _));
        Assert.Throws<InvalidInputException>(
            () => generator.TryStart(Request(0) with { Options = new GenerationOptions { Temperature = double.NaN } }, out _));
        Assert.Equal(Alone(_model, Request(3)).Text, (await Whole(generator, Request(3))).Pieces);
    }

    private static async Task<(string Pieces, Continuation End)> Whole(ConcurrentTextGenerator generator, TextRequest request)
    {
        Assert.True(generator.TryStart(request, out var text));
        string pieces = string.Empty;
        await foreach (var piece in text.Pieces)
        {
            pieces += piece.Text;
        }

        return (pieces, await text.End);
    }

    // Of various lengths, greedy and drawn, with and without strings that end them.
    private TextRequest Request(int i)
    {
        string[] beginnings = ["Once upon a time", "Once upon a time, there was", "Lily", "One day, Tom", "The dog said"];
        return new TextRequest(_tokenizer.Encode($"{beginnings[i % beginnings.Length]} and {i}"))
        {
            Options = new GenerationOptions
            {
                MaxNewTokens = 5 + (11 * i % 40),
                Temperature = i % 3 == 0 ? 0 : 1.1,
                Seed = (ulong)i,
                StopStrings = i % 4 == 1 ? ["."] : [],
            },
        };
    }

    private Continuation Alone(LanguageModel model, TextRequest request)
    {
        using var backend = new CpuBackend(1);
        return Assert.Single(new TextGenerator(model, _tokenizer, backend).GenerateAll([request.PromptIds], request.Options));
    }
}
