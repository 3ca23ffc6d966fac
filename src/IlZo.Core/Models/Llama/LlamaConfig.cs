using IlZo.Backends;

namespace IlZo.Models.Llama;

/// <summary>The fields of the <c>config.json</c> of Llama or a variant of it that shape the forward pass; defaults are the reference library's.</summary>
internal sealed class LlamaConfig
{
    public LlamaConfig(ConfigReader config, LlamaVariant variant)
    {
        Variant = variant;
        config.Refuse("quantization_config");
        if (config.Number("partial_rotary_factor", 1) != 1)
        {
            throw new InvalidInputException($"{config.Source}: partial_rotary_factor is not supported; 1 was expected.");
        }

        Vocabulary = config.Size("vocab_size", variant.Vocabulary);
        Hidden = config.Size("hidden_size", 4096);
        Layers = config.Size("num_hidden_layers", 32);
        Intermediate = config.Size("intermediate_size", variant.Intermediate);
        Heads = config.Size("num_attention_heads", 32);
        KeyValueHeads = config.Size("num_key_value_heads", variant.KeyValueHeads ?? Heads);
        MaxPositions = config.Size("max_position_embeddings", variant.MaxPositions);
        NormEpsilon = (float)config.Number("rms_norm_eps", 1e-6);
        AttentionBias = config.Flag("attention_bias", false);
        MlpBias = config.Flag("mlp_bias", false);
        Tied = config.Flag("tie_word_embeddings", false);
        Activation = config.Activation("hidden_act", "silu");
        BosId = config.Token("bos_token_id", variant.BosId);
        EosIds = config.Tokens("eos_token_id", variant.EosId);
        if (!config.Has("head_dim") && variant.HeadSize is null && Hidden % Heads != 0)
        {
            throw new InvalidInputException($"{config.Source}: hidden_size {Hidden} is not a multiple of num_attention_heads {Heads}.");
        }

        HeadSize = config.Size("head_dim", variant.HeadSize ?? Math.Max(1, Hidden / Heads));
        if (Heads % KeyValueHeads != 0 || HeadSize % 2 != 0)
        {
            throw new InvalidInputException(
                $"{config.Source}: {Heads} attention heads of {HeadSize} features on {KeyValueHeads} key/value heads; a multiple of the key/value heads and an even head size were expected.");
        }

        Window = new SlidingWindow(config, variant.Window, Layers);
        Rotary = RotaryEmbedding.FromConfig(config, HeadSize, MaxPositions);
    }

    public LlamaVariant Variant { get; }

    public int Vocabulary { get; }

    public int Hidden { get; }

    public int Layers { get; }

    public int Intermediate { get; }

    public int Heads { get; }

    public int KeyValueHeads { get; }

    public int HeadSize { get; }

    public int MaxPositions { get; }

    public float NormEpsilon { get; }

    public bool AttentionBias { get; }

    public bool MlpBias { get; }

    public bool Tied { get; }

    public ActivationFunction Activation { get; }

    public SlidingWindow Window { get; }

    public RotaryEmbedding Rotary { get; }

    public int BosId { get; }

    public IReadOnlyList<int> EosIds { get; }
}
