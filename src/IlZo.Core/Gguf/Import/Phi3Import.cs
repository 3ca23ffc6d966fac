using System.Text.Json.Nodes;

namespace IlZo.Gguf;

/// <summary>Phi-3, whose matrices are joint ones.</summary>
internal sealed record Phi3Import() : LlamaImport("phi3", "Phi3ForCausalLM", "phi3")
{
    private const string LongFactors = "rope_factors_long.weight";
    private const string ShortFactors = "rope_factors_short.weight";
    private const string AttentionFactor = "rope.scaling.attn_factor";
    private const string RotatedKey = "rope.dimension_count";

    private Dictionary<string, string>? _modules;

    protected override IReadOnlyDictionary<string, string> Modules =>
        _modules ??= new(base.Modules, StringComparer.Ordinal) { ["ffn_up"] = "mlp.gate_up_proj" };

    protected override IReadOnlyList<string> ConfigTensors => [LongFactors, ShortFactors];

    protected override IReadOnlyList<string> OwnKeys => [NeutralKeys.Window];

    protected override void Complete(JsonObject config, GgufModelFile file)
    {
        var fields = file.Fields;
        if (fields.FindInteger(Key(NeutralKeys.Window)) is > 0 and var window)
        {
            config["sliding_window"] = window;
        }

        config["partial_rotary_factor"] = (double)RotatedSize(file) / Math.Max(1, HeadSize(file));
        config["original_max_position_embeddings"] =
            fields.FindInteger(Key("rope.scaling.original_context_length")) ?? fields.Integer(Key("context_length"));
    }

    protected override void RequireRotatedSize(GgufModelFile file)
    {
        int rotated = RotatedSize(file);
        if (rotated % 2 != 0 || rotated < 1 || rotated > HeadSize(file))
        {
            throw file.Fields.Error(
                Key(RotatedKey), $"{rotated}", $"an even number from 2 to {HeadSize(file)}, the features of a head");
        }
    }

    // Where the attention has no factor, it is 1 and not what the reference library computes from the lengths.
    protected override JsonObject? Scaling(GgufModelFile file)
    {
        var fields = file.Fields;
        double factor = LinearFactor(fields, "none", "linear", "longrope");
        string? tensor = ConfigTensors.FirstOrDefault(file.Tensors.ContainsKey);
        RequireUnscaled(fields, factor, tensor);
        if (tensor is null)
        {
            fields.Require(Key(AttentionFactor), 1);
            return null;
        }

        return new JsonObject
        {
            ["type"] = "longrope",
            ["long_factor"] = Numbers(Factors(file, LongFactors, RotatedSize(file) / 2)),
            ["short_factor"] = Numbers(Factors(file, ShortFactors, RotatedSize(file) / 2)),
            ["attention_factor"] = fields.FindNumber(Key(AttentionFactor)) ?? 1,
        };
    }

    private static JsonArray Numbers(float[] numbers) => new([.. numbers.Select(f => (JsonNode)JsonValue.Create(f))]);

    private int RotatedSize(GgufModelFile file) => file.Fields.FindInteger(Key(RotatedKey)) ?? HeadSize(file);
}
