using IlZo.Backends;
using IlZo.Models.Llama;
using IlZo.Tensors;

namespace IlZo.Gguf;

/// <summary>Llama and those with its layers: Mistral, Qwen2, Qwen3.</summary>
/// <param name="Name">What the format calls the architecture.</param>
/// <param name="Variant">The family.</param>
/// <param name="Scaling">The way of scaling frequencies that it has a form for beside linear; null for none.</param>
/// <param name="Interleaves">
/// Whether the two halves of each head's queries and keys, which are rotated together, become neighbours, as Meta's own files have them.
/// </param>
internal sealed record LlamaGguf(string Name, LlamaVariant Variant, string? Scaling = null, bool Interleaves = false)
    : GgufArchitecture(Name, "model.")
{
    public override IReadOnlyList<GgufTensor> Describe(GgufSource model, GgufMetadata metadata)
    {
        var config = new LlamaConfig(model.Config, Variant);
        model.Require(config.Activation == ActivationFunction.Silu, $"has the activation {config.Activation}");
        RotaryGguf.Sizes(Name, model, config, metadata, Scaling);

        Func<Parameter, GgufRows>? order = Interleaves ? p => GgufRows.Of(p, row => Interleaved(row, config.HeadSize)) : null;
        return
        [
            .. model.Renamed("embed_tokens.weight", "token_embd.weight"),
            .. RotaryGguf.FrequencyFactors(config),
            .. Enumerable.Range(0, config.Layers).SelectMany(i => Layer(model, $"layers.{i}.", $"blk.{i}.", order)),
            .. model.Renamed("norm.weight", "output_norm.weight"),
            .. model.Head("embed_tokens.weight"),
        ];
    }

    /// <summary>Row 2i + j of a head is row i of its half j.</summary>
    internal static int Interleaved(int row, int headSize)
    {
        int inHead = row % headSize;
        return row - inHead + (inHead % 2 * (headSize / 2)) + (inHead / 2);
    }

    private static IEnumerable<GgufTensor> Layer(GgufSource model, string from, string to, Func<Parameter, GgufRows>? order) =>
    [
        .. model.Renamed(from + "input_layernorm.weight", to + "attn_norm.weight"),
        .. model.Renamed(from + "self_attn.q_proj.weight", to + "attn_q.weight", order),
        .. model.Renamed(from + "self_attn.q_proj.bias", to + "attn_q.bias", order),
        .. model.Renamed(from + "self_attn.k_proj.weight", to + "attn_k.weight", order),
        .. model.Renamed(from + "self_attn.k_proj.bias", to + "attn_k.bias", order),
        .. model.Renamed(from + "self_attn.v_proj.weight", to + "attn_v.weight"),
        .. model.Renamed(from + "self_attn.v_proj.bias", to + "attn_v.bias"),
        .. model.Renamed(from + "self_attn.q_norm.weight", to + "attn_q_norm.weight"),
        .. model.Renamed(from + "self_attn.k_norm.weight", to + "attn_k_norm.weight"),
        .. model.Renamed(from + "self_attn.o_proj.weight", to + "attn_output.weight"),
        .. model.Renamed(from + "self_attn.o_proj.bias", to + "attn_output.bias"),
        .. model.Renamed(from + "post_attention_layernorm.weight", to + "ffn_norm.weight"),
        .. model.Renamed(from + "mlp.gate_proj.weight", to + "ffn_gate.weight"),
        .. model.Renamed(from + "mlp.gate_proj.bias", to + "ffn_gate.bias"),
        .. model.Renamed(from + "mlp.up_proj.weight", to + "ffn_up.weight"),
        .. model.Renamed(from + "mlp.up_proj.bias", to + "ffn_up.bias"),
        .. model.Renamed(from + "mlp.down_proj.weight", to + "ffn_down.weight"),
        .. model.Renamed(from + "mlp.down_proj.bias", to + "ffn_down.bias"),
    ];
}
