using System.Text.Json;
using System.Text.Json.Nodes;
using IlZo.Backends;
using IlZo.Backends.Cpu;
using IlZo.Checkpoints;
using IlZo.Models;
using IlZo.Perturbations;
using Xunit;

namespace IlZo.Core.Tests.Models;

/// <summary>What BERT and DistilBERT have beside other families: types of tokens, heads on one state or an average, old names.</summary>
public sealed class EncoderTests : IDisposable
{
    private readonly TempFolder _temp = new();

    public void Dispose() => _temp.Dispose();

    [Theory]
    [InlineData("bert-tiny")]
    [InlineData("distilbert-tiny")]
    public void Types_of_tokens_count_where_the_family_has_them(string name)
    {
        using var fixture = new ForwardFixture(name);
        var (ids, types) = Pair(name);
        Near.Equal(fixture.Expected("pair.logits"), fixture.Logits(Batch(ids, types)), 1e-4);
        bool counts = name == "bert-tiny";
        Assert.Equal(counts ? 2 : null, fixture.Model.TokenTypes);
        Assert.Equal(!counts, fixture.Logits(Batch(ids, types)).SequenceEqual(fixture.Logits(Batch(ids, null))));
    }

    [Theory]
    [InlineData("bert-classes", "cls")]
    [InlineData("bert-classes", "mean")]
    [InlineData("distilbert-classes", "cls")]
    [InlineData("distilbert-classes", "mean")]
    public void Classes_are_those_of_the_first_state_or_of_the_average(string name, string pooling)
    {
        string folder = Variant(name, config => config["classifier_pooling"] = pooling);
        using var model = ModelLoader.Load(folder);
        using var backend = new CpuBackend(2);
        using var expected = SafetensorsFile.Open(Path.Combine(Fixture(name), "expected.safetensors"));
        Assert.Equal((ModelKind.Classifier, 3), (model.Kind, model.Head.Rows));
        using var inputs = JsonDocument.Parse(File.ReadAllText(Path.Combine(Fixture(name), "inputs.json")));
        foreach (var input in inputs.RootElement.GetProperty("inputs").EnumerateArray())
        {
            Near.Equal(
                Numbers(expected, $"{input.GetProperty("name").GetString()}.{pooling}"),
                Classes(model, backend, Ints(input, "input_ids"), null),
                2e-5);
        }

        var (ids, types) = Pair(name);
        Near.Equal(Numbers(expected, "pair." + pooling), Classes(model, backend, ids, types), 2e-5);
    }

    [Theory]
    [InlineData("bert-classes")]
    [InlineData("distilbert-classes")]
    public void Averages_have_the_same_bits_in_a_batch_and_alone_at_both_probes(string name)
    {
        using var model = ModelLoader.Load(Variant(name, config => config["classifier_pooling"] = "mean"));
        using var backend = new CpuBackend(3);
        int[][] texts = [[2, 9, 8, 3], [2, 5, 6, 7, 8, 9, 10, 11, 3], [.. Enumerable.Range(2, 50)]];
        var builder = new TokenBatchBuilder();
        foreach (int[] text in texts)
        {
            builder.Read(builder.AddText(text), 0);
        }

        float[] together = Logits(model, backend, builder.Build());
        Assert.Equal(texts.SelectMany(t => Classes(model, backend, t, null)), together);
    }

    [Theory]
    [InlineData("mean")]
    [InlineData("token")]
    public void A_head_keeps_the_pooler_that_a_checkpoint_has_and_an_average_needs_none(string pooling)
    {
        // Published language models have it under another name than encoders do.
        string folder = Variant("bert-tiny", _ => { }, t => t.Name == "cls.predictions.transform.dense.weight"
            || t.Name == "cls.predictions.transform.dense.bias"
                ? [t, With(t, t.Name.Replace("cls.predictions.transform", "bert.pooler", StringComparison.Ordinal))]
                : [t]);
        using var source = ModelLoader.Load(folder);
        ClassificationCheckpoint.Write(
            source, ["a", "b", "c"], 3, _temp["out"], pooling == "mean" ? Pooling.Mean : Pooling.Token);
        using var written = SafetensorsFile.Open(_temp["out", "model.safetensors"]);
        Assert.Equal(pooling == "token", written.Tensors.Any(t => t.Name == "bert.pooler.dense.weight"));
        if (pooling == "token")
        {
            using var original = SafetensorsFile.Open(Path.Combine(folder, "model.safetensors"));
            Assert.Equal(
                Numbers(original, "cls.predictions.transform.dense.weight"), Numbers(written, "bert.pooler.dense.weight"));
        }

        using var model = ModelLoader.Load(_temp["out"]);
        Assert.Equal(pooling == "token" ? 4 : 2, model.ClassificationHead.Count);
        using var again = ModelLoader.Load(Fixture("opt-tiny"));
        var e = Assert.Throws<InvalidInputException>(() => ClassificationCheckpoint.Write(again, ["a", "b"], 0, _temp["no"], Pooling.Mean));
        Assert.Contains("an encoder was expected", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_pooler_of_another_shape_is_refused()
    {
        string folder = Variant("bert-tiny", _ => { }, t => t.Name == "bert.embeddings.LayerNorm.weight"
            ? [t, With(t, "bert.pooler.dense.weight")]
            : [t]);
        using var source = ModelLoader.Load(folder);
        var e = Assert.Throws<InvalidInputException>(() => ClassificationCheckpoint.Write(source, ["a", "b"], 0, _temp["out"]));
        Assert.Contains("'bert.pooler.dense.weight' has shape [24]; [24, 24] was expected", e.Message, StringComparison.Ordinal);
        Assert.False(Directory.Exists(_temp["out"]));
    }

    [Theory]
    [InlineData("bert-tiny", "bert.")]
    [InlineData("distilbert-tiny", "distilbert.")]
    public void An_encoder_without_a_head_gives_states_and_predicts_nothing(string name, string prefix)
    {
        string folder = Variant(
            name, config => config["architectures"] = new JsonArray(name == "bert-tiny" ? "BertModel" : "DistilBertModel"),
            t => t.Name.StartsWith(prefix, StringComparison.Ordinal) ? [With(t, t.Name[prefix.Length..])] : []);
        using var fixture = new ForwardFixture(name);
        using var encoder = ModelLoader.Load(folder);
        Assert.Equal(ModelKind.Encoder, encoder.Kind);
        var batch = ForwardFixture.Batch(fixture.Inputs[0].Ids);
        var pass = fixture.Backend.Begin(batch, [Probe.Unperturbed]);
        var states = encoder.Forward(pass);
        float[] actual = new float[states.Tokens * states.Features];
        pass.Read(states, 0, actual);
        Near.Equal(fixture.Expected("input0.hidden.2"), actual, 5e-5);
        Assert.Contains("add-head", Assert.Throws<InvalidInputException>(() => encoder.Head).Message, StringComparison.Ordinal);
        Assert.Contains(
            "an encoder without a head", Assert.Throws<InvalidInputException>(encoder.RequireCausal).Message, StringComparison.Ordinal);

        ClassificationCheckpoint.Write(encoder, ["a", "b"], 3, _temp["out"]);
        using var model = ModelLoader.Load(_temp["out"]);
        Assert.EndsWith("ForSequenceClassification", model.Shape.Architecture, StringComparison.Ordinal);
        Assert.Equal(prefix + "embeddings.word_embeddings.weight", model.Checkpoint.Tensors.Keys.Single(
            k => k.EndsWith("word_embeddings.weight", StringComparison.Ordinal)));
    }

    // The first published BERT files; they hold the head of sentence pairs and the positions too.
    [Fact]
    public void Norms_may_be_called_gamma_and_beta_and_other_heads_are_passed_over()
    {
        using var fixture = new ForwardFixture("bert-tiny");
        string folder = Variant("bert-tiny", _ => { }, t => t.Name switch
        {
            "cls.predictions.bias" =>
                [t, With(t, "cls.seq_relationship.weight"), With(t, "cls.seq_relationship.bias"), With(t, "bert.embeddings.position_ids")],
            _ => [With(t, t.Name.Replace("LayerNorm.weight", "LayerNorm.gamma", StringComparison.Ordinal).Replace(
                "LayerNorm.bias", "LayerNorm.beta", StringComparison.Ordinal))],
        });
        using var model = ModelLoader.Load(folder);
        var batch = ForwardFixture.Batch(fixture.Inputs[0].Ids);
        Assert.Equal(fixture.Logits(batch), Logits(model, fixture.Backend, batch));
        Assert.Equal(fixture.Model.Parameters.Count, model.Parameters.Count);

        // A checkpoint is saved as it is stored, and one with a new head under the names of today.
        model.Save(_temp["saved"]);
        using var saved = SafetensorsFile.Open(_temp["saved", "model.safetensors"]);
        Assert.Contains(saved.Tensors, t => t.Name == "bert.embeddings.LayerNorm.gamma");
        ClassificationCheckpoint.Write(model, ["a", "b"], 0, _temp["out"]);
        using var written = SafetensorsFile.Open(_temp["out", "model.safetensors"]);
        Assert.Contains(written.Tensors, t => t.Name == "bert.embeddings.LayerNorm.weight");
    }

    [Theory]
    [InlineData("bert-tiny", "is_decoder", "true", "is_decoder")]
    [InlineData("bert-tiny", "position_embedding_type", "\"relative_key\"", "relative_key")]
    [InlineData("bert-tiny", "num_attention_heads", "5", "num_attention_heads")]
    [InlineData("bert-tiny", "hidden_act", "\"mish\"", "mish")]
    [InlineData("bert-tiny", "architectures", "[\"BertModel\"]", "cls.predictions")]
    [InlineData("bert-classes", "classifier_pooling", "\"max\"", "cls or mean was expected")]
    [InlineData("bert-classes", "classifier_pooling", "1", "classifier_pooling")]
    [InlineData("distilbert-tiny", "n_heads", "5", "n_heads")]
    [InlineData("distilbert-tiny", "hidden_size", "48", "dim")]
    public void Configurations_that_do_not_fit_are_refused_by_name(string name, string field, string value, string expected)
    {
        string folder = Variant(name, config => config[field] = JsonNode.Parse(value));
        var e = Assert.Throws<InvalidInputException>(() => ModelLoader.Load(folder));
        Assert.Contains(expected, e.Message, StringComparison.Ordinal);
    }

    private static string Fixture(string name) => TestData.Path("fixtures", "forward", name);

    private static TensorEntry With(TensorEntry t, string name)
    {
        unsafe
        {
            return new TensorEntry(t.File, name, t.Type, t.Shape, t.Data);
        }
    }

    private static unsafe float[] Numbers(SafetensorsFile file, string name)
    {
        var entry = file.Tensors.Single(t => t.Name == name);
        return new ReadOnlySpan<float>(entry.Data, (int)(entry.ByteCount / sizeof(float))).ToArray();
    }

    private static (int[] Ids, int[] Types) Pair(string name)
    {
        using var json = JsonDocument.Parse(File.ReadAllText(Path.Combine(Fixture(name), "inputs.json")));
        var pair = json.RootElement.GetProperty("pair");
        return (Ints(pair, "input_ids"), Ints(pair, "token_type_ids"));
    }

    private static int[] Ints(JsonElement json, string name) => [.. json.GetProperty(name).EnumerateArray().Select(e => e.GetInt32())];

    private static TokenBatch Batch(int[] ids, int[]? types)
    {
        var builder = new TokenBatchBuilder();
        int text = builder.AddText(ids, types);
        for (int i = 0; i < ids.Length; i++)
        {
            builder.Read(text, i);
        }

        return builder.Build();
    }

    private static float[] Classes(LanguageModel model, CpuBackend backend, int[] ids, int[]? types)
    {
        var builder = new TokenBatchBuilder();
        builder.Read(builder.AddText(ids, types), 0);
        return Logits(model, backend, builder.Build());
    }

    private static float[] Logits(LanguageModel model, CpuBackend backend, TokenBatch batch)
    {
        var pass = backend.Begin(batch, [Probe.Unperturbed]);
        float[] logits = new float[batch.Outputs.Count * model.Head.Rows];
        pass.Logits(model.Forward(pass), model.Head, logits);
        return logits;
    }

    // A fixture with another configuration and, where asked for, other tensors.
    private string Variant(string name, Action<JsonObject> change, Func<TensorEntry, IEnumerable<TensorEntry>>? tensors = null)
    {
        string folder = _temp["variant"];
        Directory.CreateDirectory(folder);
        var config = JsonNode.Parse(File.ReadAllText(Path.Combine(Fixture(name), "config.json")))!.AsObject();
        change(config);
        File.WriteAllText(Path.Combine(folder, "config.json"), config.ToJsonString());
        using var file = SafetensorsFile.Open(Path.Combine(Fixture(name), "model.safetensors"));
        SafetensorsWriter.Write(Path.Combine(folder, "model.safetensors"), [.. file.Tensors.SelectMany(tensors ?? (t => [t]))]);
        return folder;
    }
}
