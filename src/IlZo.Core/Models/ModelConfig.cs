using IlZo.Backends;

namespace IlZo.Models;

/// <summary>What the <c>config.json</c> of every family says of its forward pass.</summary>
internal abstract class ModelConfig
{
    /// <param name="config">The file.</param>
    /// <param name="fields">The family's names and defaults.</param>
    /// <exception cref="InvalidInputException">A field has a value that it cannot have, or one that is not supported.</exception>
    protected ModelConfig(ConfigReader config, FamilyFields fields)
    {
        config.RefuseQuantized();
        Vocabulary = config.Size("vocab_size", fields.Vocabulary, ConfigSize.MaxRows);
        Hidden = config.Size(fields.HiddenField, fields.Hidden);
        Layers = config.Size(fields.LayersField, fields.Layers, ConfigSize.MaxLayers);
        Heads = config.Size(fields.HeadsField, fields.Heads, ConfigSize.MaxLayers);
        Intermediate = config.Size(fields.IntermediateField, fields.Intermediate);
        MaxPositions = config.Size(fields.MaxPositionsField, fields.MaxPositions, ConfigSize.MaxRows);
        Activation = config.Activation(fields.ActivationField, fields.Activation);
        Tied = config.Flag("tie_word_embeddings", fields.Tied);
        BosId = config.Token("bos_token_id", fields.BosId);
        EosIds = config.Tokens("eos_token_id", fields.EosId);
    }

    public ConfigSize Vocabulary { get; }

    public ConfigSize Hidden { get; }

    public ConfigSize Layers { get; }

    public ConfigSize Heads { get; }

    public ConfigSize KeyValueHeads { get; private set; }

    /// <summary>Features of a head.</summary>
    public ConfigSize HeadSize { get; private set; }

    /// <summary>Features of all query heads.</summary>
    public ConfigSize Queries { get; private set; }

    /// <summary>Features of all key/value heads.</summary>
    public ConfigSize Keys { get; private set; }

    public ConfigSize Intermediate { get; protected init; }

    public ConfigSize MaxPositions { get; }

    public ActivationFunction Activation { get; protected init; }

    public bool Tied { get; }

    public int? BosId { get; }

    public IReadOnlyList<int> EosIds { get; }

    /// <summary>The heads, with scores divided by the square root of their size.</summary>
    public AttentionShape Attention => new(Heads, KeyValueHeads, HeadSize, 1 / MathF.Sqrt(HeadSize));

    /// <summary>The sizes that the code around a model needs.</summary>
    public ModelShape Shape(string architecture) => new(architecture, Vocabulary, Hidden, Layers, MaxPositions, BosId, EosIds)
    {
        Intermediate = Intermediate,
        QueryFeatures = Queries,
        KeyFeatures = Keys,
        KeyValueHeads = KeyValueHeads,
    };

    /// <summary>Says how features split into heads; a family's constructor calls it before anything is computed from them.</summary>
    /// <param name="size">Features of a head.</param>
    /// <param name="keyValueHeads">Heads of keys and values.</param>
    protected void Split(ConfigSize size, ConfigSize keyValueHeads)
    {
        KeyValueHeads = keyValueHeads;
        HeadSize = size;
        Queries = Heads * size;
        Keys = keyValueHeads * size;
    }
}
