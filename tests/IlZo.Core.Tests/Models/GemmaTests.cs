using System.Text.Json;
using System.Text.Json.Nodes;
using IlZo.Arithmetic.Vectors;
using IlZo.Backends;
using IlZo.Models;
using IlZo.Models.Gemma;
using IlZo.Tensors;
using Xunit;

namespace IlZo.Core.Tests.Models;

/// <summary>Fields of Gemma and Gemma 2 beyond those that <see cref="ForwardFixtureTests"/> computes with.</summary>
public sealed class GemmaTests : IDisposable
{
    private readonly TempFolder _temp = new();

    public void Dispose() => _temp.Dispose();

    [Theory]
    [InlineData("{}", nameof(ActivationFunction.GeluTanh))]
    [InlineData("""{"hidden_act": "gelu"}""", nameof(ActivationFunction.GeluTanh))]
    [InlineData("""{"hidden_act": "gelu", "hidden_activation": null}""", nameof(ActivationFunction.GeluTanh))]
    [InlineData("""{"hidden_act": "relu", "hidden_activation": "gelu_pytorch_tanh"}""", nameof(ActivationFunction.GeluTanh))]
    [InlineData("""{"hidden_act": "relu"}""", nameof(ActivationFunction.Relu))]
    [InlineData("""{"hidden_activation": "gelu"}""", nameof(ActivationFunction.Gelu))]
    public void The_nonlinearity_is_the_one_that_transformers_takes(string config, string expected)
    {
        Assert.Equal(expected, $"{new GemmaConfig(Reader(config), GemmaConfig.First).Activation}");
        Assert.Equal(expected, $"{new GemmaConfig(Reader(config), GemmaConfig.Second).Activation}");
    }

    [Fact]
    public void Absent_fields_have_the_defaults_of_the_configuration_classes()
    {
        var first = new GemmaConfig(Reader("{}"), GemmaConfig.First);
        Assert.Equal((28, 3072, 16, 16, 256, 24576), (
            first.Layers.Value, first.Hidden.Value, first.Heads.Value, first.KeyValueHeads.Value, first.HeadSize.Value,
            first.Intermediate.Value));
        Assert.Equal(new AttentionShape(16, 16, 256, 1 / 16f), first.AttentionOf(0));
        var second = new GemmaConfig(Reader("{}"), GemmaConfig.Second);
        Assert.Equal((26, 2304, 9216, 30f), (second.Layers.Value, second.Hidden.Value, second.Intermediate.Value, second.LogitCap));
        Assert.Equal(new AttentionShape(8, 4, 256, 1 / 16f, Window: 4096, SoftCap: 50), second.AttentionOf(0));
        Assert.Equal(new AttentionShape(8, 4, 256, 1 / 16f, SoftCap: 50), second.AttentionOf(1));
    }

    [Fact]
    public void Caps_and_a_window_that_are_null_are_none()
    {
        var config = new GemmaConfig(
            Reader("""{"attn_logit_softcapping": null, "final_logit_softcapping": null, "sliding_window": null, "query_pre_attn_scalar": 144}"""), GemmaConfig.Second);
        Assert.Null(config.LogitCap);
        Assert.Equal(new AttentionShape(8, 4, 256, 1 / 12f), config.AttentionOf(0));
    }

    [Fact]
    public void Layer_types_go_before_the_rule_of_every_other_layer()
    {
        var config = new GemmaConfig(
            Reader("""{"num_hidden_layers": 2, "layer_types": ["full_attention", "sliding_attention"]}"""), GemmaConfig.Second);
        Assert.Equal([null, 4096], [config.Window[0], config.Window[1]]);
    }

    [Theory]
    [InlineData("""{"attn_logit_softcapping": 0}""", "attn_logit_softcapping is 0")]
    [InlineData("""{"final_logit_softcapping": "30"}""", "final_logit_softcapping is \"30\"")]
    [InlineData("""{"query_pre_attn_scalar": -256}""", "query_pre_attn_scalar is -256")]
    [InlineData("""{"use_bidirectional_attention": true}""", "use_bidirectional_attention")]
    [InlineData("""{"hidden_activation": "swiglu"}""", "hidden_activation 'swiglu'")]
    [InlineData("""{"partial_rotary_factor": 0.5}""", "partial_rotary_factor")]
    [InlineData("""{"rope_scaling": {"rope_type": "longrope", "factor": 2}}""", "the RoPE type 'longrope' is not supported")]
    public void A_field_that_cannot_be_honoured_is_refused_by_name(string config, string named) => Assert.Contains(
        named, Assert.Throws<InvalidInputException>(() => new GemmaConfig(Reader(config), GemmaConfig.Second)).Message,
        StringComparison.Ordinal);

    [Fact]
    public void A_window_is_refused_where_there_is_none() => Assert.Contains(
        "sliding_window",
        Assert.Throws<InvalidInputException>(() => new GemmaConfig(Reader("""{"sliding_window": 4096}"""), GemmaConfig.First)).Message,
        StringComparison.Ordinal);

    // √48 is 6.9282 in fp32 and 6.9375 in bfloat16.
    [Theory]
    [InlineData(null, 6.9375)]
    [InlineData(DType.F32, 6.92820323)]
    public void Embeddings_are_scaled_by_a_number_of_the_type_they_are_kept_in(DType? type, double scale)
    {
        using var model = ModelLoader.Load(TestData.Path("fixtures", "forward", "gemma-tiny-bf16"), type);
        using var backend = new IlZo.Backends.Cpu.CpuBackend(1);
        var batch = ForwardFixture.Batch([7]);
        var pass = backend.Begin(batch, [IlZo.Perturbations.Probe.Unperturbed]);
        float[] table = new float[model.Shape.Hidden];
        IlZo.Checkpoints.WeightLoader.ReadRow(model.Parameters["model.embed_tokens.weight"], 7, table);
        model.Forward(pass, (layer, h) =>
        {
            float[] actual = new float[model.Shape.Hidden];
            pass.Read(h, 0, actual);
            if (layer == 0)
            {
                Near.Equal([.. table.Select(w => (float)(w * scale))], actual, 1e-6);
            }
        });
    }

    [Fact]
    public void A_classifiers_scores_have_no_cap()
    {
        using var source = ModelLoader.Load(TestData.Path("fixtures", "forward", "gemma2-tiny"));
        Assert.Equal(4, source.Head.SoftCap);
        ClassificationCheckpoint.Write(source, ["No", "Yes"], 0, _temp["classes"]);
        using var model = ModelLoader.Load(_temp["classes"]);
        Assert.Equal("Gemma2ForSequenceClassification", model.Shape.Architecture);
        Assert.Null(model.Head.SoftCap);
    }

    private static ConfigReader Reader(string config) => new("config.json", JsonDocument.Parse(config).RootElement);
}
