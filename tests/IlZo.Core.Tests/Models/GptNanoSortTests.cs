using System.Text.Json;
using IlZo.Backends;
using IlZo.Backends.Cpu;
using IlZo.Models;
using IlZo.Perturbations;
using Xunit;

namespace IlZo.Core.Tests.Models;

/// <summary>A trained GPT-2 with a head of its own, which sorts six letters out of three.</summary>
public sealed class GptNanoSortTests : IDisposable
{
    private const int Letters = 3;
    private const int Count = 6;

    private readonly LanguageModel _model = ModelLoader.Load(TestData.Path("models", "gpt-nano-sort"));
    private readonly CpuBackend _backend = new(2);

    [Fact]
    public void Logits_equal_the_recorded_ones()
    {
        using var reference = JsonDocument.Parse(File.ReadAllText(TestData.Path("models", "gpt-nano-sort", "reference.json")));
        var texts = reference.RootElement.GetProperty("input_ids").EnumerateArray();
        var expected = reference.RootElement.GetProperty("logits").EnumerateArray();
        foreach (var (text, rows) in texts.Zip(expected))
        {
            int[] ids = [.. text.EnumerateArray().Select(id => id.GetInt32())];
            Near.Equal([.. rows.EnumerateArray().SelectMany(row => row.EnumerateArray().Select(v => v.GetSingle()))], Logits(ids, null, 0), 1e-4);
        }
    }

    [Fact]
    public void It_sorts_letter_by_letter_from_the_cache()
    {
        var random = new Random(5);
        for (int trial = 0; trial < 20; trial++)
        {
            int[] letters = [.. Enumerable.Range(0, Count).Select(_ => random.Next(Letters))];
            using var cache = new KeyValueCache(_model.Shape.Layers, _model.Shape.KeyFeatures, _model.Shape.MaxPositions);
            var sorted = new List<int> { Best(Logits(letters, cache, 0)) };
            while (sorted.Count < Count)
            {
                sorted.Add(Best(Logits([sorted[^1]], cache, Count + sorted.Count - 1)));
            }

            Assert.Equal(letters.Order(), sorted);
        }
    }

    public void Dispose()
    {
        _backend.Dispose();
        _model.Dispose();
    }

    private static int Best(float[] logits)
    {
        var last = logits.AsSpan(logits.Length - Letters);
        return last.IndexOf(System.Numerics.Tensors.TensorPrimitives.Max<float>(last));
    }

    private float[] Logits(int[] ids, KeyValueCache? cache, int position)
    {
        var builder = new TokenBatchBuilder();
        int segment = builder.AddText(ids, position);
        for (int i = 0; i < ids.Length; i++)
        {
            builder.Read(segment, i);
        }

        var batch = builder.Build();
        float[] logits = new float[ids.Length * Letters];
        _backend.Begin(batch, [Probe.Unperturbed], cache);
        _backend.Logits(_model.Forward(_backend, batch), _model.Head, logits);
        return logits;
    }
}
