namespace IlZo.Models.Llama;

/// <summary>Which layers of a variant have a sliding window.</summary>
internal enum WindowRule
{
    /// <summary>None: fields that ask for one are refused.</summary>
    None,

    /// <summary>All of them, unless <c>sliding_window</c> is null.</summary>
    All,

    /// <summary>Those from <c>max_window_layers</c> on or that <c>layer_types</c> names, where <c>use_sliding_window</c> is true.</summary>
    Upper,
}

/// <summary>
/// What tells apart the architectures that share Llama's forward pass: additions to a layer, and the defaults of the reference
/// library's configuration. Source: huggingface/transformers models/{llama,mistral,qwen2,qwen3}/configuration_*.py and modeling_*.py.
/// </summary>
/// <param name="Architecture">The class name.</param>
internal sealed record LlamaVariant(string Architecture)
{
    public static LlamaVariant Llama { get; } = new("LlamaForCausalLM");

    /// <summary>Source: Jiang et al. 2023, arXiv 2310.06825.</summary>
    public static LlamaVariant Mistral { get; } = new("MistralForCausalLM")
    {
        Intermediate = 14336,
        KeyValueHeads = 8,
        MaxPositions = 131072,
        Window = WindowRule.All,
    };

    /// <summary>Qwen2 and Qwen2.5. Source: Yang et al. 2024, arXiv 2407.10671.</summary>
    public static LlamaVariant Qwen2 { get; } = new("Qwen2ForCausalLM")
    {
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

    public int Vocabulary { get; init; } = 32000;

    public int Intermediate { get; init; } = 11008;

    /// <summary>What <c>num_key_value_heads</c> is where it is absent, or null for as many as heads.</summary>
    public int? KeyValueHeads { get; init; }

    /// <summary>What <c>head_dim</c> is where it is absent, or null for the hidden size over the heads.</summary>
    public int? HeadSize { get; init; }

    public int MaxPositions { get; init; } = 2048;

    public int? BosId { get; init; } = 1;

    public int? EosId { get; init; } = 2;

    /// <summary>Whether queries, keys and values have biases without <c>attention_bias</c>.</summary>
    public bool QueryKeyValueBias { get; init; }

    /// <summary>Whether an RMSNorm is applied to each head's queries and keys before they are rotated.</summary>
    public bool HeadNorms { get; init; }

    public WindowRule Window { get; init; }
}
