using IlZo.Arithmetic.Vectors;
using IlZo.Backends;
using IlZo.Checkpoints;
using IlZo.Tensors;

namespace IlZo.Models.Roberta;

/// <summary>
/// RoBERTa with its masked-language-model head or a classification head: learned positions, LayerNorm after each block, attention over
/// the whole text.
/// Source: Liu et al. 2019, arXiv 1907.11692; huggingface/transformers models/roberta/modeling_roberta.py.
/// </summary>
internal sealed class RobertaModel : LanguageModel
{
    private static readonly (string Name, ModelPart Part)[] s_projections =
    [
        ("self.query", ModelPart.Query), ("self.key", ModelPart.Key), ("self.value", ModelPart.Value), ("output.dense", ModelPart.AttentionOutput),
    ];

    private const string Decoder = "lm_head.decoder.weight";

    private readonly RobertaConfig _config;
    private readonly Parameter _tokens;
    private readonly Parameter _positions;
    private readonly Parameter _tokenTypes;
    private readonly LayerNorm _embeddingNorm;
    private readonly Linear _headDense;
    private readonly LayerNorm? _headNorm;
    private readonly Layer[] _layers;

    private RobertaModel(RobertaConfig config, ModelWeights weights)
        : base(ShapeOf(config), weights, ModelKind.Masked)
    {
        _config = config;
        _tokens = weights["embeddings.word_embeddings.weight"];
        _positions = weights["embeddings.position_embeddings.weight"];
        _tokenTypes = weights["embeddings.token_type_embeddings.weight"];
        _embeddingNorm = new LayerNorm(weights, "embeddings.LayerNorm", config.NormEpsilon);
        _layers = [.. Enumerable.Range(0, config.Layers).Select(i => new Layer(weights, $"encoder.layer.{i}.", config))];
        _headDense = new Linear(weights, weights.Classes is null ? "lm_head.dense" : "classifier.dense");
        _headNorm = weights.Classes is null ? new LayerNorm(weights, "lm_head.layer_norm", config.NormEpsilon) : null;
    }

    /// <summary>The classification head: a dense layer on the first token's state and the classes' outputs.</summary>
    public override IReadOnlyList<(string Name, IReadOnlyList<long> Shape)> ClassificationTensors(int classes) =>
    [
        ("classifier.dense.weight", [_config.Hidden, _config.Hidden]),
        ("classifier.dense.bias", [_config.Hidden]),
        ("classifier.out_proj.weight", [classes, _config.Hidden]),
        ("classifier.out_proj.bias", [classes]),
    ];

    public static RobertaModel Load(ConfigReader reader, CheckpointFolder folder, WeightOptions options)
    {
        var config = new RobertaConfig(reader);
        var weights = new ModelWeights(folder, options, ["roberta.", string.Empty], "embeddings.word_embeddings.weight");
        weights.IgnoreEndingIn("embeddings.position_ids");
        weights.IgnoreEndingIn("pooler.dense.weight");
        weights.IgnoreEndingIn("pooler.dense.bias");
        weights.RequireEmbedding("embeddings.word_embeddings.weight", Decoder, config.Tied, config.Vocabulary, config.Hidden);
        weights.RequireTable("embeddings.position_embeddings.weight", ModelPart.PositionEmbedding, config.PositionRows, config.Hidden);
        weights.RequireTable("embeddings.token_type_embeddings.weight", ModelPart.TokenTypeEmbedding, config.TokenTypes, config.Hidden);
        weights.RequireNorm("embeddings.LayerNorm", config.Hidden);
        weights.RequireLayers("encoder.layer.", config.Layers);
        for (int i = 0; i < config.Layers; i++)
        {
            string layer = $"encoder.layer.{i}.";
            foreach (var (projection, part) in s_projections)
            {
                weights.RequireLinear($"{layer}attention.{projection}", part, config.Hidden, config.Hidden, bias: true);
            }

            weights.RequireNorm(layer + "attention.output.LayerNorm", config.Hidden);
            weights.RequireLinear(layer + "intermediate.dense", ModelPart.MlpUp, config.Intermediate, config.Hidden, bias: true);
            weights.RequireLinear(layer + "output.dense", ModelPart.MlpDown, config.Hidden, config.Intermediate, bias: true);
            weights.RequireNorm(layer + "output.LayerNorm", config.Hidden);
        }

        RequireHead(weights, config);
        weights.RefuseOthers();
        return new RobertaModel(config, weights);
    }

    private protected override Activation RunLayers(IBackend backend, TokenBatch batch, Action<int, Activation>? watch)
    {
        backend.Reserve(Shape.ActivationFeatures, Shape.WidestInput);
        var h = Embed(backend, batch);
        watch?.Invoke(0, h);
        for (int i = 0; i < _layers.Length; i++)
        {
            _layers[i].Attention.AddTo(backend, h, h, i, PrefixOf(i));
            _layers[i].AttentionNorm.Apply(backend, h, h);
            _layers[i].Mlp.AddTo(backend, h, h);
            _layers[i].MlpNorm.Apply(backend, h, h);
            watch?.Invoke(i + 1, h);
        }

        var rows = backend.GatherOutputs(h);
        var features = backend.Rent(_config.Hidden, rows);
        _headDense.Apply(backend, rows, features, activation: _headNorm is null ? ActivationFunction.Tanh : ActivationFunction.Gelu);
        _headNorm?.Apply(backend, features, features);
        return features;
    }

    private static ModelShape ShapeOf(RobertaConfig c) => new("RobertaForMaskedLM", c.Vocabulary, c.Hidden, c.Layers, c.MaxPositions, c.BosId, c.EosIds)
    {
        Intermediate = c.Intermediate,
        QueryFeatures = c.Hidden,
        KeyFeatures = c.Hidden,
        KeyValueHeads = c.Heads,
        NormalizesInPlace = true,
    };

    private static void RequireHead(ModelWeights weights, RobertaConfig config)
    {
        if (weights.Classes is { } classes)
        {
            weights.RequireLinear("classifier.dense", ModelPart.Head, config.Hidden, config.Hidden, bias: true);
            weights.RequireLinear("classifier.out_proj", ModelPart.Head, classes, config.Hidden, bias: true);
            weights.UseHead("classifier.out_proj.weight", "classifier.out_proj.bias");
            return;
        }

        const string embedding = "embeddings.word_embeddings.weight";
        weights.RequireLinear("lm_head.dense", ModelPart.Head, config.Hidden, config.Hidden, bias: true);
        weights.RequireNorm("lm_head.layer_norm", config.Hidden, ofHead: true);
        weights.RequireBias("lm_head.bias", "lm_head.decoder.bias", config.Vocabulary);
        weights.UseHead(weights.RequireHead(Decoder, config.Tied ? embedding : null, config.Vocabulary, config.Hidden), "lm_head.bias");
    }

    private Activation Embed(IBackend backend, TokenBatch batch)
    {
        var h = backend.Rent(_config.Hidden);
        backend.Embed(_tokens, batch.Ids, h);
        backend.Embed(_tokenTypes, new int[batch.Count], h, accumulate: true);
        backend.Embed(_positions, PositionRows(batch), h, accumulate: true);
        _embeddingNorm.Apply(backend, h, h);
        return h;
    }

    // Tokens are counted from 1 behind the padding's row; a padding token within a text takes that row and is not counted.
    private int[] PositionRows(TokenBatch batch)
    {
        int[] rows = new int[batch.Count];
        int counted = 0;
        for (int t = 0; t < rows.Length; t++)
        {
            counted = batch.Positions[t] == 0 ? 0 : counted;
            bool pad = batch.Ids[t] == _config.PadId;
            counted += pad ? 0 : 1;
            rows[t] = _config.PadId + (pad ? 0 : counted + PositionShift);
        }

        return rows;
    }

    private sealed class Layer(ModelWeights weights, string prefix, RobertaConfig config)
    {
        public SelfAttention Attention { get; } = new(
            new Linear(weights, prefix + "attention.self.query"),
            new Linear(weights, prefix + "attention.self.key"),
            new Linear(weights, prefix + "attention.self.value"),
            new Linear(weights, prefix + "attention.output.dense"),
            new AttentionShape(config.Heads, config.Heads, config.HeadSize, 1 / MathF.Sqrt(config.HeadSize), Causal: false));

        public FeedForward Mlp { get; } = new(
            new Linear(weights, prefix + "intermediate.dense"), new Linear(weights, prefix + "output.dense"), config.Activation);

        public LayerNorm AttentionNorm { get; } = new(weights, prefix + "attention.output.LayerNorm", config.NormEpsilon);

        public LayerNorm MlpNorm { get; } = new(weights, prefix + "output.LayerNorm", config.NormEpsilon);
    }
}
