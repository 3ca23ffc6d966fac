using System.Text.Json.Nodes;

namespace IlZo.Gguf;

/// <summary>Gemma and Gemma 2, whose norms have 1 added to their weights in the file.</summary>
/// <param name="Name">What the format calls the architecture.</param>
/// <param name="Class">The class of the reference library.</param>
/// <param name="ModelType">Its <c>model_type</c>.</param>
internal sealed record GemmaImport(string Name, string Class, string ModelType) : LlamaImport(Name, Class, ModelType)
{
    // The one size whose scores are divided by another root than that of the head's size: readers know it by its layers.
    private const int LayersOf27B = 46;

    private Dictionary<string, string>? _modules;

    private bool IsSecond => Name == "gemma2";

    protected override IReadOnlyDictionary<string, string> Modules => _modules ??= !IsSecond
        ? new(base.Modules, StringComparer.Ordinal)
        : new(base.Modules, StringComparer.Ordinal)
        {
            ["post_attention_norm"] = "post_attention_layernorm",
            ["ffn_norm"] = "pre_feedforward_layernorm",
            ["post_ffw_norm"] = "post_feedforward_layernorm",
        };

    protected override IReadOnlyList<string> OwnKeys =>
        IsSecond ? [NeutralKeys.Window, NeutralKeys.AttentionCap, NeutralKeys.LogitCap] : [];

    protected override ImportedTensor Norm(string name, StoredTensor stored) => new RaisedTensor(name, stored);

    protected override void Complete(JsonObject config, GgufModelFile file)
    {
        config["hidden_act"] = "gelu_pytorch_tanh";
        config["hidden_activation"] = "gelu_pytorch_tanh";
        if (!IsSecond)
        {
            return;
        }

        var fields = file.Fields;
        int heads = Math.Max(1, fields.Integer(Key("attention.head_count")));
        config["query_pre_attn_scalar"] = fields.Integer(Key("block_count")) == LayersOf27B
            ? fields.Integer(Key("embedding_length")) / heads
            : HeadSize(file);
        config["sliding_window"] = fields.FindInteger(Key(NeutralKeys.Window)) ?? 4096;
        config["attn_logit_softcapping"] = fields.FindNumber(Key(NeutralKeys.AttentionCap)) ?? 50;
        config["final_logit_softcapping"] = fields.FindNumber(Key(NeutralKeys.LogitCap)) ?? 30;

        // Every other layer has the window, and all rotate alike.
        fields.Require(Key("attention.sliding_window_pattern"), 2);
        fields.Require(Key("rope.freq_base_swa"), fields.FindNumber(Key("rope.freq_base")) ?? DefaultTheta);
    }
}
