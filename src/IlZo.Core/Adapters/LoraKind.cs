using System.Text.Json;
using IlZo.Backends;
using IlZo.Checkpoints;
using IlZo.Models;

namespace IlZo.Adapters;

/// <summary>Low-rank factors beside some linear layers (<see cref="LoraAdapter"/>).</summary>
internal sealed class LoraKind : AdapterKind
{
    private const string Type = "LORA";

    // Starts that change the base weights, so that the factors alone are not the adapter.
    private static readonly string[] s_changingStarts = ["pissa", "olora", "corda", "loftq", "lora_ga"];

    public override string Name => "lora";

    public override IReadOnlyList<AdapterOption> Options { get; } =
    [
        new AdapterOption<int>("rank", "N", "Rank of LoRA (default: 8).", (o, v) => o with { Rank = v }),
        new AdapterOption<double>(
            "alpha", "X", "Scaling of LoRA: its product is multiplied by alpha / rank (default: 16).", (o, v) => o with { Alpha = v }),
        new AdapterOption<string>(
            "targets", "A,B,…",
            "Linear layers to which LoRA is added: names, roles such as role:mlp, or all-linear (default: queries and values).",
            (o, v) => o with { Targets = v }),
    ];

    public override (double LearningRate, double Epsilon) ForBuiltIn => (1e-3, 1e-2);

    public override (double LearningRate, double Epsilon) ForRoberta => (5e-5, 1e-3);

    public override (double LearningRate, double Epsilon) ForOthers => (5e-5, 1e-2);

    public override double GradientNorm => 1;

    internal override string PeftType => Type;

    /// <summary>Writes factors.</summary>
    public static void Save(
        LoraAdapter adapter, LanguageModel model, bool rankStabilized, string folder,
        IReadOnlyDictionary<string, byte[]>? extraFiles, CancellationToken cancellation) => PeftWriter.Write(
        folder,
        model,
        Type,
        new Dictionary<string, Action<Utf8JsonWriter>>
        {
            ["alpha_pattern"] = PeftWriter.EmptyObject,
            ["bias"] = json => json.WriteStringValue("none"),
            ["fan_in_fan_out"] = json => json.WriteBooleanValue(adapter.IsTransposed),
            ["init_lora_weights"] = json => json.WriteBooleanValue(true),
            ["layers_pattern"] = PeftWriter.Null,
            ["layers_to_transform"] = PeftWriter.Null,
            ["lora_alpha"] = json => json.WriteNumberValue(adapter.Alpha),
            ["lora_dropout"] = json => json.WriteRawValue("0.0"),
            [SavedHead.Field] = json => SavedHead.WriteModules(json, adapter.Head),
            ["r"] = json => json.WriteNumberValue(adapter.Rank),
            ["rank_pattern"] = PeftWriter.EmptyObject,
            ["target_modules"] = json => WriteTargets(json, adapter.Targets),
            ["use_rslora"] = json => json.WriteBooleanValue(rankStabilized),
        },
        [.. adapter.Parameters.Select(p => TensorEntry.Of(p, PeftFolder.ModulePrefix + p.Name)), .. SavedHead.Tensors(adapter.Head)],
        [],
        extraFiles,
        cancellation);

    internal override void Validate(AdapterOptions options)
    {
        Require(options.Rank is >= 1 and <= 1024, $"{Setting.Rank} is {options.Rank}; 1 to 1024 was expected.");
        Require(
            options.Alpha > 0 && double.IsFinite(options.Alpha), $"{Setting.Alpha} is {options.Alpha}; a positive number was expected.");
    }

    internal override void Attach(LanguageModel model, AdapterOptions options, IBackend? backend)
    {
        var targets = options.Targets is { } names ? TargetModules.Parse(names, model) : TargetModules.QueriesAndValues(model);
        var lora = new LoraAdapter(model, targets, options.Rank, options.Alpha) { Head = model.ClassificationHead };
        model.Attach(lora);
        lora.Initialize(options.Seed);
    }

    /// <inheritdoc/>
    /// <remarks>Source: huggingface/peft src/peft/tuners/lora/config.py.</remarks>
    internal override void Attach(LanguageModel model, PeftFolder saved)
    {
        var config = saved.Config;
        config.Refuse(
            "use_dora", "rank_pattern", "alpha_pattern", "layers_to_transform", "layers_pattern", "exclude_modules",
            "layer_replication", "lora_bias", "trainable_token_indices", "target_parameters", "megatron_config", "use_qalora", "use_bdlora",
            "alora_invocation_tokens", "arrow_config", "kasa_config", "velora_config", "monteclora_config");
        if (config.Text("bias") is { } bias and not "none")
        {
            throw new InvalidInputException($"{saved.ConfigPath}: bias is '{bias}', which is not supported; 'none' was expected.");
        }

        if (saved.Field("init_lora_weights") is { ValueKind: JsonValueKind.String } start
            && Array.Exists(s_changingStarts, s => start.GetString()!.StartsWith(s, StringComparison.OrdinalIgnoreCase)))
        {
            throw new InvalidInputException(
                $"{saved.ConfigPath}: init_lora_weights is '{start.GetString()}', which changes the base weights and is not supported; "
                    + "true was expected.");
        }

        model.Attach(LoraAdapter.Load(
            model, saved, Targets(saved), config.Size("r", 8), config.Number("lora_alpha", 8), config.Flag("use_rslora", false)));
    }

    private static TargetModules Targets(PeftFolder saved) => saved.Field("target_modules") switch
    {
        { ValueKind: JsonValueKind.String } expression => new TargetModules([], expression.GetString()),
        { ValueKind: JsonValueKind.Array } names when names.EnumerateArray().All(n => n.ValueKind == JsonValueKind.String) =>
            new TargetModules([.. names.EnumerateArray().Select(n => n.GetString()!)], null),
        _ => throw new InvalidInputException(
            $"{saved.ConfigPath}: target_modules is absent or of another kind; a list of names or a regular expression was expected."),
    };

    private static void WriteTargets(Utf8JsonWriter json, TargetModules targets)
    {
        if (targets.Expression is { } expression)
        {
            json.WriteStringValue(expression);
            return;
        }

        json.WriteStartArray();
        foreach (string name in targets.Names)
        {
            json.WriteStringValue(name);
        }

        json.WriteEndArray();
    }
}
