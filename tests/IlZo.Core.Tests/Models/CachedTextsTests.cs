using IlZo.Backends;
using IlZo.Perturbations;
using Xunit;

namespace IlZo.Core.Tests.Models;

/// <summary>Texts that go on together in one cache get the bits that each of them has alone.</summary>
public sealed class CachedTextsTests
{
    // A pass for each row: tokens of each text that it adds.
    private static readonly int[][] s_passes = [[9, 0, 4, 40], [0, 7, 2, 3], [1, 1, 1, 1], [1, 0, 1, 0], [1, 1, 1, 1], [2, 5, 3, 2]];

    [Theory]
    [InlineData("opt-tiny-fp16")]
    [InlineData("opt-350m-style")]
    [InlineData("gpt2-tiny")]
    [InlineData("llama-gqa")]
    [InlineData("gemma2-tiny")]
    public void Each_text_has_the_logits_that_it_has_alone(string folder)
    {
        using var fixture = new ForwardFixture(folder, threads: 2);
        var shape = fixture.Model.Shape;
        int texts = s_passes[0].Length;
        int capacity = s_passes.Max(p => p.Max()) + 32;
        using var together = fixture.Backend.CreateCache(shape.Layers, shape.KeyFeatures, capacity, texts + 1);
        KeyValueCache[] alone =
            [.. Enumerable.Range(0, texts).Select(_ => fixture.Backend.CreateCache(shape.Layers, shape.KeyFeatures, capacity))];
        int[] lengths = new int[texts];
        foreach (int[] pass in s_passes)
        {
            int[] present = [.. Enumerable.Range(0, texts).Where(t => pass[t] > 0)];
            float[] all = Logits(fixture, together, [.. present.Select(t => (t + 1, Ids(t, lengths[t], pass[t]), lengths[t]))]);
            for (int i = 0; i < present.Length; i++)
            {
                int t = present[i];
                float[] expected = Logits(fixture, alone[t], [(0, Ids(t, lengths[t], pass[t]), lengths[t])]);
                Assert.Equal(expected, all.AsSpan(i * shape.Vocabulary, shape.Vocabulary));
                lengths[t] += pass[t];
            }
        }

        Assert.All(alone, cache => cache.Dispose());

        int[] Ids(int text, int first, int count) =>
            [.. Enumerable.Range(first, count).Select(i => (i * 7 + text * 3) % Math.Min(60, shape.Vocabulary))];
    }

    [Fact]
    public void A_beginning_is_copied_to_another_slot_in_all_layers()
    {
        using var fixture = new ForwardFixture("llama-gqa", threads: 1);
        var shape = fixture.Model.Shape;
        using var cache = fixture.Backend.CreateCache(shape.Layers, shape.KeyFeatures, 20, 3);
        int[] beginning = [5, 9, 2, 30, 4];
        Logits(fixture, cache, [(0, [1, 2], 0), (2, [.. beginning, 7, 8], 0)]);
        float[] expected = Logits(fixture, cache, [(1, [.. beginning, 11, 12], 0)]);
        cache.CopyBeginning(2, 0, beginning.Length);
        Assert.Equal(expected, Logits(fixture, cache, [(0, [11, 12], beginning.Length)]));
        Assert.Throws<ArgumentOutOfRangeException>(() => cache.CopyBeginning(3, 0, 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => cache.CopyBeginning(0, -1, 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => cache.CopyBeginning(0, 1, 21));
        Assert.Throws<ArgumentOutOfRangeException>(() => cache.CopyBeginning(1, 1, 1));
    }

    // The logits after the last token of each text.
    private static float[] Logits(ForwardFixture fixture, KeyValueCache cache, IReadOnlyList<(int Slot, int[] Ids, int Position)> texts)
    {
        var builder = new TokenBatchBuilder();
        foreach (var (slot, ids, position) in texts)
        {
            builder.Read(builder.AddCached(slot, ids, position), ids.Length - 1);
        }

        var pass = fixture.Backend.Begin(builder.Build(), [Probe.Unperturbed], cache);
        float[] logits = new float[texts.Count * fixture.Model.Shape.Vocabulary];
        pass.Logits(fixture.Model.Forward(pass), fixture.Model.Head, logits);
        return logits;
    }
}
