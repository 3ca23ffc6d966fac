using IlZo.Backends;

namespace IlZo.Models.Opt;

/// <summary>The fields of an OPT <c>config.json</c> that shape the forward pass; defaults are the reference library's.</summary>
internal sealed class OptConfig
{
    public OptConfig(ConfigReader config)
    {
        config.RefuseQuantized();
        Vocabulary = config.Size("vocab_size", 50272, ConfigSize.MaxRows);
        Hidden = config.Size("hidden_size", 768);
        Layers = config.Size("num_hidden_layers", 12, ConfigSize.MaxLayers);
        Intermediate = config.Size("ffn_dim", 3072);
        Heads = config.Size("num_attention_heads", 12, ConfigSize.MaxLayers);
        MaxPositions = config.Size("max_position_embeddings", 2048, ConfigSize.MaxRows);
        Embedding = config.Size("word_embed_proj_dim", Hidden);
        NormBefore = config.Flag("do_layer_norm_before", true);
        FinalNorm = !config.Flag("_remove_final_layer_norm", false) && NormBefore;
        Biases = config.Flag("enable_bias", true);
        NormAffine = config.Flag("layer_norm_elementwise_affine", true);
        Tied = config.Flag("tie_word_embeddings", true);
        Activation = config.Activation("activation_function", "relu");
        BosId = config.Token("bos_token_id", 2);
        EosIds = config.Tokens("eos_token_id", 2);
        if (Hidden % Heads != 0)
        {
            throw new InvalidInputException($"{config.Source}: hidden_size {Hidden} is not a multiple of num_attention_heads {Heads}.");
        }
    }

    public ConfigSize Vocabulary { get; }

    public ConfigSize Hidden { get; }

    public ConfigSize Layers { get; }

    public ConfigSize Intermediate { get; }

    public ConfigSize Heads { get; }

    public int HeadSize => Hidden / Heads;

    public ConfigSize MaxPositions { get; }

    public ConfigSize Embedding { get; }

    public bool NormBefore { get; }

    public bool FinalNorm { get; }

    public bool Biases { get; }

    public bool NormAffine { get; }

    public bool Tied { get; }

    public ActivationFunction Activation { get; }

    public int? BosId { get; }

    public IReadOnlyList<int> EosIds { get; }
}
