using System.Text.Json.Nodes;

namespace IlZo.Gguf;

/// <summary>Llama and those with its layers: Qwen2, Qwen3, Gemma, Gemma 2 and Phi-3.</summary>
/// <param name="Name">What the format calls the architecture.</param>
/// <param name="Class">The class of the reference library.</param>
/// <param name="ModelType">Its <c>model_type</c>.</param>
internal record LlamaImport(string Name, string Class, string ModelType) : GgufImportArchitecture(Name, Class, ModelType)
{
    /// <summary>The base of the frequencies where none is given.</summary>
    protected const double DefaultTheta = 10000;

    private const string FrequencyFactors = "rope_freqs.weight";
    private const string ScalingType = "rope.scaling.type";

    // The second is the older key, and is read where the first is missing.
    private static readonly string[] s_scalingFactors = ["rope.scaling.factor", "rope.scale_linear"];

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

    protected override IReadOnlyList<string> ConfigTensors => [FrequencyFactors];

    protected override IReadOnlyList<(string Field, string Key)> Sizes { get; } =
    [
        ("hidden_size", "embedding_length"),
        ("intermediate_size", "feed_forward_length"),
        ("num_hidden_layers", "block_count"),
        ("num_attention_heads", "attention.head_count"),
        ("max_position_embeddings", "context_length"),
    ];

    protected override IReadOnlyList<(string Field, string Key)> OtherFields { get; } =
    [
        ("num_key_value_heads", "attention.head_count_kv"),
        ("head_dim", "attention.key_length"),
        ("rms_norm_eps", "attention.layer_norm_rms_epsilon"),
        ("rope_theta", "rope.freq_base"),
        ("sliding_window", NeutralKeys.Window),
        ("attn_logit_softcapping", NeutralKeys.AttentionCap),
        ("final_logit_softcapping", NeutralKeys.LogitCap),
        ("original_max_position_embeddings", "rope.scaling.original_context_length"),
    ];

    public override JsonObject Config(GgufModelFile file)
    {
        var fields = file.Fields;
        var config = Begin(file);
        int heads = fields.Integer(Key("attention.head_count"));
        config["num_key_value_heads"] = fields.FindInteger(Key("attention.head_count_kv")) ?? heads;
        config["head_dim"] = HeadSize(file);
        config["rms_norm_eps"] = fields.Number(Key("attention.layer_norm_rms_epsilon"));
        config["rope_theta"] = fields.FindNumber(Key("rope.freq_base")) ?? DefaultTheta;
        config["hidden_act"] = "silu";
        if (Interleaves)
        {
            config["attention_bias"] = file.Tensors.ContainsKey("blk.0.attn_q.bias");
            config["mlp_bias"] = file.Tensors.ContainsKey("blk.0.ffn_gate.bias");
        }

        fields.Require(Key("attention.value_length"), HeadSize(file));
        RequireRotatedSize(file);
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

    /// <summary>Refuses a number of rotated features that the family has no form for.</summary>
    protected virtual void RequireRotatedSize(GgufModelFile file) => file.Fields.Require(Key("rope.dimension_count"), HeadSize(file));

    /// <summary>How frequencies are scaled, as <c>rope_scaling</c> has it; null where they are not.</summary>
    protected virtual JsonObject? Scaling(GgufModelFile file)
    {
        var fields = file.Fields;
        fields.Require(Key("rope.scaling.attn_factor"), 1);
        double factor = LinearFactor(fields, "none", "linear");
        if (!file.Tensors.ContainsKey(FrequencyFactors))
        {
            return factor == 1 ? null : new JsonObject { ["rope_type"] = "linear", ["factor"] = factor };
        }

        RequireUnscaled(fields, factor, FrequencyFactors);
        double theta = fields.FindNumber(Key("rope.freq_base")) ?? DefaultTheta;
        return Llama3Frequencies.Of(Factors(file, FrequencyFactors, HeadSize(file) / 2), theta) ?? throw new InvalidInputException(
            $"{file.Path}: got tensor '{FrequencyFactors}' with factors that are not Llama 3's; expected 1 for short waves, one factor for "
                + "long ones, and a line in the inverse wavelengths between them.");
    }

    /// <summary>
    /// By what all frequencies are divided. Source: ggml-org/llama.cpp src/llama-model.cpp (load_hparams: the type is linear where none is
    /// given, and a factor of 0 is none) and src/llama-context.cpp (the type none sets the factor aside).
    /// </summary>
    /// <param name="fields">The keys of the file.</param>
    /// <param name="types">The types of scaling that are known.</param>
    protected double LinearFactor(GgufFields fields, params string[] types)
    {
        string type = fields.FindText(Key(ScalingType)) ?? "linear";
        if (!types.Contains(type))
        {
            throw fields.Error(Key(ScalingType), $"'{type}'", string.Join(" or ", types));
        }

        return ScalingFactor(fields) switch
        {
            _ when type == "none" => 1,
            null => 1,
            var key => fields.Number(key) switch
            {
                0 => 1,
                > 0 and var factor => factor,
                var other => throw fields.Error(key, Shown(other), "a number that is not negative"),
            },
        };
    }

    /// <summary>Refuses a factor of all frequencies.</summary>
    /// <param name="fields">The keys of the file.</param>
    /// <param name="factor">The factor.</param>
    /// <param name="tensor">The tensor that has factors of each; null where the family has no form for one of all.</param>
    protected void RequireUnscaled(GgufFields fields, double factor, string? tensor)
    {
        if (factor != 1)
        {
            throw fields.Error(ScalingFactor(fields)!, Shown(factor), tensor is null ? "0 or 1" : $"0 or 1 beside the tensor '{tensor}'");
        }
    }

    /// <summary>The factors of the frequencies of rotated pairs.</summary>
    protected static float[] Factors(GgufModelFile file, string name, int pairs)
    {
        var stored = file.Tensors.GetValueOrDefault(name) ?? throw new InvalidInputException(
            $"{file.Path}: got no tensor '{name}'; expected the factors of frequencies beside those of the other length.");
        if (!stored.IsVector || stored.Columns != pairs)
        {
            string shape = stored.IsVector ? $"{stored.Columns}" : $"{stored.Rows} × {stored.Columns}";
            throw new InvalidInputException(
                $"{file.Path}: got tensor '{name}' of {shape} numbers; expected {pairs}, one for each rotated pair of a head's features.");
        }

        float[] factors = new float[pairs];
        file.Read(stored, 0, factors);
        return factors;
    }

    private static string Shown(double number) => FormattableString.Invariant($"{number}");

    private string? ScalingFactor(GgufFields fields) => s_scalingFactors.Select(Key).FirstOrDefault(fields.Has);

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
}
