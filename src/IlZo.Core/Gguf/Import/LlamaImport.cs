using System.Text.Json.Nodes;

namespace IlZo.Gguf;

/// <summary>Llama and those with its layers: Qwen2, Qwen3, Gemma, Gemma 2 and Phi-3.</summary>
/// <param name="Name">What the format calls the architecture.</param>
/// <param name="Class">The class of the reference library.</param>
/// <param name="ModelType">Its <c>model_type</c>.</param>
internal record LlamaImport(string Name, string Class, string ModelType) : GgufImportArchitecture(Name, Class, ModelType)
{
    private const double DefaultTheta = 10000;

    private static readonly Dictionary<string, string> s_modules = new(StringComparer.Ordinal)
    {
        ["attn_norm"] = "input_layernorm",
        ["attn_q"] = "self_attn.q_proj",
        ["attn_k"] = "self_attn.k_proj",
        ["attn_v"] = "self_attn.v_proj",
        ["attn_qkv"] = "self_attn.qkv_proj",
        ["attn_output"] = "self_attn.o_proj",
        ["attn_q_norm"] = "self_attn.q_norm",
        ["attn_k_norm"] = "self_attn.k_norm",
        ["ffn_norm"] = "post_attention_layernorm",
        ["ffn_gate"] = "mlp.gate_proj",
        ["ffn_up"] = "mlp.up_proj",
        ["ffn_down"] = "mlp.down_proj",
    };

    /// <summary>Whether queries and keys have the two halves of a head as neighbours.</summary>
    public bool Interleaves { get; init; }

    /// <summary>Names of modules that differ.</summary>
    protected virtual IReadOnlyDictionary<string, string> Modules => s_modules;

    public override JsonObject Config(GgufModelFile file)
    {
        var fields = file.Fields;
        var config = Begin(file);
        int heads = fields.Integer(Key("attention.head_count"));
        config["hidden_size"] = fields.Integer(Key("embedding_length"));
        config["intermediate_size"] = fields.Integer(Key("feed_forward_length"));
        config["num_hidden_layers"] = fields.Integer(Key("block_count"));
        config["num_attention_heads"] = heads;
        config["num_key_value_heads"] = fields.FindInteger(Key("attention.head_count_kv")) ?? heads;
        config["head_dim"] = HeadSize(file);
        config["max_position_embeddings"] = fields.Integer(Key("context_length"));
        config["rms_norm_eps"] = fields.Number(Key("attention.layer_norm_rms_epsilon"));
        config["rope_theta"] = fields.FindNumber(Key("rope.freq_base")) ?? DefaultTheta;
        config["hidden_act"] = "silu";
        if (Interleaves)
        {
            config["attention_bias"] = file.Tensors.ContainsKey("blk.0.attn_q.bias");
            config["mlp_bias"] = file.Tensors.ContainsKey("blk.0.ffn_gate.bias");
        }

        if (Scaling(file) is { } scaling)
        {
            config["rope_scaling"] = scaling;
        }

        Complete(config, file);
        return config;
    }

    protected override ImportedTensor? Of(GgufModelFile file, StoredTensor stored) => stored.Name switch
    {
        "token_embd.weight" => new("model.embed_tokens.weight", stored),
        "output_norm.weight" => Norm("model.norm.weight", stored),
        "output.weight" => new("lm_head.weight", stored),
        _ => InLayer(stored.Name) is var (layer, rest) && rest.LastIndexOf('.') is > 0 and var dot
                && Modules.TryGetValue(rest[..dot], out string? module)
            ? OfLayer(file, $"model.layers.{layer}.{module}{rest[dot..]}", rest[..dot], stored)
            : null,
    };

    /// <summary>A norm's weights.</summary>
    protected virtual ImportedTensor Norm(string name, StoredTensor stored) => new(name, stored);

    /// <summary>Adds what a family has beside this.</summary>
    protected virtual void Complete(JsonObject config, GgufModelFile file)
    {
    }

    /// <summary>Features of a head.</summary>
    protected int HeadSize(GgufModelFile file) => file.Fields.FindInteger(Key("attention.key_length"))
        ?? file.Fields.Integer(Key("embedding_length")) / Math.Max(1, file.Fields.Integer(Key("attention.head_count")));

    private ImportedTensor OfLayer(GgufModelFile file, string name, string module, StoredTensor stored)
    {
        if (module.EndsWith("norm", StringComparison.Ordinal))
        {
            return Norm(name, stored);
        }

        if (!Interleaves || module is not ("attn_q" or "attn_k"))
        {
            return new ImportedTensor(name, stored);
        }

        int size = HeadSize(file);
        int rows = stored.IsVector ? stored.Columns : stored.Rows;
        return size > 0 && size % 2 == 0 && rows % size == 0
            ? new InterleavedTensor(name, stored, size)
            : throw new InvalidInputException(
                $"{file.Path}: got tensor '{stored.Name}' of {rows} rows; expected whole heads of {size}, an even number.");
    }

    private JsonObject? Scaling(GgufModelFile file)
    {
        var fields = file.Fields;
        if (file.Tensors.TryGetValue("rope_freqs.weight", out var frequencies))
        {
            float[] factors = new float[frequencies.Columns];
            file.Read(frequencies, 0, factors);
            return Llama3Frequencies.Of(factors, fields.FindNumber(Key("rope.freq_base")) ?? DefaultTheta) ?? throw new
                InvalidInputException(
                    $"{file.Path}: got tensor '{frequencies.Name}' with factors that are not Llama 3's; expected 1 for short waves, one "
                        + "factor for long ones, and a line in the inverse wavelengths between them.");
        }

        return fields.FindText(Key("rope.scaling.type")) switch
        {
            null or "none" => null,
            "linear" => new JsonObject { ["rope_type"] = "linear", ["factor"] = fields.Number(Key("rope.scaling.factor")) },
            var other => throw fields.Error(Key("rope.scaling.type"), $"'{other}'", "none or linear"),
        };
    }
}
