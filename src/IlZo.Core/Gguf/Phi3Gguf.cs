using IlZo.Backends;
using IlZo.Models.Llama;
using IlZo.Models.Phi3;

namespace IlZo.Gguf;

/// <summary>Phi-3 and those after it, with joint matrices as they are.</summary>
internal sealed record Phi3Gguf() : GgufArchitecture("phi3", "model.")
{
    private const string LongRope = "longrope";

    public override IReadOnlyList<GgufTensor> Describe(GgufSource model, GgufMetadata metadata)
    {
        var config = new LlamaConfig(model.Config, Phi3Model.Variant);
        model.Require(config.Activation == ActivationFunction.Silu, $"has the activation {config.Activation}");
        RotaryGguf.Sizes(Name, model, config, metadata, LongRope);
        metadata.Add("phi3.attention.sliding_window", config.Window[0] ?? 0);
        if (config.Rotary.Scaling == LongRope)
        {
            metadata.Add("phi3.rope.scaling.original_context_length", config.Rotary.LongestText);
            metadata.Add("phi3.rope.scaling.attn_factor", config.Rotary.AttentionFactor);
        }

        return
        [
            .. model.Renamed("embed_tokens.weight", "token_embd.weight"),
            .. Factors(model, config, "long"),
            .. Factors(model, config, "short"),
            .. Enumerable.Range(0, config.Layers).SelectMany(i => Layer(model, $"layers.{i}.", $"blk.{i}.")),
            .. model.Renamed("norm.weight", "output_norm.weight"),
            .. model.Head("embed_tokens.weight"),
        ];
    }

    private static IEnumerable<GgufTensor> Factors(GgufSource model, LlamaConfig config, string length)
    {
        if (config.Rotary.Scaling == LongRope)
        {
            var factors = model.Config.Object("rope_scaling")!.Numbers($"{length}_factor", config.Rotary.Pairs, "rotated pair");
            float[] values = [.. factors.Select(f => (float)f)];
            yield return new GgufTensor($"rope_factors_{length}.weight", IsVector: true, GgufRows.Of(values), KeepsExact: true);
        }
    }

    private static IEnumerable<GgufTensor> Layer(GgufSource model, string from, string to) =>
    [
        .. model.Renamed(from + "input_layernorm.weight", to + "attn_norm.weight"),
        .. model.Renamed(from + "self_attn.qkv_proj.weight", to + "attn_qkv.weight"),
        .. model.Renamed(from + "self_attn.o_proj.weight", to + "attn_output.weight"),
        .. model.Renamed(from + "post_attention_layernorm.weight", to + "ffn_norm.weight"),
        .. model.Renamed(from + "mlp.gate_up_proj.weight", to + "ffn_up.weight"),
        .. model.Renamed(from + "mlp.down_proj.weight", to + "ffn_down.weight"),
    ];
}
