using System.Text.Json;
using IlZo.Backends;
using Xunit;

namespace IlZo.Core.Tests.Models;

/// <summary>A trained GPT-2 with a head of its own, which sorts six letters out of three.</summary>
public sealed class GptNanoSortTests : IDisposable
{
    private const int Letters = 3;
    private const int Count = 6;

    private readonly LoadedModel _loaded = new(TestData.Path("models", "gpt-nano-sort"));

    [Fact]
    public void Logits_equal_the_recorded_ones()
    {
        using var reference = JsonDocument.Parse(File.ReadAllText(TestData.Path("models", "gpt-nano-sort", "reference.json")));
        var texts = reference.RootElement.GetProperty("input_ids").EnumerateArray();
        var expected = reference.RootElement.GetProperty("logits").EnumerateArray();
        foreach (var (text, rows) in texts.Zip(expected))
        {
            int[] ids = [.. text.EnumerateArray().Select(id => id.GetInt32())];
            Near.Equal(
                [.. rows.EnumerateArray().SelectMany(row => row.EnumerateArray().Select(v => v.GetSingle()))], _loaded.Logits(ids), 1e-4);
        }
    }

    [Fact]
    public void It_sorts_letter_by_letter_from_the_cache()
    {
        var random = new Random(5);
        var shape = _loaded.Model.Shape;
        for (int trial = 0; trial < 20; trial++)
        {
            int[] letters = [.. Enumerable.Range(0, Count).Select(_ => random.Next(Letters))];
            using var cache = _loaded.CreateCache(shape.MaxPositions);
            var sorted = new List<int> { Best(_loaded.Logits(letters, cache)) };
            while (sorted.Count < Count)
            {
                sorted.Add(Best(_loaded.Logits([sorted[^1]], cache, Count + sorted.Count - 1)));
            }

            Assert.Equal(letters.Order(), sorted);
        }
    }

    public void Dispose() => _loaded.Dispose();

    private static int Best(float[] logits)
    {
        var last = logits.AsSpan(logits.Length - Letters);
        return last.IndexOf(System.Numerics.Tensors.TensorPrimitives.Max<float>(last));
    }
}
