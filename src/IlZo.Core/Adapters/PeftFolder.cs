using System.Text.Json;
using IlZo.Checkpoints;
using IlZo.Checkpoints.Torch;
using IlZo.Files;
using IlZo.Models;
using IlZo.Tensors;

namespace IlZo.Adapters;

/// <summary>
/// An adapter in PEFT's format: <c>adapter_config.json</c> and <c>adapter_model.safetensors</c> or <c>adapter_model.bin</c>. Fields that
/// would change the forward pass in an unknown way are refused by name.
/// Source: huggingface/peft src/peft/config.py, src/peft/utils/save_and_load.py.
/// </summary>
internal sealed class PeftFolder : IDisposable
{
    public const string ConfigFileName = "adapter_config.json";
    public const string WeightsFileName = "adapter_model.safetensors";

    /// <summary>The name that weights in PyTorch's own format have; safetensors go before them.</summary>
    public const string TorchFileName = "adapter_model.bin";

    /// <summary>What stands before the names of modules.</summary>
    public const string ModulePrefix = "base_model.model.";

    private readonly JsonDocument _json;
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
            Config = new ConfigReader($"'{path}'", _json.RootElement);
            string? type = Config.Text("peft_type");
            Kind = AdapterCatalog.Kinds.FirstOrDefault(k => k.PeftType == type)
                ?? throw new InvalidInputException(
                    $"'{path}': peft_type is '{type ?? "absent"}'; {string.Join(" or ", AdapterCatalog.Kinds.Select(k => k.PeftType))} was "
                        + "expected.");
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

    /// <summary>What kind of adapter it is.</summary>
    public AdapterKind Kind { get; }

    /// <summary>The fields of the configuration.</summary>
    public ConfigReader Config { get; }

    /// <summary>The configuration, for messages.</summary>
    public string ConfigPath => Config.Source;

    /// <summary>What the file of the weights says beside its tensors.</summary>
    public IReadOnlyDictionary<string, string> Metadata => _file.Metadata;

    /// <exception cref="InvalidInputException">The folder holds no adapter of a known kind.</exception>
    public static PeftFolder Open(string folder) => new(folder);

    /// <summary>A field of the configuration as it is; null where it is absent.</summary>
    public JsonElement? Field(string name) => _json.RootElement.TryGetProperty(name, out var value) ? value : null;

    /// <summary>Whether the file has a tensor.</summary>
    public bool Has(string tensor) => _file.Tensors.Any(t => t.Name == tensor);

    /// <summary>Refuses a file whose tensors are not these, before room is made for them.</summary>
    /// <param name="reason">What the configuration says that the shapes follow from.</param>
    /// <param name="tensors">Name and shape of each.</param>
    /// <exception cref="InvalidInputException">One is missing, has another shape or is too much.</exception>
    public void RequireShapes(string reason, IEnumerable<(string Name, IReadOnlyList<long> Shape)> tensors)
    {
        var stored = _file.Tensors.ToDictionary(t => t.Name, StringComparer.Ordinal);
        var expected = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (name, shape) in tensors)
        {
            expected.Add(name);
            if (!stored.TryGetValue(name, out var tensor))
            {
                throw new InvalidInputException(
                    $"'{_file.Path}': tensor '{name}' is missing; one of shape [{string.Join(", ", shape)}] was expected.");
            }

            if (!tensor.Shape.SequenceEqual(shape) || shape.Aggregate((Int128)1, (a, b) => a * b) > Array.MaxLength)
            {
                throw new InvalidInputException(
                    $"'{_file.Path}': tensor '{name}' has shape [{string.Join(", ", tensor.Shape)}]; [{string.Join(", ", shape)}] was "
                        + $"expected, since {reason} in {ConfigFileName}.");
            }
        }

        if (_file.Tensors.FirstOrDefault(t => !expected.Contains(t.Name)) is { } unknown)
        {
            throw new InvalidInputException(
                $"'{_file.Path}': tensor '{unknown.Name}' does not belong to the adapter that {ConfigFileName} describes for this "
                    + "model; its absence was expected.");
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
}
