using IlZo.Backends;
using IlZo.Checkpoints;
using IlZo.Models.Llama;
using IlZo.Tensors;

namespace IlZo.Models.Phi3;

/// <summary>
/// Phi-3: Llama with one layer for queries, keys and values and one for gate and values of the MLP, rotated in a part of each head where
/// the configuration says so. Source: Abdin et al. 2024, arXiv 2404.14219; huggingface/transformers
/// models/phi3/{configuration,modeling}_phi3.py.
/// </summary>
internal sealed class Phi3Model(LlamaConfig config, ModelWeights weights)
    : LanguageModel(
        config.Shape(config.Variant.Architecture) with
        {
            IsGated = true,
            MaxPositions = Math.Min(config.MaxPositions, config.Rotary.LongestText),
            LongestText = config.Rotary.LongestText,
        },
        weights,
        weights.Layers("layers.", config.Layers, (name, layer) => Layer(name, layer, config, weights)))
{
    private readonly Parameter _tokens = weights.Embedding(
        "embed_tokens.weight", "lm_head.weight", config.Tied, config.Vocabulary, config.Hidden);
    private readonly RmsNorm _finalNorm = weights.RmsNorm("norm", config.Hidden, config.NormEpsilon);

    /// <summary>What tells it apart from Llama.</summary>
    public static LlamaVariant Variant { get; } = new("Phi3ForCausalLM")
    {
        Vocabulary = 32064,
        Hidden = 3072,
        Layers = 32,
        Heads = 32,
        Intermediate = 8192,
        MaxPositions = 4096,
        NormEpsilon = 1e-5,
        Activation = "silu",
        Tied = false,
        BosId = 1,
        EosId = 32000,
        Window = WindowRule.Named,
        HasPartialRotation = true,
    };

    public static Phi3Model Load(ConfigReader reader, CheckpointFolder folder, WeightOptions options) =>
        new(new LlamaConfig(reader, Variant), new ModelWeights(folder, options, ["model.", string.Empty]));

    private protected override Activation Embed(IPass pass)
    {
        var h = pass.Rent(Shape.Hidden);
        pass.Embed(_tokens, pass.Batch.Ids, h);
        return h;
    }

    private protected override Activation Finish(IPass pass, Activation rows)
    {
        _finalNorm.Apply(pass, rows, rows);
        return rows;
    }

    private static TransformerLayer Layer(string name, int layer, LlamaConfig config, ModelWeights weights)
    {
        var inputs = config.Queries + (2 * config.Keys);
        var attention = new SelfAttention(
            [weights.Linear(name + "self_attn.qkv_proj", ModelPart.QueryKeyValue, inputs, config.Hidden, config.AttentionBias)],
            weights.Linear(name + "self_attn.o_proj", ModelPart.AttentionOutput, config.Hidden, config.Queries, config.AttentionBias),
            config.Attention with { Window = config.Window[layer] })
        {
            Rotary = config.Rotary,
        };
        var mlp = new JointFeedForward(
            weights.Linear(name + "mlp.gate_up_proj", ModelPart.MlpGateUp, 2 * config.Intermediate, config.Hidden, config.MlpBias),
            weights.Linear(name + "mlp.down_proj", ModelPart.MlpDown, config.Hidden, config.Intermediate, config.MlpBias),
            config.Activation);
        return new(
            new Residual(attention) { Before = weights.RmsNorm(name + "input_layernorm", config.Hidden, config.NormEpsilon) },
            new Residual(mlp) { Before = weights.RmsNorm(name + "post_attention_layernorm", config.Hidden, config.NormEpsilon) });
    }
}
