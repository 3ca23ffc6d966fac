using System.Buffers.Binary;
using System.Text;
using System.Text.Json.Nodes;

namespace IlZo.Fuzz.Targets;

/// <summary>
/// Checkpoints of a few kilobytes: 32 tokens, 16 features, one layer of two heads (one of keys and values for Llama's kin).
/// </summary>
internal static class TinyModels
{
    private const int Vocabulary = 32;
    private const int Hidden = 16;
    private const int Intermediate = 24;
    private const int Keys = 8;
    private const int Positions = 24;

    /// <summary>The weights of a family, as model.safetensors.</summary>
    public static byte[] Weights(string family) => Safetensors(family switch
    {
        "opt" => Opt(),
        "gpt2" => Gpt2(),
        "roberta" => Roberta(),
        "bert" => Bert(),
        "distilbert" => DistilBert(),
        "phi3" => Phi3(),
        "gemma" or "gemma2" =>
            [.. Llama(bias: false, norms: false).Where(t => t.Item1 != "lm_head.weight"), .. family == "gemma2" ? FeedForwardNorms() : []],
        _ => Llama(bias: family == "qwen2", norms: family == "qwen3"),
    });

    /// <summary>A safetensors file of fp32 numbers that rise slowly around 0.</summary>
    public static byte[] Safetensors(IEnumerable<(string Name, int[] Shape)> tensors)
    {
        var header = new JsonObject();
        using var data = new MemoryStream();
        foreach (var (name, shape) in tensors)
        {
            int count = shape.Aggregate((a, b) => a * b);
            long start = data.Length;
            for (int i = 0; i < count; i++)
            {
                data.Write(BitConverter.GetBytes(((i % 7) - 3) / 8f));
            }

            header[name] = new JsonObject
            {
                ["dtype"] = "F32",
                ["shape"] = new JsonArray([.. shape.Select(n => (JsonNode)n)]),
                ["data_offsets"] = new JsonArray(start, data.Length),
            };
        }

        byte[] json = Encoding.UTF8.GetBytes(header.ToJsonString());
        byte[] length = new byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(length, json.Length);
        return [.. length, .. json, .. data.ToArray()];
    }

    private static IEnumerable<(string, int[])> Pair(string name, params int[] shape) =>
        [(name + ".weight", shape), (name + ".bias", [shape[0]])];

    private static IEnumerable<(string, int[])> Opt() =>
    [
        ("model.decoder.embed_tokens.weight", [Vocabulary, Hidden]),
        ("model.decoder.embed_positions.weight", [Positions + 2, Hidden]),
        .. Pair("model.decoder.final_layer_norm", Hidden),
        .. Pair("model.decoder.layers.0.self_attn_layer_norm", Hidden),
        .. Pair("model.decoder.layers.0.final_layer_norm", Hidden),
        .. new[] { "q_proj", "k_proj", "v_proj", "out_proj" }.SelectMany(
            p => Pair("model.decoder.layers.0.self_attn." + p, Hidden, Hidden)),
        .. Pair("model.decoder.layers.0.fc1", Intermediate, Hidden),
        .. Pair("model.decoder.layers.0.fc2", Hidden, Intermediate),
    ];

    private static IEnumerable<(string, int[])> Gpt2() =>
    [
        ("transformer.wte.weight", [Vocabulary, Hidden]),
        ("transformer.wpe.weight", [Positions, Hidden]),
        .. new[] { "ln_f", "h.0.ln_1", "h.0.ln_2" }.SelectMany(p => Pair("transformer." + p, Hidden)),
        ("transformer.h.0.attn.c_attn.weight", [Hidden, 3 * Hidden]),
        ("transformer.h.0.attn.c_attn.bias", [3 * Hidden]),
        ("transformer.h.0.attn.c_proj.weight", [Hidden, Hidden]),
        ("transformer.h.0.attn.c_proj.bias", [Hidden]),
        ("transformer.h.0.mlp.c_fc.weight", [Hidden, Intermediate]),
        ("transformer.h.0.mlp.c_fc.bias", [Intermediate]),
        ("transformer.h.0.mlp.c_proj.weight", [Intermediate, Hidden]),
        ("transformer.h.0.mlp.c_proj.bias", [Hidden]),
    ];

    private static IEnumerable<(string, int[])> Llama(bool bias, bool norms) =>
    [
        ("model.embed_tokens.weight", [Vocabulary, Hidden]),
        ("model.norm.weight", [Hidden]),
        ("lm_head.weight", [Vocabulary, Hidden]),
        .. new[] { ("q", Hidden), ("k", Keys), ("v", Keys) }.SelectMany(
            p => Pair($"model.layers.0.self_attn.{p.Item1}_proj", p.Item2, Hidden).Take(bias ? 2 : 1)),
        ("model.layers.0.self_attn.o_proj.weight", [Hidden, Hidden]),
        ("model.layers.0.mlp.gate_proj.weight", [Intermediate, Hidden]),
        ("model.layers.0.mlp.up_proj.weight", [Intermediate, Hidden]),
        ("model.layers.0.mlp.down_proj.weight", [Hidden, Intermediate]),
        ("model.layers.0.input_layernorm.weight", [Hidden]),
        ("model.layers.0.post_attention_layernorm.weight", [Hidden]),
        .. norms
            ? new[] { ("model.layers.0.self_attn.q_norm.weight", new[] { Keys }), ("model.layers.0.self_attn.k_norm.weight", [Keys]) }
            : [],
    ];

    private static IEnumerable<(string, int[])> FeedForwardNorms() =>
        [("model.layers.0.pre_feedforward_layernorm.weight", [Hidden]), ("model.layers.0.post_feedforward_layernorm.weight", [Hidden])];

    private static IEnumerable<(string, int[])> Phi3() =>
    [
        ("model.embed_tokens.weight", [Vocabulary, Hidden]),
        ("model.norm.weight", [Hidden]),
        ("lm_head.weight", [Vocabulary, Hidden]),
        ("model.layers.0.self_attn.qkv_proj.weight", [Hidden + (2 * Keys), Hidden]),
        ("model.layers.0.self_attn.o_proj.weight", [Hidden, Hidden]),
        ("model.layers.0.mlp.gate_up_proj.weight", [2 * Intermediate, Hidden]),
        ("model.layers.0.mlp.down_proj.weight", [Hidden, Intermediate]),
        ("model.layers.0.input_layernorm.weight", [Hidden]),
        ("model.layers.0.post_attention_layernorm.weight", [Hidden]),
    ];

    private static IEnumerable<(string, int[])> Roberta() =>
    [
        ("roberta.embeddings.word_embeddings.weight", [Vocabulary, Hidden]),
        ("roberta.embeddings.position_embeddings.weight", [Positions + 2, Hidden]),
        ("roberta.embeddings.token_type_embeddings.weight", [1, Hidden]),
        .. Pair("roberta.embeddings.LayerNorm", Hidden),
        .. Pair("lm_head.dense", Hidden, Hidden),
        .. Pair("lm_head.layer_norm", Hidden),
        ("lm_head.bias", [Vocabulary]),
        .. new[] { "attention.self.query", "attention.self.key", "attention.self.value", "attention.output.dense" }.SelectMany(
            p => Pair("roberta.encoder.layer.0." + p, Hidden, Hidden)),
        .. Pair("roberta.encoder.layer.0.attention.output.LayerNorm", Hidden),
        .. Pair("roberta.encoder.layer.0.intermediate.dense", Intermediate, Hidden),
        .. Pair("roberta.encoder.layer.0.output.dense", Hidden, Intermediate),
        .. Pair("roberta.encoder.layer.0.output.LayerNorm", Hidden),
    ];

    // With the pooler that published language models have beside the head.
    private static IEnumerable<(string, int[])> Bert() =>
    [
        ("bert.embeddings.word_embeddings.weight", [Vocabulary, Hidden]),
        ("bert.embeddings.position_embeddings.weight", [Positions, Hidden]),
        ("bert.embeddings.token_type_embeddings.weight", [2, Hidden]),
        .. Pair("bert.embeddings.LayerNorm", Hidden),
        .. Pair("bert.pooler.dense", Hidden, Hidden),
        .. Pair("cls.predictions.transform.dense", Hidden, Hidden),
        .. Pair("cls.predictions.transform.LayerNorm", Hidden),
        ("cls.predictions.bias", [Vocabulary]),
        .. new[] { "attention.self.query", "attention.self.key", "attention.self.value", "attention.output.dense" }.SelectMany(
            p => Pair("bert.encoder.layer.0." + p, Hidden, Hidden)),
        .. Pair("bert.encoder.layer.0.attention.output.LayerNorm", Hidden),
        .. Pair("bert.encoder.layer.0.intermediate.dense", Intermediate, Hidden),
        .. Pair("bert.encoder.layer.0.output.dense", Hidden, Intermediate),
        .. Pair("bert.encoder.layer.0.output.LayerNorm", Hidden),
    ];

    // A classifier of two classes, whose head may read either state.
    private static IEnumerable<(string, int[])> DistilBert() =>
    [
        ("distilbert.embeddings.word_embeddings.weight", [Vocabulary, Hidden]),
        ("distilbert.embeddings.position_embeddings.weight", [Positions, Hidden]),
        .. Pair("distilbert.embeddings.LayerNorm", Hidden),
        .. Pair("pre_classifier", Hidden, Hidden),
        .. Pair("classifier", 2, Hidden),
        .. new[] { "q_lin", "k_lin", "v_lin", "out_lin" }.SelectMany(
            p => Pair("distilbert.transformer.layer.0.attention." + p, Hidden, Hidden)),
        .. Pair("distilbert.transformer.layer.0.sa_layer_norm", Hidden),
        .. Pair("distilbert.transformer.layer.0.ffn.lin1", Intermediate, Hidden),
        .. Pair("distilbert.transformer.layer.0.ffn.lin2", Hidden, Intermediate),
        .. Pair("distilbert.transformer.layer.0.output_layer_norm", Hidden),
    ];
}
