using System.Text.Json;
using IlZo.Checkpoints;
using IlZo.Checkpoints.Torch;
using IlZo.Files;
using IlZo.Models;
using IlZo.Tensors;

namespace IlZo.Adapters;

/// <summary>What PEFT's configuration of LoRA says of the forward pass.</summary>
internal sealed record LoraSettings(TargetModules Targets, int Rank, double Alpha, bool RankStabilized);

/// <summary>
/// An adapter in PEFT's format: <c>adapter_config.json</c> and <c>adapter_model.safetensors</c> or <c>adapter_model.bin</c>. Fields that would change the forward pass in
/// an unknown way are refused by name.
/// Source: huggingface/peft src/peft/tuners/lora/config.py, src/peft/tuners/prefix_tuning/config.py, src/peft/utils/save_and_load.py.
/// </summary>
internal sealed class PeftFolder : IDisposable
{
    public const string ConfigFileName = "adapter_config.json";
    public const string WeightsFileName = "adapter_model.safetensors";

    /// <summary>The name that weights in PyTorch's own format have; safetensors go before them.</summary>
    public const string TorchFileName = "adapter_model.bin";

    /// <summary>What stands before the names of modules.</summary>
    public const string ModulePrefix = "base_model.model.";

    /// <summary>The tensor of a prefix: [tokens, layers × 2 × key features].</summary>
    public const string PromptEmbeddings = "prompt_embeddings";

    /// <summary>The metadata that says that a prefix leaves positions as they are; PEFT itself shifts them, and writes none.</summary>
    public const string PositionsKey = "ilzo.prefix_positions";

    // Starts that change the base weights, so that the factors alone are not the adapter.
    private static readonly string[] s_changingStarts = ["pissa", "olora", "corda", "loftq", "lora_ga"];

    private readonly JsonDocument _json;
    private readonly ConfigReader _config;
    private readonly WeightFile _file;

    private PeftFolder(string folder)
    {
        string path = Path.Combine(folder, ConfigFileName);
        if (!File.Exists(path))
        {
            throw new InvalidInputException($"'{folder}' has no {ConfigFileName}; a folder with an adapter in PEFT's format was expected.");
        }

        _json = JsonFile.ParseObject(path, PlainFile.ReadAllBytes(path));
        try
        {
            _config = new ConfigReader($"'{path}'", _json.RootElement);
            IsLora = _config.Text("peft_type") switch
            {
                "LORA" => true,
                "PREFIX_TUNING" => false,
                var type => throw new InvalidInputException($"'{path}': peft_type is '{type ?? "absent"}'; LORA or PREFIX_TUNING was expected."),
            };
            string weights = Path.Combine(folder, WeightsFileName);
            string torch = Path.Combine(folder, TorchFileName);
            _file = !File.Exists(weights) && File.Exists(torch) ? TorchFile.Open(torch) : SafetensorsFile.Open(weights);
        }
        catch
        {
            _json.Dispose();
            throw;
        }
    }

    /// <summary>Whether the adapter is LoRA, and not a prefix.</summary>
    public bool IsLora { get; }

    /// <summary>The configuration, for messages.</summary>
    public string ConfigPath => _config.Source;

    /// <exception cref="InvalidInputException">The folder holds no adapter of a known kind.</exception>
    public static PeftFolder Open(string folder) => new(folder);

    /// <summary>The settings of LoRA.</summary>
    /// <exception cref="InvalidInputException">A field is missing, or has a value that is not supported.</exception>
    public LoraSettings Lora()
    {
        _config.Refuse(
            "use_dora", "rank_pattern", "alpha_pattern", "modules_to_save", "layers_to_transform", "layers_pattern", "exclude_modules",
            "layer_replication", "lora_bias", "trainable_token_indices", "target_parameters", "megatron_config", "use_qalora", "use_bdlora",
            "alora_invocation_tokens", "arrow_config", "kasa_config", "velora_config", "monteclora_config");
        RequireOneOf("bias", _config.Text("bias") ?? "none", "none");
        if (Field("init_lora_weights") is { ValueKind: JsonValueKind.String } start
            && Array.Exists(s_changingStarts, s => start.GetString()!.StartsWith(s, StringComparison.OrdinalIgnoreCase)))
        {
            throw new InvalidInputException(
                $"{ConfigPath}: init_lora_weights is '{start.GetString()}', which changes the base weights and is not supported; true was expected.");
        }

        return new LoraSettings(Targets(), _config.Size("r", 8), _config.Number("lora_alpha", 8), _config.Flag("use_rslora", false));
    }

    /// <summary>The tokens of a prefix, and whether texts begin after their positions.</summary>
    /// <exception cref="InvalidInputException">A field is missing or does not fit the model.</exception>
    public (int Tokens, bool ShiftsPositions) Prefix(LanguageModel model)
    {
        _config.Refuse("modules_to_save");
        int tokens = _config.Has("num_virtual_tokens")
            ? _config.Size("num_virtual_tokens", 0, ConfigSize.MaxRows)
            : throw new InvalidInputException($"{ConfigPath}: num_virtual_tokens is absent; the number of tokens was expected.");
        foreach (var (field, expected) in new[] { ("num_layers", model.Shape.Layers), ("token_dim", model.Shape.KeyFeatures) })
        {
            int found = _config.Size(field, expected, int.MaxValue);
            if (found != expected)
            {
                throw new InvalidInputException($"{ConfigPath}: {field} is {found}; {expected} was expected for this model.");
            }
        }

        return (tokens, _file.Metadata.GetValueOrDefault(PositionsKey) != AdapterOptions.KeptPositions);
    }

    /// <summary>Refuses a file whose tensors are not these, before room is made for them.</summary>
    /// <param name="reason">What the configuration says that the shapes follow from.</param>
    /// <param name="tensors">Name, rows and columns of each.</param>
    /// <exception cref="InvalidInputException">One is missing, has another shape or is too much.</exception>
    public void RequireShapes(string reason, IEnumerable<(string Name, long Rows, long Columns)> tensors)
    {
        var stored = _file.Tensors.ToDictionary(t => t.Name, StringComparer.Ordinal);
        var expected = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (name, rows, columns) in tensors)
        {
            expected.Add(name);
            if (!stored.TryGetValue(name, out var tensor))
            {
                throw new InvalidInputException($"'{_file.Path}': tensor '{name}' is missing; one of shape [{rows}, {columns}] was expected.");
            }

            if (!tensor.Shape.SequenceEqual([rows, columns]) || (Int128)rows * columns > Array.MaxLength)
            {
                throw new InvalidInputException(
                    $"'{_file.Path}': tensor '{name}' has shape [{string.Join(", ", tensor.Shape)}]; [{rows}, {columns}] was expected, since {reason} in {ConfigFileName}.");
            }
        }

        if (_file.Tensors.FirstOrDefault(t => !expected.Contains(t.Name)) is { } unknown)
        {
            throw new InvalidInputException(
                $"'{_file.Path}': tensor '{unknown.Name}' has no place in the adapter that {ConfigFileName} describes for this model; its absence was expected.");
        }
    }

    /// <summary>Reads a tensor as fp32.</summary>
    /// <param name="name">A tensor that <see cref="RequireShapes"/> has seen.</param>
    /// <param name="destination">Room for its numbers.</param>
    /// <exception cref="InvalidInputException">It has another type, or numbers that are not finite.</exception>
    public unsafe void Read(string name, Span<float> destination)
    {
        var tensor = _file.Tensors.First(t => t.Name == name);
        var memory = new List<IDisposable>();
        try
        {
            var wide = WeightLoader.ToParameter(tensor, DType.F32, memory);
            WeightLoader.RequireFinite(wide, _file.Path);
            new Span<float>(wide.Data, checked((int)wide.Count)).CopyTo(destination);
        }
        finally
        {
            memory.ForEach(m => m.Dispose());
        }
    }

    public void Dispose()
    {
        _file.Dispose();
        _json.Dispose();
    }

    private JsonElement? Field(string name) => _json.RootElement.TryGetProperty(name, out var value) ? value : null;

    private TargetModules Targets() => Field("target_modules") switch
    {
        { ValueKind: JsonValueKind.String } expression => new TargetModules([], expression.GetString()),
        { ValueKind: JsonValueKind.Array } names when names.EnumerateArray().All(n => n.ValueKind == JsonValueKind.String) =>
            new TargetModules([.. names.EnumerateArray().Select(n => n.GetString()!)], null),
        _ => throw new InvalidInputException($"{ConfigPath}: target_modules is absent or of another kind; a list of names or a regular expression was expected."),
    };

    private void RequireOneOf(string field, string value, string expected)
    {
        if (value != expected)
        {
            throw new InvalidInputException($"{ConfigPath}: {field} is '{value}', which is not supported; '{expected}' was expected.");
        }
    }
}
