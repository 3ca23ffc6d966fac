using IlZo.Backends;
using IlZo.Models.Gemma;
using IlZo.Models.Llama;

namespace IlZo.Gguf;

/// <summary>Gemma and Gemma 2. Norms are written with the 1 that is added to their weights.</summary>
/// <param name="Name">What the format calls the architecture.</param>
/// <param name="Variant">The family.</param>
internal sealed record GemmaGguf(string Name, LlamaVariant Variant) : GgufArchitecture(Name, "model.")
{
    // The one size whose scores are divided by another root than that of the head's size: readers know it by its layers.
    private const int LayersOf27B = 46;

    public override IReadOnlyList<GgufTensor> Describe(GgufSource model, GgufMetadata metadata)
    {
        var config = new GemmaConfig(model.Config, Variant);
        model.Require(config.Activation == ActivationFunction.GeluTanh, $"has the activation {config.Activation}");
        int divisor = config.IsSecond && config.Layers == LayersOf27B ? config.Hidden / config.Heads : config.HeadSize;
        model.Require(config.QueryScale == 1 / MathF.Sqrt(divisor), $"multiplies scores by {config.QueryScale:R}");
        RotaryGguf.Sizes(Name, model, config, metadata, hasWindows: config.IsSecond);
        if (config.IsSecond)
        {
            int window = config.Window[0] ?? config.MaxPositions;
            bool alternates = Enumerable.Range(0, config.Layers)
                .All(i => (config.Window[i] ?? config.MaxPositions) == (i % 2 == 0 ? window : (int)config.MaxPositions));
            model.Require(alternates, "has other layers with a sliding window than every other one");
            model.Require(config is { AttentionCap: not null, LogitCap: not null }, "has no soft cap on scores or logits");
            metadata.Add($"{Name}.attention.sliding_window", window);
            metadata.Add($"{Name}.attn_logit_softcapping", config.AttentionCap!.Value);
            metadata.Add($"{Name}.final_logit_softcapping", config.LogitCap!.Value);
        }

        model.Require(!model.Head("embed_tokens.weight").Any(), "has an output head of its own");
        return
        [
            .. model.Renamed("embed_tokens.weight", "token_embd.weight"),
            .. Enumerable.Range(0, config.Layers).SelectMany(i => Layer(model, $"layers.{i}.", $"blk.{i}.", config.IsSecond)),
            .. Norm(model, "norm.weight", "output_norm.weight"),
        ];
    }

    private static IEnumerable<GgufTensor> Layer(GgufSource model, string from, string to, bool isSecond) =>
    [
        .. Norm(model, from + "input_layernorm.weight", to + "attn_norm.weight"),
        .. model.Renamed(from + "self_attn.q_proj.weight", to + "attn_q.weight"),
        .. model.Renamed(from + "self_attn.k_proj.weight", to + "attn_k.weight"),
        .. model.Renamed(from + "self_attn.v_proj.weight", to + "attn_v.weight"),
        .. model.Renamed(from + "self_attn.o_proj.weight", to + "attn_output.weight"),
        .. Norm(model, from + "post_attention_layernorm.weight", to + (isSecond ? "post_attention_norm.weight" : "ffn_norm.weight")),
        .. Norm(model, from + "pre_feedforward_layernorm.weight", to + "ffn_norm.weight"),
        .. model.Renamed(from + "mlp.gate_proj.weight", to + "ffn_gate.weight"),
        .. model.Renamed(from + "mlp.up_proj.weight", to + "ffn_up.weight"),
        .. model.Renamed(from + "mlp.down_proj.weight", to + "ffn_down.weight"),
        .. Norm(model, from + "post_feedforward_layernorm.weight", to + "post_ffw_norm.weight"),
    ];

    private static IEnumerable<GgufTensor> Norm(GgufSource model, string name, string newName) =>
        model.Renamed(name, newName, p => GgufRows.Plus(p, 1));
}
