using IlZo.Backends;

namespace IlZo.Models;

/// <summary>What the <c>config.json</c> of every encoder says of its forward pass.</summary>
internal abstract class EncoderConfig : ModelConfig
{
    /// <summary>The value of <see cref="PoolingField"/> for an average.</summary>
    public const string MeanPooling = "mean";

    /// <summary>
    /// The field that says what a classification head reads. transformers has it for ModernBERT; its other encoders have the first token's
    /// state, which is what its absence means.
    /// </summary>
    public const string PoolingField = "classifier_pooling";

    /// <param name="config">The file.</param>
    /// <param name="fields">The family's names and defaults.</param>
    /// <exception cref="InvalidInputException">A field has a value that it cannot have, or one that is not supported.</exception>
    protected EncoderConfig(ConfigReader config, FamilyFields fields)
        : base(config, fields)
    {
        Split(Hidden / Heads, Heads);
        Pooling = config.Text(PoolingField) switch
        {
            null or "cls" => Pooling.Token,
            MeanPooling => Pooling.Mean,
            var other => throw new InvalidInputException(
                $"{config.Source}: {PoolingField} is '{other}'; cls or {MeanPooling} was expected."),
        };
    }

    /// <summary>What a classification head reads.</summary>
    public Pooling Pooling { get; }

    /// <summary>What norms add to the variance.</summary>
    public float NormEpsilon { get; protected init; }

    /// <summary>The longest text, in tokens.</summary>
    public virtual int LongestText => MaxPositions;

    /// <summary>The heads; every token sees the whole text.</summary>
    public AttentionShape WholeAttention => Attention with { Causal = false };
}
