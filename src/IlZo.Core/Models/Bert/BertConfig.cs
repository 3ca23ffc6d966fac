namespace IlZo.Models.Bert;

/// <summary>The fields of a BERT <c>config.json</c> that shape the forward pass; defaults are the reference library's.</summary>
internal class BertConfig : EncoderConfig
{
    private static readonly FamilyFields s_fields = new()
    {
        Vocabulary = 30522,
        Hidden = 768,
        Layers = 12,
        Heads = 12,
        Intermediate = 3072,
        MaxPositions = 512,
        Activation = "gelu",
        Tied = true,
        BosId = null,
        EosId = null,
    };

    public BertConfig(ConfigReader config)
        : this(config, s_fields)
    {
    }

    /// <summary>The configuration of a family that has BERT's fields with other defaults.</summary>
    protected BertConfig(ConfigReader config, FamilyFields fields)
        : base(config, fields)
    {
        config.Refuse("is_decoder", "add_cross_attention");
        if (config.Text("position_embedding_type") is { } kind and not "absolute")
        {
            throw new InvalidInputException($"{config.Source}: position_embedding_type is '{kind}'; absolute was expected.");
        }

        TokenTypes = config.Size("type_vocab_size", 2, ConfigSize.MaxRows);
        NormEpsilon = (float)config.Number("layer_norm_eps", 1e-12);
    }

    public ConfigSize TokenTypes { get; }
}
