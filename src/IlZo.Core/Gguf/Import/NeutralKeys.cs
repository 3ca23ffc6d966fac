namespace IlZo.Gguf;

/// <summary>
/// Keys that change what a model computes in ways that those which are read have no form for, with the values by which they change nothing.
/// Other keys of an architecture are its sizes, which are read, or describe it, or belong to other architectures: they are passed over.
/// Source: ggml-org/llama.cpp src/llama-arch.cpp (LLM_KV_NAMES) and src/llama-model.cpp (load_hparams); ggml-org/ggml docs/gguf.md.
/// </summary>
internal static class NeutralKeys
{
    public const string AttentionCap = "attn_logit_softcapping";
    public const string LogitCap = "final_logit_softcapping";
    public const string Window = "attention.sliding_window";

    private static readonly (string Key, double[] Values)[] s_numbers =
    [
        ("expert_count", [0]),
        ("expert_used_count", [0]),
        ("expert_shared_count", [0]),
        ("logit_scale", [0, 1]),
        ("residual_scale", [0, 1]),
        ("embedding_scale", [0, 1]),
        ("attention.scale", [0]),
        ("attention.output_scale", [0, 1]),
        ("attention.value_scale", [0, 1]),
        ("attention.temperature_scale", [0]),
        ("attention.clamp_kqv", [0]),
        ("attention.max_alibi_bias", [0]),
        (AttentionCap, [0]),
        (LogitCap, [0]),
    ];

    private static readonly (string Key, bool Value)[] s_flags = [("attention.causal", true), ("use_parallel_residual", false)];

    /// <summary>Refuses other values.</summary>
    /// <param name="fields">The keys of the file.</param>
    /// <param name="architecture">What keys begin with.</param>
    /// <param name="own">Those that the architecture has a form for.</param>
    /// <exception cref="InvalidInputException">A key has one.</exception>
    public static void Require(GgufFields fields, string architecture, IReadOnlyList<string> own)
    {
        foreach (var (key, values) in s_numbers.Where(n => !own.Contains(n.Key)))
        {
            fields.Require($"{architecture}.{key}", values);
        }

        foreach (var (key, value) in s_flags)
        {
            if (fields.FindFlag($"{architecture}.{key}") == !value)
            {
                throw fields.Error($"{architecture}.{key}", value ? "false" : "true", value ? "true" : "false");
            }
        }

        int longest = fields.Integer($"{architecture}.context_length");
        if (!own.Contains(Window) && fields.FindInteger($"{architecture}.{Window}") is > 0 and var window && window < longest)
        {
            throw fields.Error($"{architecture}.{Window}", $"{window}", $"0, or the context length, {longest}, at least");
        }
    }
}
