namespace IlZo.Models.Llama;

/// <summary>
/// The fields of the <c>config.json</c> of Llama or a variant of it that shape the forward pass; defaults are the reference library's.
/// </summary>
internal class LlamaConfig : ModelConfig
{
    public LlamaConfig(ConfigReader config, LlamaVariant variant)
        : base(config, variant)
    {
        Variant = variant;
        NormEpsilon = (float)config.Number("rms_norm_eps", variant.NormEpsilon);
        AttentionBias = config.Flag("attention_bias", false);
        MlpBias = config.Flag("mlp_bias", false);
        int? defaultSize = config.IsNull("head_dim") ? null : variant.HeadSize;
        var size = config.Size("head_dim", defaultSize ?? (config.Has("head_dim") ? 1 : Hidden / Heads));
        var keyValueHeads = config.SizeOrNone("num_key_value_heads", variant.KeyValueHeads ?? Heads, ConfigSize.MaxLayers) ?? Heads;
        _ = Heads / keyValueHeads;
        if (size % 2 != 0)
        {
            throw new InvalidInputException(
                $"{config.Source}: head_dim, or hidden_size over num_attention_heads, is {size}; an even number was expected, since "
                    + "positions rotate pairs.");
        }

        Split(size, keyValueHeads);
        Window = new SlidingWindow(config, variant.Window, Layers);
        Rotary = RotaryEmbedding.FromConfig(config, HeadSize, MaxPositions, variant.HasPartialRotation);
    }

    public LlamaVariant Variant { get; }

    public float NormEpsilon { get; }

    public bool AttentionBias { get; }

    public bool MlpBias { get; }

    public SlidingWindow Window { get; }

    public RotaryEmbedding Rotary { get; }
}
