namespace IlZo.Models.Llama;

/// <summary>Which layers of a variant have a sliding window.</summary>
internal enum WindowRule
{
    /// <summary>None: fields that ask for one are refused.</summary>
    None,

    /// <summary>All of them, unless <c>sliding_window</c> is null.</summary>
    All,

    /// <summary>All of them, where <c>sliding_window</c> says how many positions they see.</summary>
    Named,

    /// <summary>The first and every other one, or those that <c>layer_types</c> names, unless <c>sliding_window</c> is null.</summary>
    Alternate,

    /// <summary>Those from <c>max_window_layers</c> on or that <c>layer_types</c> names, where <c>use_sliding_window</c> is true.</summary>
    Upper,
}

/// <summary>
/// What tells apart the architectures that share Llama's forward pass: additions to a layer, and the defaults of the reference
/// library's configuration. Source: huggingface/transformers models/{llama,mistral,qwen2,qwen3}/configuration_*.py and modeling_*.py.
/// </summary>
/// <param name="Architecture">The class name.</param>
internal sealed record LlamaVariant(string Architecture) : FamilyFields
{
    public static LlamaVariant Llama { get; } = new("LlamaForCausalLM")
    {
        Vocabulary = 32000,
        Hidden = 4096,
        Layers = 32,
        Heads = 32,
        Intermediate = 11008,
        MaxPositions = 2048,
        Activation = "silu",
        Tied = false,
        BosId = 1,
        EosId = 2,
    };

    /// <summary>Source: Jiang et al. 2023, arXiv 2310.06825.</summary>
    public static LlamaVariant Mistral { get; } = Llama with
    {
        Architecture = "MistralForCausalLM",
        Intermediate = 14336,
        KeyValueHeads = 8,
        MaxPositions = 131072,
        Window = WindowRule.All,
    };

    /// <summary>Qwen2 and Qwen2.5. Source: Yang et al. 2024, arXiv 2407.10671.</summary>
    public static LlamaVariant Qwen2 { get; } = Llama with
    {
        Architecture = "Qwen2ForCausalLM",
        Vocabulary = 151936,
        Intermediate = 22016,
        KeyValueHeads = 32,
        MaxPositions = 32768,
        QueryKeyValueBias = true,
        Window = WindowRule.Upper,
        BosId = null,
        EosId = null,
    };

    /// <summary>Source: Yang et al. 2025, arXiv 2505.09388.</summary>
    public static LlamaVariant Qwen3 { get; } = Qwen2 with
    {
        Architecture = "Qwen3ForCausalLM",
        HeadSize = 128,
        QueryKeyValueBias = false,
        HeadNorms = true,
    };

    /// <summary>What <c>num_key_value_heads</c> is where it is absent, or null for as many as heads.</summary>
    public int? KeyValueHeads { get; init; }

    /// <summary>What <c>head_dim</c> is where it is absent, or null for the hidden size over the heads.</summary>
    public int? HeadSize { get; init; }

    public double NormEpsilon { get; init; } = 1e-6;

    /// <summary>Whether queries, keys and values have biases without <c>attention_bias</c>.</summary>
    public bool QueryKeyValueBias { get; init; }

    /// <summary>Whether an RMSNorm is applied to each head's queries and keys before they are rotated.</summary>
    public bool HeadNorms { get; init; }

    public WindowRule Window { get; init; }

    /// <summary>
    /// Whether positions may rotate a part of a head only, and by angles scaled as LongRoPE does, in place of the other ways.
    /// </summary>
    public bool HasPartialRotation { get; init; }
}
