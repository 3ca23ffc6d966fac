using IlZo.Backends;
using IlZo.Checkpoints;
using IlZo.Models.Llama;
using IlZo.Tensors;

namespace IlZo.Models.Gemma;

/// <summary>
/// Gemma: Llama with scaled embeddings, norms by 1 + w, and GELU in the gate; and Gemma 2, with norms behind each block too, soft caps on
/// scores and logits, and sliding windows in every other layer.
/// Source: Gemma Team 2024, arXiv 2403.08295 and 2408.00118; huggingface/transformers models/{gemma,gemma2}/modeling_*.py.
/// </summary>
internal sealed class GemmaModel(GemmaConfig config, ModelWeights weights)
    : LanguageModel(
        config.Shape(config.Variant.Architecture) with { IsGated = true, LongestText = config.Rotary.LongestText },
        weights,
        weights.Layers("layers.", config.Layers, (name, layer) => Layer(name, layer, config, weights)),
        new OutputHead(weights.OutputEmbedding(), SoftCap: weights.Classes is null ? config.LogitCap : null))
{
    private readonly Parameter _tokens = weights.Embedding(
        "embed_tokens.weight", "lm_head.weight", config.Tied, config.Vocabulary, config.Hidden);
    private readonly RmsNorm _finalNorm = Norm("norm", config, weights);

    public static GemmaModel Load(ConfigReader reader, CheckpointFolder folder, WeightOptions options, LlamaVariant variant)
    {
        var config = new GemmaConfig(reader, variant);
        var weights = new ModelWeights(folder, options, ["model.", string.Empty]);
        weights.IgnoreEndingIn("rotary_emb.inv_freq");
        return new GemmaModel(config, weights);
    }

    private protected override Activation Embed(IPass pass)
    {
        var h = pass.Rent(Shape.Hidden);
        pass.Embed(_tokens, pass.Batch.Ids, h);
        pass.Scale(h, Normalizer(Shape.Hidden, _tokens.Type));
        return h;
    }

    private protected override Activation Finish(IPass pass, Activation rows)
    {
        _finalNorm.Apply(pass, rows, rows);
        return rows;
    }

    private static TransformerLayer Layer(string name, int layer, GemmaConfig config, ModelWeights weights) => new(
        new Residual(LlamaModel.Attention(name, config.AttentionOf(layer), config, weights))
        {
            Before = Norm(name + "input_layernorm", config, weights),
            Result = config.IsSecond ? Norm(name + "post_attention_layernorm", config, weights) : null,
        },
        new Residual(LlamaModel.Mlp(name, config, weights))
        {
            Before = Norm(name + (config.IsSecond ? "pre_feedforward_layernorm" : "post_attention_layernorm"), config, weights),
            Result = config.IsSecond ? Norm(name + "post_feedforward_layernorm", config, weights) : null,
        });

    private static RmsNorm Norm(string name, GemmaConfig config, ModelWeights weights) =>
        weights.RmsNorm(name, config.Hidden, config.NormEpsilon, offset: 1);

    // √hidden as a number of the type that the embeddings are kept in, which is what the model was made with.
    private static float Normalizer(int hidden, DType type)
    {
        Span<float> root = [MathF.Sqrt(hidden)];
        WeightLoader.RoundTo(type, root);
        return root[0];
    }
}
