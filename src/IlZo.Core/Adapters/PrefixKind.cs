using System.Text.Json;
using IlZo.Backends;
using IlZo.Checkpoints;
using IlZo.Models;

namespace IlZo.Adapters;

/// <summary>Keys and values before every text (<see cref="PrefixAdapter"/>).</summary>
internal sealed class PrefixKind : AdapterKind
{
    /// <summary>The tensor of a prefix: [tokens, layers × 2 × key features].</summary>
    public const string PromptEmbeddings = "prompt_embeddings";

    // The metadata that says that a prefix leaves positions as they are; PEFT itself shifts them, and writes none.
    private const string PositionsKey = "ilzo.prefix_positions";
    private static readonly string s_kept = PrefixPositionsWords.Instance.Of(PrefixPositions.Kept);

    private const string Type = "PREFIX_TUNING";

    public override string Name => "prefix";

    public override IReadOnlyList<AdapterOption> Options { get; } =
    [
        new AdapterOption<int>("prefix-tokens", "N", "Number of prefix tokens (default: 5).", (o, v) => o with { PrefixTokens = v }),
        new AdapterOption<string>(
            "prefix-positions", "kept|shifted",
            "Where texts begin if there is a prefix: at position 0 (default), or after it, as in PEFT.",
            (o, v) => o with { PrefixPositions = PrefixPositionsWords.Instance.Parse(v) }),
    ];

    public override (double LearningRate, double Epsilon) ForBuiltIn => (0.3, 1e-1);

    public override (double LearningRate, double Epsilon) ForRoberta => (5e-3, 1e-1);

    public override (double LearningRate, double Epsilon) ForOthers => (1e-2, 1e-1);

    public override double GradientNorm => 0.1;

    public override bool StartsFromActivations => true;

    internal override string PeftType => Type;

    /// <summary>Writes a prefix.</summary>
    public static void Save(
        PrefixAdapter prefix, LanguageModel model, int tokens, TensorEntry embeddings, string folder,
        IReadOnlyDictionary<string, byte[]>? extraFiles, CancellationToken cancellation) =>
        PeftWriter.Write(
            folder,
            model,
            Type,
            new Dictionary<string, Action<Utf8JsonWriter>>
            {
                ["encoder_hidden_size"] = json => json.WriteNumberValue(model.Shape.KeyFeatures),
                ["num_attention_heads"] = json => json.WriteNumberValue(model.Shape.KeyValueHeads),
                ["num_layers"] = json => json.WriteNumberValue(model.Shape.Layers),
                ["num_transformer_submodules"] = json => json.WriteNumberValue(1),
                ["num_virtual_tokens"] = json => json.WriteNumberValue(tokens),
                ["prefix_projection"] = json => json.WriteBooleanValue(false),
                ["token_dim"] = json => json.WriteNumberValue(model.Shape.KeyFeatures),
            },
            [embeddings, .. SavedHead.Tensors(prefix.Head)],
            prefix.PositionShift > 0 ? [] : new() { [PositionsKey] = s_kept },
            extraFiles,
            cancellation);

    internal override void Validate(AdapterOptions options)
    {
        Require(options.PrefixTokens is >= 1 and <= 1024, $"{Setting.PrefixTokens} is {options.PrefixTokens}; 1 to 1024 was expected.");
        PrefixPositionsWords.Instance.Of(options.PrefixPositions);
    }

    internal override void Attach(LanguageModel model, AdapterOptions options, IBackend? backend)
    {
        var prefix = new PrefixAdapter(model, options.PrefixTokens, options.PrefixPositions == PrefixPositions.Shifted)
        {
            Head = model.ClassificationHead,
        };
        if (backend is not null)
        {
            backend.Load(model.Parameters);
            prefix.Initialize(backend, options.Seed);
        }

        model.Attach(prefix);
    }

    /// <inheritdoc/>
    /// <remarks>Source: huggingface/peft src/peft/tuners/prefix_tuning/config.py.</remarks>
    internal override void Attach(LanguageModel model, PeftFolder saved)
    {
        var config = saved.Config;
        int tokens = config.Has("num_virtual_tokens")
            ? config.Size("num_virtual_tokens", 0, ConfigSize.MaxRows)
            : throw new InvalidInputException($"{saved.ConfigPath}: num_virtual_tokens is absent; the number of tokens was expected.");
        foreach (var (field, expected) in new[] { ("num_layers", model.Shape.Layers), ("token_dim", model.Shape.KeyFeatures) })
        {
            int found = config.Size(field, expected, int.MaxValue);
            if (found != expected)
            {
                throw new InvalidInputException($"{saved.ConfigPath}: {field} is {found}; {expected} was expected for this model.");
            }
        }

        model.Attach(PrefixAdapter.Load(model, saved, tokens, saved.Metadata.GetValueOrDefault(PositionsKey) != s_kept));
    }
}
