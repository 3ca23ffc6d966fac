using IlZo.Backends;
using IlZo.Models.Llama;

namespace IlZo.Models.Gemma;

/// <summary>
/// The fields of the <c>config.json</c> of Gemma or Gemma 2 that shape the forward pass; defaults are the reference library's.
/// Source: huggingface/transformers models/{gemma,gemma2}/configuration_*.py.
/// </summary>
internal sealed class GemmaConfig : LlamaConfig
{
    private const string TanhGelu = "gelu_pytorch_tanh";

    public GemmaConfig(ConfigReader config, LlamaVariant variant)
        : base(config, variant)
    {
        config.Refuse("use_bidirectional_attention");

        // "gelu" has meant the form with the hyperbolic tangent, which the weights were made with.
        if (config.Text("hidden_act") is not (null or "gelu") && !config.Has("hidden_activation"))
        {
            Activation = config.Activation("hidden_act", TanhGelu);
        }

        IsSecond = variant == Second;
        if (IsSecond)
        {
            QueryScale = 1 / MathF.Sqrt((float)config.Number("query_pre_attn_scalar", 256));
            AttentionCap = config.NumberOrNone("attn_logit_softcapping", 50);
            LogitCap = config.NumberOrNone("final_logit_softcapping", 30);
        }
        else
        {
            QueryScale = Attention.Scale;
        }
    }

    /// <summary>Source: Gemma Team 2024, arXiv 2403.08295.</summary>
    public static LlamaVariant First { get; } = new("GemmaForCausalLM")
    {
        Vocabulary = 256000,
        Hidden = 3072,
        Layers = 28,
        Heads = 16,
        KeyValueHeads = 16,
        HeadSize = 256,
        Intermediate = 24576,
        MaxPositions = 8192,
        Activation = TanhGelu,
        ActivationField = "hidden_activation",
        Tied = true,
        BosId = 2,
        EosId = 1,
    };

    /// <summary>Source: Gemma Team 2024, arXiv 2408.00118.</summary>
    public static LlamaVariant Second { get; } = First with
    {
        Architecture = "Gemma2ForCausalLM",
        Hidden = 2304,
        Layers = 26,
        Heads = 8,
        KeyValueHeads = 4,
        Intermediate = 9216,
        Window = WindowRule.Alternate,
    };

    /// <summary>Whether there are norms behind attention and MLP too, as in Gemma 2.</summary>
    public bool IsSecond { get; }

    /// <summary>What scores are multiplied by.</summary>
    public float QueryScale { get; }

    /// <summary>The soft cap of scores, or null.</summary>
    public float? AttentionCap { get; }

    /// <summary>The soft cap of logits, or null.</summary>
    public float? LogitCap { get; }

    /// <summary>The heads of a layer.</summary>
    /// <param name="layer">The layer, from 0.</param>
    public AttentionShape AttentionOf(int layer) => Attention with { Scale = QueryScale, Window = Window[layer], SoftCap = AttentionCap };
}
