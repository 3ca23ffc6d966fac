using IlZo.Arithmetic;
using IlZo.Backends.Cpu;
using IlZo.Core.Tests.Models;
using IlZo.Models;
using IlZo.Noise;
using IlZo.Optimizers;
using IlZo.Tensors;
using IlZo.Updates;
using Xunit;

namespace IlZo.Core.Tests.Optimizers;

/// <summary>Which tensors decay and by how much: with a gradient of zero θ ← (1 − ηλ)θ, and norms and biases keep their bits.</summary>
public sealed unsafe class WeightDecayTests
{
    private const double Rate = 0.125;
    private const double Decay = 0.5;

    // 1 − ηλ is a number of fp32.
    private const float Kept = 0.9375f;

    private static readonly NoiseKey s_rounding = new(4, NoiseStream.StochasticRounding, 1, 0);

    // What the documentation promises, by the names that the families' tensors of these fixtures have.
    private static readonly string[] s_norms =
        ["LayerNorm.weight", "layer_norm.weight", "layernorm.weight", "_norm.weight", ".ln_1.weight", ".ln_2.weight", "ln_f.weight"];

    public static TheoryData<string> Rules => [.. s_rules.Keys];

    private static readonly Dictionary<string, Func<OptimizerSettings, UpdateRule>> s_rules = new()
    {
        ["sgd"] = s => new Sgd(s.WeightDecay),
        ["momentum"] = s => new Momentum(s.Parameters.Trained, 0.9, s.WeightDecay),
        ["adam"] = s => new Adam(s.Parameters.Trained, 0.9, 0.999, 1e-8, s.WeightDecay),
        ["r-adazo"] = s => new RAdaZo(s),
        ["averages"] = s => new VectorAverage(s.Parameters.Trained.Where(p => p.Rows == 1), s.WeightDecay),
        ["diagonal"] = s => new DiagonalScaling(s, 0.05) { Coefficient = 0.5, Curvature = 3 },
        ["iterates"] = s => new AveragedIterate(s),
        ["rescaling"] = s => new Rescaling(s.WeightDecay, new Lazy<BaseWeights>(s.OpenBase), new Dictionary<Parameter, float>()),
    };

    [Theory]
    [InlineData("opt-tiny")]
    [InlineData("opt-350m-style")]
    [InlineData("gpt2-tiny")]
    [InlineData("llama-gqa")]
    [InlineData("llama-mha")]
    [InlineData("roberta-tiny")]
    public void Of_every_family_all_but_norms_and_biases_decays(string fixture)
    {
        using var model = ModelLoader.Load(TestData.Path("fixtures", "forward", fixture));
        AssertDecay(model, s => new Sgd(s.WeightDecay));
    }

    [Fact]
    public void Qwens_norms_of_heads_do_not_decay()
    {
        using var folder = LlamaVariantTests.Write(""" "model_type": "qwen3", "head_dim": 24, "attention_bias": true """, "qkv o norms");
        using var model = ModelLoader.Load(folder.Path);
        AssertDecay(model, s => new Sgd(s.WeightDecay));
    }

    [Theory]
    [MemberData(nameof(Rules))]
    public void Every_rule_spares_norms_and_biases(string rule)
    {
        using var model = ModelLoader.Load(TestData.Path("fixtures", "forward", "gpt2-tiny"));
        AssertDecay(model, s_rules[rule]);
    }

    [Fact]
    public void The_decay_of_earlier_runs_goes_by_names()
    {
        using var memory = new NativeBuffer(16);
        WeightDecay earlier = new LegacyDecay(Decay);
        string[] spared = [.. new[]
            {
                "model.decoder.final_layer_norm.weight", "h.0.ln_1.weight", "h.0.ln_1.bias", "model.norm.weight",
                "model.layers.0.input_layernorm.weight",
                "roberta.embeddings.LayerNorm.weight", "lm_head.layer_norm.weight", "layers.0.self_attn.q_norm.weight",
                "layers.0.fc1.weight",
            }
            .Where(name => earlier.Kept(new Parameter(name, [4], DType.F32, memory.Data, new TensorRole(ModelPart.Norm)), Rate) is null)];
        Assert.Equal(
            [
                "model.decoder.final_layer_norm.weight", "h.0.ln_1.bias", "model.layers.0.input_layernorm.weight",
                "lm_head.layer_norm.weight",
            ], spared);
    }

    private static void AssertDecay(LanguageModel model, Func<OptimizerSettings, UpdateRule> make)
    {
        var all = model.Parameters.All;
        float[][] before = [.. all.Select(Values)];
        using (var rule = make(new OptimizerSettings(model.Parameters) { WeightDecay = Decay }))
        {
            using var backend = new CpuBackend(1);
            rule.Advance();
            backend.Update(all, new GradientEstimate([]), rule, Rate, s_rounding);
        }

        foreach (var (tensor, start) in all.Zip(before))
        {
            bool spared = tensor.Name.EndsWith("bias", StringComparison.Ordinal)
                || Array.Exists(s_norms, end => tensor.Name.EndsWith(end, StringComparison.Ordinal))
                || tensor.Name.EndsWith("model.norm.weight", StringComparison.Ordinal);
            Assert.True(Values(tensor).SequenceEqual(spared ? start : [.. start.Select(v => v * Kept)]), tensor.Name);
        }
    }

    private static float[] Values(Parameter tensor) => new Span<float>((float*)tensor.Data, (int)tensor.Count).ToArray();
}
