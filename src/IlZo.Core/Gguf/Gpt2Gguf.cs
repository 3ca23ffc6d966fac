using IlZo.Backends;
using IlZo.Models.Gpt2;

namespace IlZo.Gguf;

/// <summary>GPT-2, whose matrices are stored [in, out] and written [out, in].</summary>
internal sealed record Gpt2Gguf() : GgufArchitecture("gpt2", "transformer.")
{
    private static readonly (string From, string To)[] s_modules =
    [
        ("ln_1", "attn_norm"), ("attn.c_attn", "attn_qkv"), ("attn.c_proj", "attn_output"), ("ln_2", "ffn_norm"), ("mlp.c_fc", "ffn_up"),
        ("mlp.c_proj", "ffn_down"),
    ];

    public override IReadOnlyList<GgufTensor> Describe(GgufSource model, GgufMetadata metadata)
    {
        var config = new Gpt2Config(model.Config);
        model.Require(config.Activation == ActivationFunction.GeluTanh, $"has the activation {config.Activation}");
        model.Require(
            Enumerable.Range(0, config.Layers).All(i => config.AttentionOf(i).Scale == config.Attention.Scale),
            "divides scores by something other than the root of a head's size");
        metadata.Add("gpt2.context_length", config.MaxPositions);
        metadata.Add("gpt2.embedding_length", config.Hidden);
        metadata.Add("gpt2.block_count", config.Layers);
        metadata.Add("gpt2.feed_forward_length", config.Intermediate);
        metadata.Add("gpt2.attention.head_count", config.Heads);
        metadata.Add("gpt2.attention.layer_norm_epsilon", config.NormEpsilon);

        return
        [
            .. model.Renamed("wte.weight", "token_embd.weight"),
            .. model.Renamed("wpe.weight", "position_embd.weight").Select(t => t with { KeepsExact = true }),
            .. Enumerable.Range(0, config.Layers).SelectMany(i => Layer(model, $"h.{i}.", $"blk.{i}.")),
            .. model.Renamed("ln_f.weight", "output_norm.weight"),
            .. model.Renamed("ln_f.bias", "output_norm.bias"),
            .. model.Head("wte.weight"),
        ];
    }

    private static IEnumerable<GgufTensor> Layer(GgufSource model, string from, string to) => s_modules.SelectMany(
        m => (IEnumerable<GgufTensor>)
        [
            .. model.Renamed(
                $"{from}{m.From}.weight", $"{to}{m.To}.weight", p => p.Shape.Count == 1 ? GgufRows.Of(p) : GgufRows.Transposed(p)),
            .. model.Renamed($"{from}{m.From}.bias", $"{to}{m.To}.bias"),
        ]);
}
