using System.Globalization;
using System.Text.Json;
using IlZo.Checkpoints;
using IlZo.Tensors;

namespace IlZo.Benchmarks;

/// <summary>A model without its numbers.</summary>
/// <param name="Config">Its config.json.</param>
/// <param name="Tensors">Its tensors, in fp16 or in blocks.</param>
/// <param name="Deviation">The standard deviation of random weights: as small as published models begin with, or large enough to tell a
/// tiny model's logits apart.</param>
internal sealed record SyntheticShape(string Config, IReadOnlyList<TensorEntry> Tensors, float Deviation)
{
    private const float PublishedDeviation = 0.02f;
    private const float TinyDeviation = 0.1f;
    private const int TinyVocabulary = 331;
    private const int TinyHidden = 64;
    private const int TinyPositions = 64;

    private static readonly Dictionary<string, Func<SyntheticShape>> s_published = new()
    {
        ["opt-125m"] = () => Opt(50272, 768, layers: 12, 12, 2048, PublishedDeviation),
        ["opt-1.3b"] = () => Opt(50272, 2048, layers: 24, 32, 2048, PublishedDeviation),
        ["opt-6.7b"] = () => Opt(50272, 4096, layers: 32, 32, 2048, PublishedDeviation),
        ["opt-13b"] = () => Opt(50272, 5120, layers: 40, 40, 2048, PublishedDeviation),
        ["llama-7b"] = () => Llama(32000, 4096, 11008, layers: 32, 32, 32, 4096, PublishedDeviation),
    };

    private static readonly Dictionary<string, Func<SyntheticShape>> s_tiny = new()
    {
        ["opt-tiny"] = () => Opt(TinyVocabulary, TinyHidden, layers: 2, 4, TinyPositions, TinyDeviation),
        ["gpt2-tiny"] = () => Gpt2(TinyVocabulary, TinyHidden, layers: 2, 4, TinyPositions, TinyDeviation),
        ["llama-tiny"] = () => Llama(TinyVocabulary, TinyHidden, 140, layers: 2, 8, 2, TinyPositions, TinyDeviation),
        ["roberta-tiny"] = () => Roberta(TinyVocabulary, TinyHidden, layers: 2, 4, TinyPositions, TinyDeviation),
    };

    /// <summary>The published shapes.</summary>
    public static IReadOnlyList<string> Published { get; } = [.. s_published.Keys];

    /// <summary>A shape of each family that takes a moment anywhere.</summary>
    public static IReadOnlyList<string> Tiny { get; } = [.. s_tiny.Keys];

    /// <summary>A shape by its name.</summary>
    /// <param name="name">The name.</param>
    /// <exception cref="InvalidInputException">There is no such shape.</exception>
    public static SyntheticShape Of(string name) => (s_published.GetValueOrDefault(name) ?? s_tiny.GetValueOrDefault(name)) is { } create
        ? create()
        : throw new InvalidInputException(
            $"There is no shape '{name}'; one of these was expected: {string.Join(", ", [.. Published, .. Tiny])}.");

    /// <summary>The same with matrices in blocks, where their rows are whole ones; tables of positions stay in fp16.</summary>
    public SyntheticShape In(DType blocks) => this with { Tensors = [.. Tensors.Select(t => Blocked(t, blocks))] };

    private static unsafe TensorEntry Blocked(TensorEntry tensor, DType blocks) =>
        tensor.Shape.Count == 2 && tensor.Shape[1] % blocks.Layout().BlockElements == 0
            && !tensor.Name.Contains("position", StringComparison.Ordinal)
            ? new TensorEntry(string.Empty, tensor.Name, StoredType.Name(blocks), tensor.Shape, null)
            : tensor;

    private static SyntheticShape Opt(int vocabulary, int hidden, int layers, int heads, int positions, float deviation)
    {
        var tensors = new List<TensorEntry>();
        Add(tensors, "model.decoder.embed_tokens.weight", vocabulary, hidden);
        Add(tensors, "model.decoder.embed_positions.weight", positions + 2, hidden);
        AddPair(tensors, "model.decoder.final_layer_norm", hidden);
        for (int i = 0; i < layers; i++)
        {
            string layer = $"model.decoder.layers.{i}.";
            AddPair(tensors, layer + "self_attn_layer_norm", hidden);
            AddPair(tensors, layer + "final_layer_norm", hidden);
            AddPair(tensors, layer + "self_attn.q_proj", hidden, hidden);
            AddPair(tensors, layer + "self_attn.k_proj", hidden, hidden);
            AddPair(tensors, layer + "self_attn.v_proj", hidden, hidden);
            AddPair(tensors, layer + "self_attn.out_proj", hidden, hidden);
            AddPair(tensors, layer + "fc1", 4 * hidden, hidden);
            AddPair(tensors, layer + "fc2", hidden, 4 * hidden);
        }

        string config = Json(
            ("model_type", "opt"), ("vocab_size", vocabulary), ("hidden_size", hidden), ("word_embed_proj_dim", hidden),
            ("ffn_dim", 4 * hidden),
            ("num_hidden_layers", layers), ("num_attention_heads", heads), ("max_position_embeddings", positions),
            ("torch_dtype", "float16"));
        return new SyntheticShape(config, tensors, deviation);
    }

    private static SyntheticShape Gpt2(int vocabulary, int hidden, int layers, int heads, int positions, float deviation)
    {
        var tensors = new List<TensorEntry>();
        Add(tensors, "transformer.wte.weight", vocabulary, hidden);
        Add(tensors, "transformer.wpe.weight", positions, hidden);
        AddPair(tensors, "transformer.ln_f", hidden);
        for (int i = 0; i < layers; i++)
        {
            string layer = $"transformer.h.{i}.";
            AddPair(tensors, layer + "ln_1", hidden);
            AddPair(tensors, layer + "ln_2", hidden);
            AddTransposedPair(tensors, layer + "attn.c_attn", hidden, 3 * hidden);
            AddTransposedPair(tensors, layer + "attn.c_proj", hidden, hidden);
            AddTransposedPair(tensors, layer + "mlp.c_fc", hidden, 4 * hidden);
            AddTransposedPair(tensors, layer + "mlp.c_proj", 4 * hidden, hidden);
        }

        string config = Json(
            ("model_type", "gpt2"), ("vocab_size", vocabulary), ("n_embd", hidden), ("n_layer", layers), ("n_head", heads),
            ("n_positions", positions),
            ("bos_token_id", 0), ("eos_token_id", 0), ("torch_dtype", "float16"));
        return new SyntheticShape(config, tensors, deviation);
    }

    private static SyntheticShape Llama(
        int vocabulary, int hidden, int intermediate, int layers, int heads, int keyValueHeads, int positions, float deviation)
    {
        int keys = hidden / heads * keyValueHeads;
        var tensors = new List<TensorEntry>();
        Add(tensors, "model.embed_tokens.weight", vocabulary, hidden);
        Add(tensors, "model.norm.weight", hidden);
        Add(tensors, "lm_head.weight", vocabulary, hidden);
        for (int i = 0; i < layers; i++)
        {
            string layer = $"model.layers.{i}.";
            Add(tensors, layer + "self_attn.q_proj.weight", hidden, hidden);
            Add(tensors, layer + "self_attn.k_proj.weight", keys, hidden);
            Add(tensors, layer + "self_attn.v_proj.weight", keys, hidden);
            Add(tensors, layer + "self_attn.o_proj.weight", hidden, hidden);
            Add(tensors, layer + "mlp.gate_proj.weight", intermediate, hidden);
            Add(tensors, layer + "mlp.up_proj.weight", intermediate, hidden);
            Add(tensors, layer + "mlp.down_proj.weight", hidden, intermediate);
            Add(tensors, layer + "input_layernorm.weight", hidden);
            Add(tensors, layer + "post_attention_layernorm.weight", hidden);
        }

        string config = Json(
            ("model_type", "llama"), ("vocab_size", vocabulary), ("hidden_size", hidden), ("intermediate_size", intermediate),
            ("num_hidden_layers", layers), ("num_attention_heads", heads), ("num_key_value_heads", keyValueHeads),
            ("max_position_embeddings", positions), ("torch_dtype", "float16"));
        return new SyntheticShape(config, tensors, deviation);
    }

    private static SyntheticShape Roberta(int vocabulary, int hidden, int layers, int heads, int positions, float deviation)
    {
        var tensors = new List<TensorEntry>();
        Add(tensors, "roberta.embeddings.word_embeddings.weight", vocabulary, hidden);
        Add(tensors, "roberta.embeddings.position_embeddings.weight", positions + 2, hidden);
        Add(tensors, "roberta.embeddings.token_type_embeddings.weight", 1, hidden);
        AddPair(tensors, "roberta.embeddings.LayerNorm", hidden);
        AddPair(tensors, "lm_head.dense", hidden, hidden);
        AddPair(tensors, "lm_head.layer_norm", hidden);
        Add(tensors, "lm_head.bias", vocabulary);
        for (int i = 0; i < layers; i++)
        {
            string layer = $"roberta.encoder.layer.{i}.";
            AddPair(tensors, layer + "attention.self.query", hidden, hidden);
            AddPair(tensors, layer + "attention.self.key", hidden, hidden);
            AddPair(tensors, layer + "attention.self.value", hidden, hidden);
            AddPair(tensors, layer + "attention.output.dense", hidden, hidden);
            AddPair(tensors, layer + "attention.output.LayerNorm", hidden);
            AddPair(tensors, layer + "intermediate.dense", 4 * hidden, hidden);
            AddPair(tensors, layer + "output.dense", hidden, 4 * hidden);
            AddPair(tensors, layer + "output.LayerNorm", hidden);
        }

        string config = Json(
            ("model_type", "roberta"), ("vocab_size", vocabulary), ("hidden_size", hidden), ("intermediate_size", 4 * hidden),
            ("num_hidden_layers", layers), ("num_attention_heads", heads), ("max_position_embeddings", positions + 2),
            ("type_vocab_size", 1),
            ("layer_norm_eps", 1e-5), ("torch_dtype", "float16"));
        return new SyntheticShape(config, tensors, deviation);
    }

    private static unsafe void Add(List<TensorEntry> tensors, string name, params long[] shape) =>
        tensors.Add(new TensorEntry(string.Empty, name, StoredType.Name(DType.F16), shape, null));

    private static void AddPair(List<TensorEntry> tensors, string name, params long[] shape)
    {
        Add(tensors, name + ".weight", shape);
        Add(tensors, name + ".bias", shape[0]);
    }

    private static void AddTransposedPair(List<TensorEntry> tensors, string name, long inputs, long outputs)
    {
        Add(tensors, name + ".weight", inputs, outputs);
        Add(tensors, name + ".bias", outputs);
    }

    private static string Json(params (string Name, object Value)[] fields) =>
        "{\n" + string.Join(",\n", fields.Select(f => $"  \"{f.Name}\": {Json(f.Value)}")) + "\n}\n";

    private static string? Json(object value) =>
        value is string text ? $"\"{JsonEncodedText.Encode(text)}\"" : Convert.ToString(value, CultureInfo.InvariantCulture);
}
