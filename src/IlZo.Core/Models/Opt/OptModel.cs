using IlZo.Backends;
using IlZo.Checkpoints;
using IlZo.Tensors;

namespace IlZo.Models.Opt;

/// <summary>
/// OPT: learned positions, LayerNorm before each block (after it in the 350m style), biases, tied output embedding.
/// Source: Zhang et al. 2022, arXiv 2205.01068; huggingface/transformers models/opt/modeling_opt.py.
/// </summary>
internal sealed class OptModel : LanguageModel
{
    // The position table's first two rows stand for padding in the original implementation.
    private const int PositionOffset = 2;

    // Not in the configuration: the default of torch.nn.LayerNorm.
    private const float NormEpsilon = 1e-5f;

    private static readonly (string Name, ModelPart Part)[] s_projections =
        [("q_proj", ModelPart.Query), ("k_proj", ModelPart.Key), ("v_proj", ModelPart.Value), ("out_proj", ModelPart.AttentionOutput)];

    private readonly OptConfig _config;
    private readonly Parameter _tokens;
    private readonly Parameter _positions;
    private readonly Parameter? _projectIn;
    private readonly Parameter? _projectOut;
    private readonly LayerNorm? _finalNorm;
    private readonly Layer[] _layers;

    private OptModel(OptConfig config, ModelWeights weights)
        : base(ShapeOf(config), weights)
    {
        _config = config;
        _tokens = weights["embed_tokens.weight"];
        _positions = weights["embed_positions.weight"];
        _projectIn = weights.Find("project_in.weight");
        _projectOut = weights.Find("project_out.weight");
        _finalNorm = config.FinalNorm ? new LayerNorm(weights, "final_layer_norm", NormEpsilon) : null;
        _layers = [.. Enumerable.Range(0, config.Layers).Select(i => new Layer(weights, $"layers.{i}.", config))];
    }

    public static OptModel Load(ConfigReader reader, CheckpointFolder folder, WeightOptions options)
    {
        var config = new OptConfig(reader);
        var weights = new ModelWeights(folder, options, ["model.decoder.", "decoder."]);
        weights.RequireEmbedding("embed_tokens.weight", "lm_head.weight", config.Tied, config.Vocabulary, config.Embedding);
        weights.RequireTable("embed_positions.weight", ModelPart.PositionEmbedding, config.MaxPositions + PositionOffset, config.Hidden);
        if (config.Embedding != config.Hidden)
        {
            weights.RequireLinear("project_in", ModelPart.EmbeddingProjection, config.Hidden, config.Embedding, bias: false);
            weights.RequireLinear("project_out", ModelPart.EmbeddingProjection, config.Embedding, config.Hidden, bias: false);
        }

        weights.RequireLayers("layers.", config.Layers);
        for (int i = 0; i < config.Layers; i++)
        {
            string layer = $"layers.{i}.";
            foreach (var (projection, part) in s_projections)
            {
                weights.RequireLinear($"{layer}self_attn.{projection}", part, config.Hidden, config.Hidden, config.Biases);
            }

            weights.RequireLinear(layer + "fc1", ModelPart.MlpUp, config.Intermediate, config.Hidden, config.Biases);
            weights.RequireLinear(layer + "fc2", ModelPart.MlpDown, config.Hidden, config.Intermediate, config.Biases);
            RequireNorm(weights, layer + "self_attn_layer_norm", config);
            RequireNorm(weights, layer + "final_layer_norm", config);
        }

        if (config.FinalNorm)
        {
            RequireNorm(weights, "final_layer_norm", config);
        }

        weights.RequireHead("lm_head.weight", config.Tied ? "embed_tokens.weight" : null, config.Vocabulary, config.Embedding);
        weights.RefuseOthers();
        return new OptModel(config, weights);
    }

    private protected override Activation RunLayers(IBackend backend, TokenBatch batch, Action<int, Activation>? watch)
    {
        backend.Reserve(Shape.ActivationFeatures, Shape.WidestInput);
        var h = Embed(backend, batch);
        watch?.Invoke(0, h);
        var normed = _config.NormBefore ? backend.Rent(_config.Hidden) : h;
        for (int i = 0; i < _layers.Length; i++)
        {
            var layer = _layers[i];
            if (_config.NormBefore)
            {
                layer.AttentionNorm.Apply(backend, h, normed);
                layer.Attention.AddTo(backend, normed, h, i, PrefixOf(i));
                layer.MlpNorm.Apply(backend, h, normed);
                layer.Mlp.AddTo(backend, normed, h);
            }
            else
            {
                layer.Attention.AddTo(backend, h, h, i, PrefixOf(i));
                layer.AttentionNorm.Apply(backend, h, h);
                layer.Mlp.AddTo(backend, h, h);
                layer.MlpNorm.Apply(backend, h, h);
            }

            watch?.Invoke(i + 1, h);
        }

        var rows = backend.GatherOutputs(h);
        _finalNorm?.Apply(backend, rows, rows);
        if (_projectOut is null)
        {
            return rows;
        }

        var projected = backend.Rent(_config.Embedding, rows);
        backend.Linear(rows, _projectOut, null, projected);
        return projected;
    }

    private static ModelShape ShapeOf(OptConfig c) => new("OPTForCausalLM", c.Vocabulary, c.Hidden, c.Layers, c.MaxPositions, c.BosId, c.EosIds)
    {
        Intermediate = c.Intermediate,
        QueryFeatures = c.Hidden,
        KeyFeatures = c.Hidden,
        KeyValueHeads = c.Heads,
        NormalizesInPlace = !c.NormBefore,
    };

    private static void RequireNorm(ModelWeights weights, string name, OptConfig config)
    {
        if (config.NormAffine)
        {
            weights.RequireNorm(name, config.Hidden);
        }
    }

    private Activation Embed(IBackend backend, TokenBatch batch)
    {
        var h = backend.Rent(_config.Hidden);
        if (_projectIn is null)
        {
            backend.Embed(_tokens, batch.Ids, h);
        }
        else
        {
            var embedded = backend.Rent(_config.Embedding);
            backend.Embed(_tokens, batch.Ids, embedded);
            backend.Linear(embedded, _projectIn, null, h);
            backend.Return(embedded);
        }

        backend.Embed(_positions, new ShiftedPositions(batch.Positions, PositionOffset + PositionShift), h, accumulate: true);
        return h;
    }

    private sealed class Layer(ModelWeights weights, string prefix, OptConfig config)
    {
        public SelfAttention Attention { get; } = new(
            new Linear(weights, prefix + "self_attn.q_proj"),
            new Linear(weights, prefix + "self_attn.k_proj"),
            new Linear(weights, prefix + "self_attn.v_proj"),
            new Linear(weights, prefix + "self_attn.out_proj"),
            new AttentionShape(config.Heads, config.Heads, config.HeadSize, 1 / MathF.Sqrt(config.HeadSize)));

        public FeedForward Mlp { get; } = new(
            new Linear(weights, prefix + "fc1"), new Linear(weights, prefix + "fc2"), config.Activation);

        public LayerNorm AttentionNorm { get; } = new(weights, prefix + "self_attn_layer_norm", NormEpsilon);

        public LayerNorm MlpNorm { get; } = new(weights, prefix + "final_layer_norm", NormEpsilon);
    }
}
