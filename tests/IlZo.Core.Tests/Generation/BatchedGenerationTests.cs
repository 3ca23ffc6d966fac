using IlZo.Backends.Cpu;
using IlZo.Generation;
using IlZo.Models;
using IlZo.Perturbations;
using IlZo.Tokenization;
using Xunit;

namespace IlZo.Core.Tests.Generation;

/// <summary>Many texts at a time are those of one at a time, and what a cache keeps changes none.</summary>
public sealed class BatchedGenerationTests : IDisposable
{
    private readonly LanguageModel _model = ModelLoader.Load(TestData.Path("models", "stories260K"));
    private readonly CpuBackend _backend = new(2);
    private readonly ITokenizer _tokenizer;

    public BatchedGenerationTests() => _tokenizer = ModelLoader.Tokenizer(_model.Checkpoint);

    public void Dispose()
    {
        _backend.Dispose();
        _model.Dispose();
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1.3)]
    public void Many_prompts_have_the_continuations_that_each_has_alone(double temperature)
    {
        string[] beginnings = ["", "Once upon a time", "Once upon a time, there was", "Lily", "One day, Tom", "The dog said"];
        int[][] prompts =
        [
            .. Enumerable.Range(0, 22).Select(i => _tokenizer.Encode(beginnings[i % beginnings.Length] + (i > 5 ? $" and {i}" : ""))),
        ];
        var options = new GenerationOptions
        {
            MaxNewTokens = 14,
            Temperature = temperature,
            TopK = temperature > 0 ? 30 : null,
            Seed = 5,
            StopStrings = ["."],
        };
        var generator = new TextGenerator(_model, _tokenizer, _backend);
        var ended = new List<int>();
        var together = generator.GenerateAll(prompts, options, (number, _) => ended.Add(number));
        Assert.Equal(Enumerable.Range(0, prompts.Length), ended.Order());
        for (int i = 0; i < prompts.Length; i++)
        {
            var alone = generator.Generate(prompts[i], 14, options.Sampling(_model.Generation), null, options.StopStrings);
            Assert.Equal(alone.NewIds, together[i].NewIds);
            Assert.Equal((alone.Text, alone.Stop), (together[i].Text, together[i].Stop));
        }

        Assert.Contains(together, c => c.Stop == StopReason.StopString);
        Assert.Contains(together, c => c.Stop == StopReason.MaxNewTokens);
        Assert.All(together, c => Assert.DoesNotContain('.', c.Text));
    }

    [Fact]
    public void What_a_slot_held_before_changes_no_bit_and_saves_its_tokens()
    {
        int[] first = _tokenizer.Encode("Once upon a time, there was a big dog");
        int[] second = [.. first, .. _tokenizer.Encode(" and a cat.", addSpecialTokens: false)];
        float[][] expected = [Logits(first), Logits(second)];
        using var slots = Slots(2);
        slots.Begin(1, first);
        Assert.Equal(expected[0], slots.Logits(0));

        // Three tokens that were generated: the next prompt goes on after the first one, however they were chosen.
        foreach (int id in second[first.Length..(first.Length + 3)])
        {
            slots.Advance([(1, id)]);
        }

        long before = slots.Tokens;
        slots.Begin(1, second);
        Assert.Equal(expected[1], slots.Logits(0));
        Assert.Equal(second.Length - first.Length, slots.Tokens - before);

        // Another slot begins with what this one has, and the same prompt again costs two tokens.
        before = slots.Tokens;
        slots.Begin(0, [.. second]);
        Assert.Equal(expected[1], slots.Logits(0));
        slots.Begin(1, first);
        Assert.Equal(expected[0], slots.Logits(0));
        Assert.Equal(2 + 2, slots.Tokens - before);
    }

    [Fact]
    public void What_a_prompt_has_computed_is_kept_while_other_texts_come_and_go()
    {
        int[] first = _tokenizer.Encode("Once upon a time, there was a big dog");
        int[] longer = [.. first, .. _tokenizer.Encode(" and a cat.", addSpecialTokens: false)];
        using var slots = Slots(3);
        var batch = new GrowingBatch(slots, onEnd: null);
        foreach (int[] prompt in (int[][])[first, _tokenizer.Encode("Lily went out"), _tokenizer.Encode("One day")])
        {
            batch.Begin(new ContinuedText(_model, _tokenizer, prompt, maxNewTokens: 1));
            Assert.Equal(0, batch.Count);
        }

        // The slot of the first prompt is the next one, whatever has ended since.
        long before = slots.Tokens;
        batch.Begin(new ContinuedText(_model, _tokenizer, longer, maxNewTokens: 1));
        Assert.Equal(longer.Length - first.Length, slots.Tokens - before);
        batch.Begin(new ContinuedText(_model, _tokenizer, longer, maxNewTokens: 1));
        Assert.Equal(longer.Length - first.Length + 2, slots.Tokens - before);
    }

    [Fact]
    public void As_many_texts_grow_together_as_memory_should_be_taken_for()
    {
        long bytesOfToken = 8L * _model.Shape.Layers * _model.Shape.KeyFeatures;
        int third = (int)((128L << 20) / bytesOfToken / 3);
        Assert.Equal(3, TextSlots.CountFor(_model, third, 100));
        Assert.Equal(1, TextSlots.CountFor(_model, int.MaxValue / 2, 100));
        Assert.Equal(TextSlots.Most, TextSlots.CountFor(_model, 10, 100));
        Assert.Equal(5, TextSlots.CountFor(_model, 10, 5));
    }

    [Fact]
    public void A_bad_prompt_is_named_by_its_number()
    {
        var generator = new TextGenerator(_model, _tokenizer, _backend);
        Assert.Contains(
            "Prompt 2 has the token id 99999",
            Assert.Throws<InvalidInputException>(() => generator.GenerateAll([[1], [1, 99999]])).Message,
            StringComparison.Ordinal);
        Assert.Empty(generator.GenerateAll([]));
    }

    private float[] Logits(int[] prompt)
    {
        using var slots = Slots(1);
        slots.Begin(0, prompt);
        return slots.Logits(0).ToArray();
    }

    private TextSlots Slots(int count) => new(_model, _tokenizer.VocabularySize, _backend, Probe.Unperturbed, 64, count);
}
