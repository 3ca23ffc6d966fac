using System.Text.Json.Nodes;

namespace IlZo.Gguf;

/// <summary>Phi-3, whose matrices are joint ones.</summary>
internal sealed record Phi3Import() : LlamaImport("phi3", "Phi3ForCausalLM", "phi3")
{
    private Dictionary<string, string>? _modules;

    protected override IReadOnlyDictionary<string, string> Modules =>
        _modules ??= new(base.Modules, StringComparer.Ordinal) { ["ffn_up"] = "mlp.gate_up_proj" };

    protected override void Complete(JsonObject config, GgufModelFile file)
    {
        var fields = file.Fields;
        if (fields.FindInteger(Key("attention.sliding_window")) is > 0 and var window)
        {
            config["sliding_window"] = window;
        }

        config["partial_rotary_factor"] = fields.FindInteger(Key("rope.dimension_count")) is { } rotated
            ? (double)rotated / Math.Max(1, HeadSize(file))
            : 1;
        config["original_max_position_embeddings"] =
            fields.FindInteger(Key("rope.scaling.original_context_length")) ?? fields.Integer(Key("context_length"));
        if (file.Tensors.ContainsKey("rope_factors_long.weight"))
        {
            config["rope_scaling"] = new JsonObject
            {
                ["type"] = "longrope",
                ["long_factor"] = Factors(file, "rope_factors_long.weight"),
                ["short_factor"] = Factors(file, "rope_factors_short.weight"),
            };
            if (fields.FindNumber(Key("rope.scaling.attn_factor")) is { } attention)
            {
                config["rope_scaling"]!["attention_factor"] = attention;
            }
        }
    }

    private static JsonArray Factors(GgufModelFile file, string name)
    {
        var stored = file.Tensors.GetValueOrDefault(name) ?? throw new InvalidInputException(
            $"{file.Path}: got no tensor '{name}'; expected the factors of frequencies beside those of the other length.");
        float[] factors = new float[stored.Columns];
        file.Read(stored, 0, factors);
        return new JsonArray([.. factors.Select(f => (JsonNode)JsonValue.Create(f))]);
    }
}
