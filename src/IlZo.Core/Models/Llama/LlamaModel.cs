using IlZo.Backends;
using IlZo.Checkpoints;
using IlZo.Tensors;

namespace IlZo.Models.Llama;

/// <summary>
/// Llama: RMSNorm before each block, rotary positions, grouped-query attention, gated MLP; and its variants.
/// Source: Touvron et al. 2023, arXiv 2302.13971 and 2307.09288; huggingface/transformers models/llama/modeling_llama.py.
/// </summary>
internal sealed class LlamaModel : LanguageModel
{
    private readonly LlamaConfig _config;
    private readonly Parameter _tokens;
    private readonly Parameter _finalNorm;
    private readonly Layer[] _layers;

    private LlamaModel(LlamaConfig config, ModelWeights weights)
        : base(ShapeOf(config), weights)
    {
        _config = config;
        _tokens = weights["embed_tokens.weight"];
        _finalNorm = weights["norm.weight"];
        _layers = [.. Enumerable.Range(0, config.Layers).Select(i => new Layer(weights, $"layers.{i}."))];
    }

    public static LlamaModel Load(ConfigReader reader, CheckpointFolder folder, WeightOptions options, LlamaVariant variant)
    {
        var config = new LlamaConfig(reader, variant);
        bool bias = config.AttentionBias || variant.QueryKeyValueBias;
        var weights = new ModelWeights(folder, options, ["model.", string.Empty]);
        weights.IgnoreEndingIn("rotary_emb.inv_freq");
        weights.RequireEmbedding("embed_tokens.weight", "lm_head.weight", config.Tied, config.Vocabulary, config.Hidden);
        weights.RequireNorm("norm", config.Hidden, bias: false);
        weights.RequireLayers("layers.", config.Layers);
        for (int i = 0; i < config.Layers; i++)
        {
            string layer = $"layers.{i}.";
            weights.RequireLinear(layer + "self_attn.q_proj", ModelPart.Query, config.Queries, config.Hidden, bias);
            weights.RequireLinear(layer + "self_attn.k_proj", ModelPart.Key, config.Keys, config.Hidden, bias);
            weights.RequireLinear(layer + "self_attn.v_proj", ModelPart.Value, config.Keys, config.Hidden, bias);
            weights.RequireLinear(layer + "self_attn.o_proj", ModelPart.AttentionOutput, config.Hidden, config.Queries, config.AttentionBias);
            weights.RequireLinear(layer + "mlp.gate_proj", ModelPart.MlpGate, config.Intermediate, config.Hidden, config.MlpBias);
            weights.RequireLinear(layer + "mlp.up_proj", ModelPart.MlpUp, config.Intermediate, config.Hidden, config.MlpBias);
            weights.RequireLinear(layer + "mlp.down_proj", ModelPart.MlpDown, config.Hidden, config.Intermediate, config.MlpBias);
            weights.RequireNorm(layer + "input_layernorm", config.Hidden, bias: false);
            weights.RequireNorm(layer + "post_attention_layernorm", config.Hidden, bias: false);
            if (variant.HeadNorms)
            {
                weights.RequireNorm(layer + "self_attn.q_norm", config.HeadSize, bias: false);
                weights.RequireNorm(layer + "self_attn.k_norm", config.HeadSize, bias: false);
            }
        }

        weights.RequireHead("lm_head.weight", config.Tied ? "embed_tokens.weight" : null, config.Vocabulary, config.Hidden);
        weights.RefuseOthers();
        return new LlamaModel(config, weights);
    }

    private protected override Activation RunLayers(IBackend backend, TokenBatch batch, Action<int, Activation>? watch)
    {
        backend.Reserve(Shape.ActivationFeatures, Shape.WidestInput);
        var h = backend.Rent(_config.Hidden);
        backend.Embed(_tokens, batch.Ids, h);
        watch?.Invoke(0, h);
        var normed = backend.Rent(_config.Hidden);
        for (int i = 0; i < _layers.Length; i++)
        {
            backend.RmsNorm(h, _layers[i].AttentionNorm, _config.NormEpsilon, normed);
            Attend(backend, _layers[i], i, normed, h);
            backend.RmsNorm(h, _layers[i].MlpNorm, _config.NormEpsilon, normed);
            Mlp(backend, _layers[i], normed, h);
            watch?.Invoke(i + 1, h);
        }

        var rows = backend.GatherOutputs(h);
        backend.RmsNorm(rows, _finalNorm, _config.NormEpsilon, rows);
        return rows;
    }

    private static ModelShape ShapeOf(LlamaConfig c) =>
        new(c.Variant.Architecture, c.Vocabulary, c.Hidden, c.Layers, c.MaxPositions, c.BosId, c.EosIds)
        {
            Intermediate = c.Intermediate,
            IsGated = true,
            QueryFeatures = c.Queries,
            KeyFeatures = c.Keys,
            KeyValueHeads = c.KeyValueHeads,
            LongestText = ConfigSize.MaxRows,
        };

    // h += o_proj(attention(rotate(norm(q)), rotate(norm(k)), v))
    private void Attend(IBackend backend, Layer layer, int index, Activation x, Activation h)
    {
        int size = _config.HeadSize;
        var q = backend.Rent(_config.Queries);
        var k = backend.Rent(_config.Keys);
        var v = backend.Rent(_config.Keys);
        layer.Query.Apply(backend, x, q);
        layer.Key.Apply(backend, x, k);
        layer.Value.Apply(backend, x, v);
        if (layer.QueryNorm is { } queryNorm && layer.KeyNorm is { } keyNorm)
        {
            backend.RmsNorm(q, queryNorm, _config.NormEpsilon, q);
            backend.RmsNorm(k, keyNorm, _config.NormEpsilon, k);
        }

        backend.Rotate(q, _config.Heads, _config.Rotary, PositionShift);
        backend.Rotate(k, _config.KeyValueHeads, _config.Rotary, PositionShift);
        var mixed = backend.Rent(_config.Queries);
        var shape = new AttentionShape(_config.Heads, _config.KeyValueHeads, size, 1 / MathF.Sqrt(size), Window: _config.Window[index]);
        backend.Attention(q, k, v, mixed, shape, index, PrefixOf(index));
        layer.Output.Apply(backend, mixed, h, accumulate: true);
        backend.Return(mixed);
        backend.Return(v);
        backend.Return(k);
        backend.Return(q);
    }

    // h += down(f(gate(x)) · up(x))
    private void Mlp(IBackend backend, Layer layer, Activation x, Activation h)
    {
        var gate = backend.Rent(_config.Intermediate);
        var up = backend.Rent(_config.Intermediate);
        layer.Gate.Apply(backend, x, gate, activation: _config.Activation);
        layer.Up.Apply(backend, x, up);
        backend.Multiply(gate, up);
        layer.Down.Apply(backend, gate, h, accumulate: true);
        backend.Return(up);
        backend.Return(gate);
    }

    private sealed class Layer(ModelWeights weights, string prefix)
    {
        public Linear Query { get; } = new(weights, prefix + "self_attn.q_proj");

        public Linear Key { get; } = new(weights, prefix + "self_attn.k_proj");

        public Linear Value { get; } = new(weights, prefix + "self_attn.v_proj");

        public Linear Output { get; } = new(weights, prefix + "self_attn.o_proj");

        public Linear Gate { get; } = new(weights, prefix + "mlp.gate_proj");

        public Linear Up { get; } = new(weights, prefix + "mlp.up_proj");

        public Linear Down { get; } = new(weights, prefix + "mlp.down_proj");

        public Parameter? QueryNorm { get; } = weights.Find(prefix + "self_attn.q_norm.weight");

        public Parameter? KeyNorm { get; } = weights.Find(prefix + "self_attn.k_norm.weight");

        public Parameter AttentionNorm { get; } = weights[prefix + "input_layernorm.weight"];

        public Parameter MlpNorm { get; } = weights[prefix + "post_attention_layernorm.weight"];
    }
}
