using System.Runtime.InteropServices;
using System.Text.Json;
using IlZo.Arithmetic.Vectors;
using IlZo.Backends;
using IlZo.Backends.Cpu;
using IlZo.Checkpoints;
using IlZo.Models;
using IlZo.Perturbations;
using IlZo.Tensors;
using Xunit;

namespace IlZo.Core.Tests.Models;

/// <summary>Checkpoints with a classification head in place of the language model's.</summary>
public sealed unsafe class ClassificationTests : IDisposable
{
    private static readonly string[] s_labels = ["No", "Yes", "Maybe"];

    private readonly TempFolder _temp = new();

    public void Dispose() => _temp.Dispose();

    [Theory]
    [InlineData("opt-tiny", "OPTForSequenceClassification", "model.decoder.", "score.weight")]
    [InlineData("opt-tiny-fp16", "OPTForSequenceClassification", "model.decoder.", "score.weight")]
    [InlineData("opt-350m-style", "OPTForSequenceClassification", "model.decoder.", "score.weight")]
    [InlineData("llama-mha", "LlamaForSequenceClassification", "model.", "score.weight")]
    [InlineData("llama-gqa-sharded", "LlamaForSequenceClassification", "model.", "score.weight")]
    [InlineData(
        "roberta-tiny", "RobertaForSequenceClassification", "roberta.", "classifier.dense.bias", "classifier.dense.weight",
        "classifier.out_proj.bias", "classifier.out_proj.weight")]
    [InlineData("bert-tiny", "BertForSequenceClassification", "bert.", "classifier.bias", "classifier.weight")]
    [InlineData(
        "distilbert-tiny", "DistilBertForSequenceClassification", "distilbert.", "classifier.bias", "classifier.weight",
        "pre_classifier.bias", "pre_classifier.weight")]
    public void A_written_checkpoint_has_transformers_names_and_loads_again(
        string fixture, string architecture, string prefix, params string[] head)
    {
        using var source = ModelLoader.Load(TestData.Path("fixtures", "forward", fixture));
        ClassificationCheckpoint.Write(source, s_labels, 7, _temp["out"]);

        using var config = JsonDocument.Parse(File.ReadAllBytes(_temp["out", "config.json"]));
        Assert.Equal(architecture, Assert.Single(config.RootElement.GetProperty("architectures").EnumerateArray()).GetString());
        Assert.Equal(s_labels, config.RootElement.GetProperty("id2label").EnumerateObject().Select(p => p.Value.GetString()));
        using var model = ModelLoader.Load(_temp["out"]);
        Assert.Equal((ModelKind.Classifier, architecture, 3), (model.Kind, model.Shape.Architecture, model.Head.Rows));
        string[] names = [.. model.Checkpoint.Tensors.Keys.Order(StringComparer.Ordinal)];
        Assert.Equal(head, names.Where(n => !n.StartsWith(prefix, StringComparison.Ordinal)));
        Assert.All(model.Parameters.All, p => Assert.Equal(source.Parameters.All[0].Type, p.Type));
        foreach (var p in source.Parameters.All.Where(p => p.Role.Part != ModelPart.Head && !IsOfHead(p.Name)))
        {
            Assert.True(Bytes(p).SequenceEqual(Bytes(model.Parameters[p.Name])), p.Name);
        }
    }

    [Fact]
    public void The_head_is_normal_with_the_configurations_deviation_and_biases_are_zero()
    {
        using var source = ModelLoader.Load(TestData.Path("fixtures", "forward", "roberta-tiny"));
        ClassificationCheckpoint.Write(source, s_labels, 7, _temp["a"]);
        ClassificationCheckpoint.Write(source, s_labels, 7, _temp["b"]);
        ClassificationCheckpoint.Write(source, s_labels, 8, _temp["c"]);
        Assert.Equal(File.ReadAllBytes(_temp["a", "model.safetensors"]), File.ReadAllBytes(_temp["b", "model.safetensors"]));
        Assert.NotEqual(File.ReadAllBytes(_temp["a", "model.safetensors"]), File.ReadAllBytes(_temp["c", "model.safetensors"]));

        using var model = ModelLoader.Load(_temp["a"]);
        float[] dense = [.. MemoryMarshal.Cast<byte, float>(Bytes(model.Parameters["classifier.dense.weight"]))];
        Near.Equal(0, dense.Average(), 4 * 0.02 / Math.Sqrt(dense.Length));
        Near.Equal(0.02, Math.Sqrt(dense.Average(x => (double)x * x)), 0.001);
        Assert.All(MemoryMarshal.Cast<byte, float>(Bytes(model.Parameters["classifier.dense.bias"])).ToArray(), b => Assert.Equal(0, b));
        Assert.All(MemoryMarshal.Cast<byte, float>(Bytes(model.Parameters["classifier.out_proj.bias"])).ToArray(), b => Assert.Equal(0, b));
    }

    // A head made of rows of the output embedding gives the language model's logits of those words.
    [Theory]
    [InlineData("opt-tiny")]
    [InlineData("opt-350m-style")]
    [InlineData("llama-mha")]
    [InlineData("llama-gqa")]
    public void Classes_are_logits_of_the_last_token(string name)
    {
        using var fixture = new ForwardFixture(name);
        ClassificationCheckpoint.Write(fixture.Model, s_labels, 0, _temp["out"]);
        using var model = ModelLoader.Load(_temp["out"]);
        int bytes = model.Head.Weight.Columns * sizeof(float);
        for (int c = 0; c < 3; c++)
        {
            Buffer.MemoryCopy(fixture.Model.Head.Weight.At(20 + c, 0), model.Head.Weight.At(c, 0), bytes, bytes);
        }

        int[] ids = fixture.Inputs[0].Ids;
        float[] all = fixture.Logits(ForwardFixture.Batch(ids));
        int last = (ids.Length - 1) * fixture.Model.Shape.Vocabulary;
        Assert.Equal(all[(last + 20)..(last + 23)], Logits(fixture.Backend, model, ids, ids.Length - 1));
    }

    [Fact]
    public void Robertas_classes_are_a_projection_of_the_tanh_of_a_dense_layer()
    {
        using var fixture = new ForwardFixture("roberta-tiny");
        ClassificationCheckpoint.Write(fixture.Model, s_labels, 1, _temp["out"]);
        using var model = ModelLoader.Load(_temp["out"]);
        var dense = model.Parameters["classifier.dense.weight"];
        var bias = model.Parameters["classifier.dense.bias"];
        var projection = model.Parameters["classifier.out_proj.weight"];
        ((float*)bias.Data)[5] = 0.75f;
        ((float*)model.Parameters["classifier.out_proj.bias"].Data)[1] = -2;
        float[] state = fixture.Expected("input0.hidden.2")[..model.Shape.Hidden];
        double[] features = [.. Enumerable.Range(0, state.Length).Select(i => Math.Tanh(Dot(dense, i, state) + ((float*)bias.Data)[i]))];
        float[] expected =
            [.. Enumerable.Range(0, 3).Select(c => (float)(Dot(projection, c, [.. features.Select(f => (float)f)]) + (c == 1 ? -2 : 0)))];
        Near.Equal(expected, Logits(fixture.Backend, model, fixture.Inputs[0].Ids, 0), 1e-5);
    }

    [Fact]
    public void Two_classes_are_what_a_configuration_without_labels_means()
    {
        using var source = ModelLoader.Load(TestData.Path("fixtures", "forward", "opt-tiny"));
        ClassificationCheckpoint.Write(source, ["No", "Yes"], 7, _temp["out"]);
        string config = File.ReadAllText(_temp["out", "config.json"]);
        int labels = config.IndexOf("\"id2label\"", StringComparison.Ordinal);
        File.WriteAllText(_temp["out", "config.json"], config[..labels].TrimEnd().TrimEnd(',') + "}");
        using var model = ModelLoader.Load(_temp["out"]);
        Assert.Equal(2, model.Head.Rows);
    }

    [Fact]
    public void Classifiers_and_folders_in_use_are_refused()
    {
        using var source = ModelLoader.Load(TestData.Path("fixtures", "forward", "opt-tiny"));
        Directory.CreateDirectory(_temp["full"]);
        File.WriteAllText(_temp["full", "thesis.txt"], "a year's work");
        var e = Assert.Throws<InvalidInputException>(() => ClassificationCheckpoint.Write(source, s_labels, 0, _temp["full"]));
        Assert.Contains("a new folder was expected", e.Message, StringComparison.Ordinal);
        Assert.Equal([_temp["full", "thesis.txt"]], Directory.EnumerateFileSystemEntries(_temp["full"]));

        ClassificationCheckpoint.Write(source, s_labels, 0, _temp["out"]);
        using var model = ModelLoader.Load(_temp["out"]);
        e = Assert.Throws<InvalidInputException>(() => ClassificationCheckpoint.Write(model, s_labels, 0, _temp["again"]));
        Assert.Contains("has a classification head already", e.Message, StringComparison.Ordinal);
        e = Assert.Throws<InvalidInputException>(model.RequireCausal);
        Assert.Contains("is a classifier (OPTForSequenceClassification)", e.Message, StringComparison.Ordinal);
    }

    private static float[] Logits(CpuBackend backend, LanguageModel model, int[] ids, int token)
    {
        var builder = new TokenBatchBuilder();
        builder.Read(builder.AddText(ids), token);
        var batch = builder.Build();
        var pass = backend.Begin(batch, [Probe.Unperturbed]);
        float[] logits = new float[model.Head.Rows];
        pass.Logits(model.Forward(pass), model.Head, logits);
        return logits;
    }

    private static bool IsOfHead(string name) =>
        Array.Exists(["lm_head.", "cls.", "vocab_"], start => name.StartsWith(start, StringComparison.Ordinal));

    private static ReadOnlySpan<byte> Bytes(Parameter p) => new(p.Data, (int)p.ByteCount);

    private static double Dot(Parameter matrix, int row, float[] x)
    {
        double sum = 0;
        for (int i = 0; i < x.Length; i++)
        {
            sum += (double)((float*)matrix.At(row, 0))[i] * x[i];
        }

        return sum;
    }
}
