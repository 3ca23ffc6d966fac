using IlZo.Backends;
using IlZo.Checkpoints;
using IlZo.Tensors;

namespace IlZo.Models.Roberta;

/// <summary>
/// RoBERTa with its masked-language-model head or a classification head: learned positions, LayerNorm after each block, attention over
/// the whole text.
/// Source: Liu et al. 2019, arXiv 1907.11692; huggingface/transformers models/roberta/modeling_roberta.py.
/// </summary>
internal sealed class RobertaModel(RobertaConfig config, ModelWeights weights)
    : LanguageModel(
        config.Shape(
            "RobertaForMaskedLM") with
        { MaxPositions = config.LongestText, LongestText = config.LongestText, NormalizesInPlace = true },
        weights,
        weights.Layers("encoder.layer.", config.Layers, (name, _) => Layer(name, config, weights)),
        HeadOf(config, weights),
        ModelKind.Masked)
{
    private const string TokenEmbedding = "embeddings.word_embeddings.weight";

    private readonly Parameter _tokens = weights.Embedding(
        TokenEmbedding, "lm_head.decoder.weight", config.Tied, config.Vocabulary, config.Hidden);
    private readonly Parameter _positions =
        weights.Matrix("embeddings.position_embeddings.weight", ModelPart.PositionEmbedding, config.MaxPositions, config.Hidden);

    private readonly Parameter _tokenTypes =
        weights.Matrix("embeddings.token_type_embeddings.weight", ModelPart.TokenTypeEmbedding, config.TokenTypes, config.Hidden);

    private readonly LayerNorm _embeddingNorm = weights.LayerNorm("embeddings.LayerNorm", config.Hidden, config.NormEpsilon);

    private readonly Linear _headDense =
        weights.Linear(
            weights.Classes is null ? "lm_head.dense" : "classifier.dense", ModelPart.Head, config.Hidden, config.Hidden, bias: true);

    private readonly LayerNorm? _headNorm =
        weights.Classes is null ? weights.LayerNorm("lm_head.layer_norm", config.Hidden, config.NormEpsilon, ofHead: true) : null;

    private readonly int _padId = config.PadId;

    /// <summary>The classification head: a dense layer on the first token's state and the classes' outputs.</summary>
    internal override IReadOnlyList<(string Name, IReadOnlyList<long> Shape)> ClassificationTensors(int classes) =>
    [
        ("classifier.dense.weight", [Shape.Hidden, Shape.Hidden]),
        ("classifier.dense.bias", [Shape.Hidden]),
        ("classifier.out_proj.weight", [classes, Shape.Hidden]),
        ("classifier.out_proj.bias", [classes]),
    ];

    public static RobertaModel Load(ConfigReader reader, CheckpointFolder folder, WeightOptions options)
    {
        var config = new RobertaConfig(reader);
        var weights = new ModelWeights(folder, options, ["roberta.", string.Empty], TokenEmbedding);
        weights.IgnoreEndingIn("embeddings.position_ids");
        weights.IgnoreEndingIn("pooler.dense.weight");
        weights.IgnoreEndingIn("pooler.dense.bias");
        return new RobertaModel(config, weights);
    }

    private protected override Activation Embed(IPass pass)
    {
        var h = pass.Rent(Shape.Hidden);
        pass.Embed(_tokens, pass.Batch.Ids, h);
        pass.Embed(_tokenTypes, new int[pass.Batch.Count], h, accumulate: true);
        pass.Embed(_positions, PositionRows(pass.Batch), h, accumulate: true);
        _embeddingNorm.Apply(pass, h, h);
        return h;
    }

    private protected override Activation Finish(IPass pass, Activation rows)
    {
        var features = pass.Rent(Shape.Hidden, rows);
        _headDense.Apply(pass, rows, features, activation: _headNorm is null ? ActivationFunction.Tanh : ActivationFunction.Gelu);
        _headNorm?.Apply(pass, features, features);
        return features;
    }

    private static OutputHead HeadOf(RobertaConfig config, ModelWeights weights)
    {
        if (weights.Classes is { } classes)
        {
            return new(
                weights.Matrix("classifier.out_proj.weight", ModelPart.Head, classes, config.Hidden),
                weights.Bias("classifier.out_proj.bias", ModelPart.Head, classes));
        }

        var bias = weights.HeadBias("lm_head.bias", "lm_head.decoder.bias", config.Vocabulary);
        return new(weights.OutputEmbedding(), bias);
    }

    private static TransformerLayer Layer(string name, RobertaConfig config, ModelWeights weights)
    {
        var attention = new SelfAttention(
            [Square("self.query", ModelPart.Query), Square("self.key", ModelPart.Key), Square("self.value", ModelPart.Value)],
            Square("output.dense", ModelPart.AttentionOutput),
            config.Attention with { Causal = false });
        var mlp = new FeedForward(
            weights.Linear(name + "intermediate.dense", ModelPart.MlpUp, config.Intermediate, config.Hidden, bias: true),
            weights.Linear(name + "output.dense", ModelPart.MlpDown, config.Hidden, config.Intermediate, bias: true),
            config.Activation);
        return new(
            new Residual(attention) { After = weights.LayerNorm(name + "attention.output.LayerNorm", config.Hidden, config.NormEpsilon) },
            new Residual(mlp) { After = weights.LayerNorm(name + "output.LayerNorm", config.Hidden, config.NormEpsilon) });

        Linear Square(string module, ModelPart part) =>
            weights.Linear($"{name}attention.{module}", part, config.Hidden, config.Hidden, bias: true);
    }

    // Tokens are counted from 1 behind the padding's row; a padding token within a text takes that row and is not counted.
    private int[] PositionRows(TokenBatch batch)
    {
        int[] rows = new int[batch.Count];
        int counted = 0;
        for (int t = 0; t < rows.Length; t++)
        {
            counted = batch.Positions[t] == 0 ? 0 : counted;
            bool pad = batch.Ids[t] == _padId;
            counted += pad ? 0 : 1;
            rows[t] = _padId + (pad ? 0 : counted + PositionShift);
        }

        return rows;
    }
}
