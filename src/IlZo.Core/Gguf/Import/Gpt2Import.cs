using System.Text.Json.Nodes;

namespace IlZo.Gguf;

/// <summary>GPT-2, whose matrices the reference library stores [in, out].</summary>
internal sealed record Gpt2Import() : GgufImportArchitecture("gpt2", "GPT2LMHeadModel", "gpt2")
{
    private static readonly Dictionary<string, string> s_modules = new(StringComparer.Ordinal)
    {
        ["attn_norm"] = "ln_1",
        ["attn_qkv"] = "attn.c_attn",
        ["attn_output"] = "attn.c_proj",
        ["ffn_norm"] = "ln_2",
        ["ffn_up"] = "mlp.c_fc",
        ["ffn_down"] = "mlp.c_proj",
    };

    protected override IReadOnlyList<(string Field, string Key)> Sizes { get; } =
    [
        ("n_embd", "embedding_length"),
        ("n_layer", "block_count"),
        ("n_head", "attention.head_count"),
        ("n_positions", "context_length"),
        ("n_inner", "feed_forward_length"),
    ];

    protected override IReadOnlyList<(string Field, string Key)> OtherFields { get; } =
        [("layer_norm_epsilon", "attention.layer_norm_epsilon")];

    public override JsonObject Config(GgufModelFile file)
    {
        var fields = file.Fields;
        var config = Begin(file);
        int heads = fields.Integer(Key("attention.head_count"));
        int size = fields.Integer(Key("embedding_length")) / Math.Max(1, heads);
        fields.Require(Key("attention.head_count_kv"), heads);
        fields.Require(Key("attention.key_length"), size);
        fields.Require(Key("attention.value_length"), size);
        config["layer_norm_epsilon"] = fields.Number(Key("attention.layer_norm_epsilon"));
        config["activation_function"] = "gelu_new";
        return config;
    }

    protected override ImportedTensor? Of(GgufModelFile file, StoredTensor stored) => stored.Name switch
    {
        "token_embd.weight" => new("transformer.wte.weight", stored),
        "position_embd.weight" => new("transformer.wpe.weight", stored),
        "output_norm.weight" => new("transformer.ln_f.weight", stored),
        "output_norm.bias" => new("transformer.ln_f.bias", stored),
        "output.weight" => new("lm_head.weight", stored),
        _ => InLayer(stored.Name) is var (layer, rest) && rest.LastIndexOf('.') is > 0 and var dot
                && s_modules.TryGetValue(rest[..dot], out string? module)
            ? OfLayer($"transformer.h.{layer}.{module}{rest[dot..]}", stored)
            : null,
    };

    private static ImportedTensor OfLayer(string name, StoredTensor stored) =>
        stored.IsVector ? new ImportedTensor(name, stored) : new TransposedTensor(name, stored);
}
