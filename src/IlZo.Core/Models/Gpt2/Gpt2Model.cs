using IlZo.Backends;
using IlZo.Checkpoints;
using IlZo.Tensors;

namespace IlZo.Models.Gpt2;

/// <summary>
/// GPT-2: learned positions, LayerNorm before each block, one projection for queries, keys and values, weights stored [in, out].
/// Source: Radford et al. 2019, "Language Models are Unsupervised Multitask Learners"; huggingface/transformers models/gpt2/modeling_gpt2.py.
/// </summary>
/// <remarks>The field <c>reorder_and_upcast_attn</c> asks for scores in fp32, which they always are here.</remarks>
internal sealed class Gpt2Model : LanguageModel
{
    private readonly Gpt2Config _config;
    private readonly Parameter _tokens;
    private readonly Parameter _positions;
    private readonly LayerNorm _finalNorm;
    private readonly Layer[] _layers;

    private Gpt2Model(Gpt2Config config, ModelWeights weights)
        : base(ShapeOf(config), weights)
    {
        _config = config;
        _tokens = weights["wte.weight"];
        _positions = weights["wpe.weight"];
        _finalNorm = new LayerNorm(weights, "ln_f", config.NormEpsilon);
        _layers = [.. Enumerable.Range(0, config.Layers).Select(i => new Layer(weights, $"h.{i}.", config))];
    }

    public static Gpt2Model Load(ConfigReader reader, CheckpointFolder folder, WeightOptions options)
    {
        var config = new Gpt2Config(reader);
        var weights = new ModelWeights(folder, options, ["transformer.", string.Empty], "wte.weight");

        // The causal mask, which older files hold.
        weights.IgnoreEndingIn(".attn.bias");
        weights.IgnoreEndingIn(".attn.masked_bias");
        weights.RequireEmbedding("wte.weight", "lm_head.weight", config.Tied, config.Vocabulary, config.Hidden);
        weights.RequireTable("wpe.weight", ModelPart.PositionEmbedding, config.MaxPositions, config.Hidden);
        weights.RequireNorm("ln_f", config.Hidden);
        weights.RequireLayers("h.", config.Layers);
        for (int i = 0; i < config.Layers; i++)
        {
            string layer = $"h.{i}.";
            weights.RequireNorm(layer + "ln_1", config.Hidden);
            weights.RequireLinear(layer + "attn.c_attn", ModelPart.QueryKeyValue, 3 * config.Hidden, config.Hidden, bias: true, WeightLayout.InOut);
            weights.RequireLinear(layer + "attn.c_proj", ModelPart.AttentionOutput, config.Hidden, config.Hidden, bias: true, WeightLayout.InOut);
            weights.RequireNorm(layer + "ln_2", config.Hidden);
            weights.RequireLinear(layer + "mlp.c_fc", ModelPart.MlpUp, config.Intermediate, config.Hidden, bias: true, WeightLayout.InOut);
            weights.RequireLinear(layer + "mlp.c_proj", ModelPart.MlpDown, config.Hidden, config.Intermediate, bias: true, WeightLayout.InOut);
        }

        weights.RequireHead("lm_head.weight", config.Tied ? "wte.weight" : null, config.Vocabulary, config.Hidden);
        weights.RefuseOthers();
        return new Gpt2Model(config, weights);
    }

    private protected override Activation RunLayers(IBackend backend, TokenBatch batch, Action<int, Activation>? watch)
    {
        backend.Reserve(Shape.ActivationFeatures, Shape.WidestInput);
        var h = backend.Rent(_config.Hidden);
        backend.Embed(_tokens, batch.Ids, h);
        backend.Embed(_positions, new ShiftedPositions(batch.Positions, PositionShift), h, accumulate: true);
        watch?.Invoke(0, h);
        var normed = backend.Rent(_config.Hidden);
        for (int i = 0; i < _layers.Length; i++)
        {
            _layers[i].AttentionNorm.Apply(backend, h, normed);
            Attend(backend, _layers[i], i, normed, h);
            _layers[i].MlpNorm.Apply(backend, h, normed);
            _layers[i].Mlp.AddTo(backend, normed, h);
            watch?.Invoke(i + 1, h);
        }

        var rows = backend.GatherOutputs(h);
        _finalNorm.Apply(backend, rows, rows);
        return rows;
    }

    private static ModelShape ShapeOf(Gpt2Config c) => new("GPT2LMHeadModel", c.Vocabulary, c.Hidden, c.Layers, c.MaxPositions, c.BosId, c.EosIds)
    {
        Intermediate = c.Intermediate,
        QueryFeatures = c.Hidden,
        KeyFeatures = c.Hidden,
        KeyValueHeads = c.Heads,
    };

    // h += c_proj(attention(q, k, v)) with q, k and v one after the other in c_attn's outputs
    private void Attend(IBackend backend, Layer layer, int index, Activation x, Activation h)
    {
        int hidden = _config.Hidden;
        var joint = backend.Rent(3 * hidden);
        layer.QueryKeyValue.Apply(backend, x, joint);
        var q = backend.Slice(joint, 0, hidden);
        var k = backend.Slice(joint, hidden, hidden);
        var v = backend.Slice(joint, 2 * hidden, hidden);
        var mixed = backend.Rent(hidden);
        var shape = new AttentionShape(_config.Heads, _config.Heads, _config.HeadSize, _config.AttentionScale(index));
        backend.Attention(q, k, v, mixed, shape, index, PrefixOf(index));
        layer.Output.Apply(backend, mixed, h, accumulate: true);
        backend.Return(mixed);
        backend.Return(joint);
    }

    private sealed class Layer(ModelWeights weights, string prefix, Gpt2Config config)
    {
        public LayerNorm AttentionNorm { get; } = new(weights, prefix + "ln_1", config.NormEpsilon);

        public Linear QueryKeyValue { get; } = new(weights, prefix + "attn.c_attn", WeightLayout.InOut);

        public Linear Output { get; } = new(weights, prefix + "attn.c_proj", WeightLayout.InOut);

        public LayerNorm MlpNorm { get; } = new(weights, prefix + "ln_2", config.NormEpsilon);

        public FeedForward Mlp { get; } = new(
            new Linear(weights, prefix + "mlp.c_fc", WeightLayout.InOut), new Linear(weights, prefix + "mlp.c_proj", WeightLayout.InOut), config.Activation);
    }
}
