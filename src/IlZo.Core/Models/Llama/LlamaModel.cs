using IlZo.Backends;
using IlZo.Checkpoints;
using IlZo.Tensors;

namespace IlZo.Models.Llama;

/// <summary>
/// Llama: RMSNorm before each block, rotary positions, grouped-query attention, gated MLP; and its variants.
/// Source: Touvron et al. 2023, arXiv 2302.13971 and 2307.09288; huggingface/transformers models/llama/modeling_llama.py.
/// </summary>
internal sealed class LlamaModel(LlamaConfig config, ModelWeights weights)
    : LanguageModel(
        config.Shape(config.Variant.Architecture) with { IsGated = true, LongestText = config.Rotary.LongestText },
        weights,
        weights.Layers("layers.", config.Layers, (name, layer) => Layer(name, layer, config, weights)))
{
    private readonly Parameter _tokens = weights.Embedding(
        "embed_tokens.weight", "lm_head.weight", config.Tied, config.Vocabulary, config.Hidden);
    private readonly RmsNorm _finalNorm = weights.RmsNorm("norm", config.Hidden, config.NormEpsilon);

    public static LlamaModel Load(ConfigReader reader, CheckpointFolder folder, WeightOptions options, LlamaVariant variant)
    {
        var config = new LlamaConfig(reader, variant);
        var weights = new ModelWeights(folder, options, ["model.", string.Empty]);
        weights.IgnoreEndingIn("rotary_emb.inv_freq");
        return new LlamaModel(config, weights);
    }

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

    /// <summary>The attention of a layer, by the names that Llama and those that came after it have for its parts.</summary>
    internal static SelfAttention Attention(string name, AttentionShape shape, LlamaConfig config, ModelWeights weights)
    {
        bool bias = config.AttentionBias || config.Variant.QueryKeyValueBias;
        return new(
            [
                weights.Linear(name + "self_attn.q_proj", ModelPart.Query, config.Queries, config.Hidden, bias),
                weights.Linear(name + "self_attn.k_proj", ModelPart.Key, config.Keys, config.Hidden, bias),
                weights.Linear(name + "self_attn.v_proj", ModelPart.Value, config.Keys, config.Hidden, bias),
            ],
            weights.Linear(name + "self_attn.o_proj", ModelPart.AttentionOutput, config.Hidden, config.Queries, config.AttentionBias),
            shape)
        {
            QueryNorm = config.Variant.HeadNorms ? weights.RmsNorm(name + "self_attn.q_norm", config.HeadSize, config.NormEpsilon) : null,
            KeyNorm = config.Variant.HeadNorms ? weights.RmsNorm(name + "self_attn.k_norm", config.HeadSize, config.NormEpsilon) : null,
            Rotary = config.Rotary,
        };
    }

    /// <summary>The MLP of a layer.</summary>
    internal static FeedForward Mlp(string name, LlamaConfig config, ModelWeights weights) => new(
        gate: weights.Linear(name + "mlp.gate_proj", ModelPart.MlpGate, config.Intermediate, config.Hidden, config.MlpBias),
        up: weights.Linear(name + "mlp.up_proj", ModelPart.MlpUp, config.Intermediate, config.Hidden, config.MlpBias),
        down: weights.Linear(name + "mlp.down_proj", ModelPart.MlpDown, config.Hidden, config.Intermediate, config.MlpBias),
        function: config.Activation);

    private static TransformerLayer Layer(string name, int layer, LlamaConfig config, ModelWeights weights) => new(
        new Residual(Attention(name, config.Attention with { Window = config.Window[layer] }, config, weights))
        {
            Before = weights.RmsNorm(name + "input_layernorm", config.Hidden, config.NormEpsilon),
        },
        new Residual(Mlp(name, config, weights))
        {
            Before = weights.RmsNorm(
            name + "post_attention_layernorm", config.Hidden, config.NormEpsilon)
        });
}
