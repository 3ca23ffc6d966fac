using IlZo.Backends;

namespace IlZo.Models.Gpt2;

/// <summary>The fields of a GPT-2 <c>config.json</c> that shape the forward pass; defaults are the reference library's.</summary>
internal sealed class Gpt2Config
{
    public Gpt2Config(ConfigReader config)
    {
        config.RefuseQuantized();
        config.Refuse("add_cross_attention");
        Vocabulary = config.Size("vocab_size", 50257, ConfigSize.MaxRows);
        Hidden = config.Size(config.Either("n_embd", "hidden_size"), 768);
        Layers = config.Size(config.Either("n_layer", "num_hidden_layers"), 12, ConfigSize.MaxLayers);
        Heads = config.Size(config.Either("n_head", "num_attention_heads"), 12, ConfigSize.MaxLayers);
        Intermediate = config.Has("n_inner") ? config.Size("n_inner", 0) : 4 * Hidden;
        MaxPositions = config.Size(config.Either("n_positions", "max_position_embeddings"), 1024, ConfigSize.MaxRows);
        NormEpsilon = (float)config.Number("layer_norm_epsilon", 1e-5);
        Activation = config.Activation("activation_function", "gelu_new");
        ScaleBySize = config.Flag("scale_attn_weights", true);
        ScaleByLayer = config.Flag("scale_attn_by_inverse_layer_idx", false);
        Tied = config.Flag("tie_word_embeddings", true);
        BosId = config.Token("bos_token_id", 50256);
        EosIds = config.Tokens("eos_token_id", 50256);
        if (Hidden % Heads != 0)
        {
            throw new InvalidInputException($"{config.Source}: n_embd {Hidden} is not a multiple of n_head {Heads}.");
        }
    }

    public ConfigSize Vocabulary { get; }

    public ConfigSize Hidden { get; }

    public ConfigSize Layers { get; }

    public ConfigSize Heads { get; }

    public int HeadSize => Hidden / Heads;

    public ConfigSize Intermediate { get; }

    public ConfigSize MaxPositions { get; }

    public float NormEpsilon { get; }

    public ActivationFunction Activation { get; }

    /// <summary>Whether scores are divided by the square root of the head's size.</summary>
    public bool ScaleBySize { get; }

    /// <summary>Whether the scores of layer i are divided by i + 1 too.</summary>
    public bool ScaleByLayer { get; }

    public bool Tied { get; }

    public int? BosId { get; }

    public IReadOnlyList<int> EosIds { get; }

    /// <summary>What the scores of a layer are multiplied by.</summary>
    /// <param name="layer">The layer, from 0.</param>
    public float AttentionScale(int layer) => (ScaleBySize ? 1 / MathF.Sqrt(HeadSize) : 1) / (ScaleByLayer ? layer + 1 : 1);
}
