namespace IlZo.Models.Opt;

/// <summary>The fields of an OPT <c>config.json</c> that shape the forward pass; defaults are the reference library's.</summary>
internal sealed class OptConfig : ModelConfig
{
    private static readonly FamilyFields s_fields = new()
    {
        Vocabulary = 50272,
        Hidden = 768,
        Layers = 12,
        Heads = 12,
        Intermediate = 3072,
        IntermediateField = "ffn_dim",
        MaxPositions = 2048,
        Activation = "relu",
        ActivationField = "activation_function",
        Tied = true,
        BosId = 2,
        EosId = 2,
    };

    public OptConfig(ConfigReader config)
        : base(config, s_fields)
    {
        Split(Hidden / Heads, Heads);
        Embedding = config.Size("word_embed_proj_dim", Hidden);
        NormBefore = config.Flag("do_layer_norm_before", true);
        FinalNorm = !config.Flag("_remove_final_layer_norm", false) && NormBefore;
        Biases = config.Flag("enable_bias", true);
        NormAffine = config.Flag("layer_norm_elementwise_affine", true);
    }

    /// <summary>Features of the embeddings, which may be projected to those of the residual stream.</summary>
    public ConfigSize Embedding { get; }

    public bool IsProjected => Embedding != Hidden;

    public bool NormBefore { get; }

    public bool FinalNorm { get; }

    public bool Biases { get; }

    public bool NormAffine { get; }
}
