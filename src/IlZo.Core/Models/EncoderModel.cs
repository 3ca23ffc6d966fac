using IlZo.Backends;
using IlZo.Tensors;

namespace IlZo.Models;

/// <summary>What an encoder's embeddings are made of: their sum is normalized.</summary>
/// <param name="Tokens">[vocabulary, hidden].</param>
/// <param name="Positions">[positions, hidden].</param>
/// <param name="TokenTypes">[types, hidden], or null where texts are not told apart.</param>
/// <param name="Norm">The norm.</param>
internal sealed record EncoderEmbeddings(Parameter Tokens, Parameter Positions, Parameter? TokenTypes, Norm Norm);

/// <summary>What makes logits of the state that an encoder's head reads: output(norm(f(dense(x)))), each where there is one.</summary>
/// <param name="Dense">The layer.</param>
/// <param name="Function">f.</param>
/// <param name="Norm">The norm.</param>
/// <param name="Output">What makes logits.</param>
internal sealed record EncoderHead(Linear? Dense, ActivationFunction Function, Norm? Norm, OutputHead? Output)
{
    /// <summary>None: the states are what the model gives.</summary>
    public static EncoderHead None { get; } = new(null, default, null, null);
}

/// <summary>What a family calls the modules of its layers, behind what all of a layer's names begin with.</summary>
internal sealed record EncoderLayerNames(
    string Query, string Key, string Value, string AttentionOutput, string AttentionNorm, string MlpUp, string MlpDown, string MlpNorm);

/// <summary>
/// A transformer whose tokens see their whole text, after Devlin et al. 2018 (arXiv 1810.04805): learned positions, LayerNorm after each
/// block; with a masked-language-model head, a classification head, or none.
/// </summary>
internal abstract class EncoderModel : LanguageModel
{
    /// <summary>The table of the tokens' embeddings, by which a file's names are told apart.</summary>
    private protected const string TokenEmbedding = "embeddings.word_embeddings.weight";

    private readonly EncoderEmbeddings _embeddings;
    private readonly EncoderHead _head;
    private readonly AttentionShape? _averaging;

    /// <param name="name">What transformers' names of the family's classes begin with.</param>
    /// <param name="config">The configuration.</param>
    /// <param name="weights">The checkpoint.</param>
    /// <param name="embeddings">The embeddings.</param>
    /// <param name="layers">The layers.</param>
    /// <param name="head">The head.</param>
    private protected EncoderModel(
        string name, EncoderConfig config, ModelWeights weights, EncoderEmbeddings embeddings, IReadOnlyList<TransformerLayer> layers,
        EncoderHead head)
        : base(
            config.Shape(name + (weights.IsHeadless ? "Model" : "ForMaskedLM")) with
            { MaxPositions = config.LongestText, LongestText = config.LongestText, NormalizesInPlace = true },
            weights,
            layers,
            head.Output,
            weights.IsHeadless ? ModelKind.Encoder : ModelKind.Masked)
    {
        _embeddings = embeddings;
        _head = head;
        _averaging = weights.Classes is not null && config.Pooling == Pooling.Mean ? config.WholeAttention with { Scale = 0 } : null;
    }

    internal override int? TokenTypes => _embeddings.TokenTypes?.Rows;

    /// <summary>The embeddings.</summary>
    /// <param name="config">The configuration.</param>
    /// <param name="weights">The checkpoint.</param>
    /// <param name="head">The output embedding that the tokens' is tied to.</param>
    /// <param name="types">How many types of tokens there are, or null where there is no table of them.</param>
    private protected static EncoderEmbeddings Embeddings(
        EncoderConfig config, ModelWeights weights, string head, ConfigSize? types) => new(
        weights.Embedding(TokenEmbedding, head, config.Tied, config.Vocabulary, config.Hidden),
        weights.Matrix("embeddings.position_embeddings.weight", ModelPart.PositionEmbedding, config.MaxPositions, config.Hidden),
        types is { } rows
            ? weights.Matrix("embeddings.token_type_embeddings.weight", ModelPart.TokenTypeEmbedding, rows, config.Hidden)
            : null,
        weights.LayerNorm("embeddings.LayerNorm", config.Hidden, config.NormEpsilon));

    /// <summary>The layers.</summary>
    /// <param name="stem">What stands between the prefix and a layer's number.</param>
    /// <param name="names">What their modules are called.</param>
    /// <param name="config">The configuration.</param>
    /// <param name="weights">The checkpoint.</param>
    private protected static TransformerLayer[] Layers(string stem, EncoderLayerNames names, EncoderConfig config, ModelWeights weights) =>
        weights.Layers(stem, config.Layers, (layer, _) => new TransformerLayer(
            new Residual(new SelfAttention(
                [
                    Square(layer + names.Query, ModelPart.Query, config, weights),
                    Square(layer + names.Key, ModelPart.Key, config, weights),
                    Square(layer + names.Value, ModelPart.Value, config, weights),
                ],
                Square(layer + names.AttentionOutput, ModelPart.AttentionOutput, config, weights),
                config.WholeAttention))
            { After = weights.LayerNorm(layer + names.AttentionNorm, config.Hidden, config.NormEpsilon) },
            new Residual(new FeedForward(
                weights.Linear(layer + names.MlpUp, ModelPart.MlpUp, config.Intermediate, config.Hidden, bias: true),
                weights.Linear(layer + names.MlpDown, ModelPart.MlpDown, config.Hidden, config.Intermediate, bias: true),
                config.Activation))
            { After = weights.LayerNorm(layer + names.MlpNorm, config.Hidden, config.NormEpsilon) }));

    /// <summary>A linear layer of the residual stream's width.</summary>
    private protected static Linear Square(string name, ModelPart part, EncoderConfig config, ModelWeights weights) =>
        weights.Linear(name, part, config.Hidden, config.Hidden, bias: true);

    /// <summary>The last layer of a classification head.</summary>
    private protected static OutputHead Classes(string name, ConfigSize classes, EncoderConfig config, ModelWeights weights) => new(
        weights.Matrix(name + ".weight", ModelPart.Head, classes, config.Hidden), weights.Bias(name + ".bias", ModelPart.Head, classes));

    private protected override Activation Embed(IPass pass)
    {
        var h = pass.Rent(Shape.Hidden);
        pass.Embed(_embeddings.Tokens, pass.Batch.Ids, h);
        if (_embeddings.TokenTypes is { } types)
        {
            pass.Embed(types, TokenTypes is null ? new int[pass.Batch.Count] : pass.Batch.Types, h, accumulate: true);
        }

        pass.Embed(_embeddings.Positions, PositionRows(pass.Batch), h, accumulate: true);
        _embeddings.Norm.Apply(pass, h, h);
        return h;
    }

    /// <summary>The row of the position table for each token.</summary>
    private protected virtual IReadOnlyList<int> PositionRows(TokenBatch batch) => new ShiftedPositions(batch.Positions, PositionShift);

    // Attention whose scores are all 0 gives every token the average of its text.
    private protected override Activation Pool(IPass pass, Activation h)
    {
        if (_averaging is not { } shape)
        {
            return h;
        }

        var average = pass.Rent(Shape.Hidden);
        pass.Attention(h, h, h, average, shape, layer: null);
        return average;
    }

    private protected override Activation Finish(IPass pass, Activation rows)
    {
        if (_head.Dense is null)
        {
            return rows;
        }

        var features = pass.Rent(_head.Dense.Outputs, rows);
        _head.Dense.Apply(pass, rows, features, activation: _head.Function);
        _head.Norm?.Apply(pass, features, features);
        return features;
    }
}
