using IlZo.Backends;

namespace IlZo.Models.Llama;

/// <summary>The fields of the <c>config.json</c> of Llama or a variant of it that shape the forward pass; defaults are the reference library's.</summary>
internal sealed class LlamaConfig
{
    public LlamaConfig(ConfigReader config, LlamaVariant variant)
    {
        Variant = variant;
        config.RefuseQuantized();
        Vocabulary = config.Size("vocab_size", variant.Vocabulary, ConfigSize.MaxRows);
        Hidden = config.Size("hidden_size", 4096);
        Layers = config.Size("num_hidden_layers", 32, ConfigSize.MaxLayers);
        Intermediate = config.Size("intermediate_size", variant.Intermediate);
        Heads = config.Size("num_attention_heads", 32, ConfigSize.MaxLayers);
        KeyValueHeads = config.SizeOrNone("num_key_value_heads", variant.KeyValueHeads ?? Heads, ConfigSize.MaxLayers) ?? Heads;
        MaxPositions = config.Size("max_position_embeddings", variant.MaxPositions, ConfigSize.MaxRows);
        NormEpsilon = (float)config.Number("rms_norm_eps", 1e-6);
        AttentionBias = config.Flag("attention_bias", false);
        MlpBias = config.Flag("mlp_bias", false);
        Tied = config.Flag("tie_word_embeddings", false);
        Activation = config.Activation("hidden_act", "silu");
        BosId = config.Token("bos_token_id", variant.BosId);
        EosIds = config.Tokens("eos_token_id", variant.EosId);
        int? defaultSize = config.IsNull("head_dim") ? null : variant.HeadSize;
        if (!config.Has("head_dim") && defaultSize is null && Hidden % Heads != 0)
        {
            throw new InvalidInputException($"{config.Source}: hidden_size {Hidden} is not a multiple of num_attention_heads {Heads}.");
        }

        HeadSize = config.Size("head_dim", defaultSize ?? Math.Max(1, Hidden / Heads));
        if (Heads % KeyValueHeads != 0)
        {
            throw new InvalidInputException($"{config.Source}: num_attention_heads {Heads} is not a multiple of num_key_value_heads {KeyValueHeads}.");
        }

        if (HeadSize % 2 != 0)
        {
            throw new InvalidInputException(
                $"{config.Source}: head_dim, or hidden_size over num_attention_heads, is {HeadSize}; an even number was expected, since positions rotate pairs.");
        }

        Queries = Heads * HeadSize;
        Keys = KeyValueHeads * HeadSize;
        Window = new SlidingWindow(config, variant.Window, Layers);
        Rotary = RotaryEmbedding.FromConfig(config, HeadSize, MaxPositions);
    }

    public LlamaVariant Variant { get; }

    public ConfigSize Vocabulary { get; }

    public ConfigSize Hidden { get; }

    public ConfigSize Layers { get; }

    public ConfigSize Intermediate { get; }

    public ConfigSize Heads { get; }

    public ConfigSize KeyValueHeads { get; }

    public ConfigSize HeadSize { get; }

    /// <summary>Features of all query heads.</summary>
    public ConfigSize Queries { get; }

    /// <summary>Features of all key/value heads.</summary>
    public ConfigSize Keys { get; }

    public ConfigSize MaxPositions { get; }

    public float NormEpsilon { get; }

    public bool AttentionBias { get; }

    public bool MlpBias { get; }

    public bool Tied { get; }

    public ActivationFunction Activation { get; }

    public SlidingWindow Window { get; }

    public RotaryEmbedding Rotary { get; }

    public int? BosId { get; }

    public IReadOnlyList<int> EosIds { get; }
}
