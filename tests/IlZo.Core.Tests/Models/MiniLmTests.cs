using System.Text.Json;
using IlZo.Backends;
using IlZo.Backends.Cpu;
using IlZo.Core.Tests.Tokenization;
using IlZo.Models;
using IlZo.Perturbations;
using IlZo.Tokenization;
using Xunit;

namespace IlZo.Core.Tests.Models;

/// <summary>A published BERT against what ONNX Runtime computes of it: read from ILZO_TEST_DATA/models/minilm-l6-v2.</summary>
public sealed class MiniLmTests : IDisposable
{
    private readonly TempFolder _temp = new();

    public void Dispose() => _temp.Dispose();

    [Theory]
    [InlineData("tokenizer.json")]
    [InlineData("vocab.txt")]
    public void Its_tokenizer_gives_the_published_ids(string file)
    {
        string folder = TestTokenizers.External("models", "minilm-l6-v2");
        var files = MemoryFiles.From(folder, file, "tokenizer_config.json", "config.json");
        var tokenizer = files.Load();
        Assert.Equal((101, 102, 103, 30522), (tokenizer.BosId, tokenizer.EosId, tokenizer.MaskId, tokenizer.VocabularySize));
        foreach (var sentence in Sentences(folder))
        {
            // One of them has a mask written in it.
            string text = sentence.GetProperty("text").GetString()!;
            Assert.Equal(Ints(sentence, "input_ids"), tokenizer.EncodeMarkup(text, addSpecialTokens: true));
        }
    }

    [Fact]
    public void Its_states_pooler_and_averages_are_the_published_ones()
    {
        string folder = TestTokenizers.External("models", "minilm-l6-v2");
        using var encoder = ModelLoader.Load(folder);
        Assert.Equal((22_713_216, ModelKind.Encoder), (encoder.Parameters.Count, encoder.Kind));
        ClassificationCheckpoint.Write(encoder, ["a", "b"], 0, _temp["cls"]);
        ClassificationCheckpoint.Write(encoder, ["a", "b"], 0, _temp["mean"], Pooling.Mean);
        using var pooled = ModelLoader.Load(_temp["cls"]);
        using var averaged = ModelLoader.Load(_temp["mean"]);
        using var backend = new CpuBackend(2);
        var averages = new List<float[]>();
        foreach (var sentence in Sentences(folder))
        {
            int[] ids = Ints(sentence, "input_ids");
            float[] states = Features(encoder, backend, ids, all: true);
            Near.Equal(Floats(sentence, "cls_last_hidden_first8"), states[..8], 0.006);
            Near.Equal(Floats(sentence, "last_token_last_hidden_first8"), states[^384..^376], 0.006);
            Near.Equal(Floats(sentence, "pooler_first8"), Features(pooled, backend, ids, all: false)[..8], 0.006);
            float[] average = Features(averaged, backend, ids, all: false);
            double norm = Math.Sqrt(average.Sum(v => (double)v * v));
            averages.Add([.. average.Select(v => (float)(v / norm))]);
            Near.Equal(Floats(sentence, "mean_pooled_normalized_first8"), averages[^1][..8], 0.0005);
        }

        using var json = Reference(folder);
        foreach (var pair in json.RootElement.GetProperty("cosine_similarity").EnumerateArray())
        {
            float[] a = averages[pair.GetProperty("a").GetInt32()];
            float[] b = averages[pair.GetProperty("b").GetInt32()];
            Near.Equal(pair.GetProperty("value").GetDouble(), a.Zip(b).Sum(p => (double)p.First * p.Second), 1e-3);
        }
    }

    // What the head is applied to, of all tokens or of the first.
    private static float[] Features(LanguageModel model, CpuBackend backend, int[] ids, bool all)
    {
        var builder = new TokenBatchBuilder();
        int text = builder.AddText(ids);
        for (int i = 0; i < (all ? ids.Length : 1); i++)
        {
            builder.Read(text, i);
        }

        var pass = backend.Begin(builder.Build(), [Probe.Unperturbed]);
        var rows = model.Forward(pass);
        float[] values = new float[rows.Tokens * rows.Features];
        pass.Read(rows, 0, values);
        return values;
    }

    private static JsonDocument Reference(string folder) => JsonDocument.Parse(File.ReadAllBytes(Path.Combine(folder, "reference.json")));

    private static List<JsonElement> Sentences(string folder)
    {
        using var json = Reference(folder);
        return [.. json.RootElement.GetProperty("sentences").EnumerateArray().Select(s => s.Clone())];
    }

    private static int[] Ints(JsonElement json, string name) => [.. json.GetProperty(name).EnumerateArray().Select(e => e.GetInt32())];

    private static float[] Floats(JsonElement json, string name) => [.. json.GetProperty(name).EnumerateArray().Select(e => e.GetSingle())];
}
