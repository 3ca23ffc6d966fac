namespace IlZo.Models.DistilBert;

/// <summary>The fields of a DistilBERT <c>config.json</c> that shape the forward pass; defaults are the reference library's.</summary>
internal sealed class DistilBertConfig : EncoderConfig
{
    public DistilBertConfig(ConfigReader config)
        : base(config, Fields(config)) => NormEpsilon = 1e-12f;

    private static FamilyFields Fields(ConfigReader config) => new()
    {
        Vocabulary = 30522,
        Hidden = 768,
        HiddenField = config.Either("dim", "hidden_size"),
        Layers = 6,
        LayersField = config.Either("n_layers", "num_hidden_layers"),
        Heads = 12,
        HeadsField = config.Either("n_heads", "num_attention_heads"),
        Intermediate = 4 * 768,
        IntermediateField = "hidden_dim",
        MaxPositions = 512,
        Activation = "gelu",
        ActivationField = "activation",
        Tied = true,
        BosId = null,
        EosId = null,
    };
}
