using IlZo.Backends;

namespace IlZo.Models.Gpt2;

/// <summary>The fields of a GPT-2 <c>config.json</c> that shape the forward pass; defaults are the reference library's.</summary>
internal sealed class Gpt2Config : ModelConfig
{
    private readonly bool _scaleBySize;
    private readonly bool _scaleByLayer;

    public Gpt2Config(ConfigReader config)
        : base(config, Fields(config))
    {
        config.Refuse("add_cross_attention");
        Split(Hidden / Heads, Heads);
        Intermediate = config.Has("n_inner") ? Intermediate : 4 * Hidden;
        NormEpsilon = (float)config.Number("layer_norm_epsilon", 1e-5);
        _scaleBySize = config.Flag("scale_attn_weights", true);
        _scaleByLayer = config.Flag("scale_attn_by_inverse_layer_idx", false);
    }

    public float NormEpsilon { get; }

    /// <summary>
    /// The heads of a layer: scores are divided by the square root of the head's size, those of layer i by i + 1, or by neither.
    /// </summary>
    /// <param name="layer">The layer, from 0.</param>
    public AttentionShape AttentionOf(int layer) =>
        Attention with { Scale = (_scaleBySize ? Attention.Scale : 1) / (_scaleByLayer ? layer + 1 : 1) };

    private static FamilyFields Fields(ConfigReader config) => new()
    {
        Vocabulary = 50257,
        Hidden = 768,
        HiddenField = config.Either("n_embd", "hidden_size"),
        Layers = 12,
        LayersField = config.Either("n_layer", "num_hidden_layers"),
        Heads = 12,
        HeadsField = config.Either("n_head", "num_attention_heads"),
        Intermediate = 4 * 768,
        IntermediateField = "n_inner",
        MaxPositions = 1024,
        MaxPositionsField = config.Either("n_positions", "max_position_embeddings"),
        Activation = "gelu_new",
        ActivationField = "activation_function",
        Tied = true,
        BosId = 50256,
        EosId = 50256,
    };
}
