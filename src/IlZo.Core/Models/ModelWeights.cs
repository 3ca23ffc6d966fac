using IlZo.Backends;
using IlZo.Checkpoints;
using IlZo.Tensors;

namespace IlZo.Models;

/// <summary>What to do with the weights of a checkpoint.</summary>
/// <param name="Type">The type to keep them in, or null for the one they are stored in.</param>
/// <param name="CheckValues">Whether to read them all and refuse what is not finite.</param>
/// <param name="Classes">The classes of the classification head that is in place of the language model's; null for none.</param>
internal sealed record WeightOptions(DType? Type, bool CheckValues, ConfigSize? Classes = null);

/// <summary>
/// Matches the tensors of a checkpoint with the ones an architecture has: every one it needs must be there in the shape that
/// follows from the configuration, and none that it does not know.
/// </summary>
internal sealed class ModelWeights
{
    private readonly WeightOptions _options;
    private readonly string _prefix;
    private readonly string _publishedPrefix;
    private readonly Dictionary<string, Linear> _linears = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Parameter> _byName = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Parameter> _stored = new(StringComparer.Ordinal);
    private readonly List<IDisposable> _memory = [];
    private readonly List<string> _ignored = [];

    // The head's tensors, before whose names the prefix does not stand.
    private readonly HashSet<string> _ofHead = new(StringComparer.Ordinal);

    /// <param name="folder">The checkpoint; the parameters become the owner of its memory.</param>
    /// <param name="options">What to do with the weights.</param>
    /// <param name="prefixes">What may stand before the names of all tensors but the head; transformers writes the first.</param>
    /// <param name="embedding">The token embedding, by which the prefix that the file uses is found.</param>
    public ModelWeights(
        CheckpointFolder folder, WeightOptions options, IReadOnlyList<string> prefixes, string embedding = "embed_tokens.weight")
    {
        Folder = folder;
        _options = options;
        _publishedPrefix = prefixes[0];
        _prefix = prefixes.FirstOrDefault(p => folder.Tensors.ContainsKey(p + embedding)) ?? prefixes[0];
    }

    public CheckpointFolder Folder { get; }

    /// <summary>The classes of a classification head; null for a language model.</summary>
    public ConfigSize? Classes => _options.Classes;

    /// <summary>What makes logits, once the head was required.</summary>
    public OutputHead Head { get; private set; }

    /// <summary>The parameters but for the head's, by the names that transformers gives them.</summary>
    public IReadOnlyDictionary<string, Parameter> Backbone => _byName.Where(p => !_ofHead.Contains(p.Key))
        .ToDictionary(p => _publishedPrefix + p.Key, p => p.Value, StringComparer.Ordinal);

    /// <summary>The parameter behind each stored tensor; what is not in here are buffers.</summary>
    public IReadOnlyDictionary<string, Parameter> Stored => _stored;

    /// <summary>The linear layers of the model by the names that the reference library gives their modules.</summary>
    public IReadOnlyDictionary<string, Linear> Linears => _linears;

    public Parameter this[string name] => _byName[name];

    /// <summary>The parameter, or null where the configuration does not ask for it.</summary>
    public Parameter? Find(string name) => _byName.GetValueOrDefault(name);

    /// <summary>Enters a linear layer of the model.</summary>
    public void Enter(string name, Linear linear) => _linears.Add(_ofHead.Contains(name + ".weight") ? name : _publishedPrefix + name, linear);

    /// <summary>Refuses a number of layers that is not that of the file's.</summary>
    /// <param name="stem">What stands between the prefix and a layer's number.</param>
    /// <param name="layers">The number.</param>
    public void RequireLayers(string stem, ConfigSize layers)
    {
        string start = _prefix + stem;
        int stored = Folder.Tensors.Keys.Where(name => name.StartsWith(start, StringComparison.Ordinal))
            .Select(name => name.AsSpan(start.Length)[..Math.Max(0, name.AsSpan(start.Length).IndexOf('.'))].ToString())
            .Distinct().Count();
        if (stored != layers)
        {
            throw new InvalidInputException(
                $"'{Folder.DisplayName}': {layers.Field} is {layers.Value} in config.json; {stored} was expected, the layers that the weights have.");
        }
    }

    /// <summary>A table of embeddings [rows, columns].</summary>
    public void RequireTable(string name, ModelPart part, ConfigSize rows, ConfigSize columns) => Require(name, new TensorRole(part), [rows, columns]);

    /// <summary>A linear layer.</summary>
    public void RequireLinear(string name, ModelPart part, ConfigSize outputs, ConfigSize inputs, bool bias, WeightLayout layout = WeightLayout.OutIn)
    {
        Require(name + ".weight", new TensorRole(part), layout == WeightLayout.OutIn ? [outputs, inputs] : [inputs, outputs]);
        if (bias)
        {
            RequireBias(name + ".bias", part, outputs);
        }
    }

    /// <summary>A bias.</summary>
    public void RequireBias(string name, ModelPart part, ConfigSize features) => Require(name, new TensorRole(part, TensorKind.Bias), [features]);

    /// <summary>A norm.</summary>
    /// <param name="name">The module.</param>
    /// <param name="features">What it normalizes at a time.</param>
    /// <param name="bias">Whether it has a bias, as LayerNorm has and RMSNorm has not.</param>
    /// <param name="ofHead">Whether it stands in the head.</param>
    public void RequireNorm(string name, ConfigSize features, bool bias = true, bool ofHead = false)
    {
        Require(name + ".weight", new TensorRole(ModelPart.Norm), [features], ofHead);
        if (bias)
        {
            Require(name + ".bias", new TensorRole(ModelPart.Norm, TensorKind.Bias), [features], ofHead);
        }
    }

    /// <summary>
    /// The output embedding: a tensor of its own, or the one it is tied to; where there are classes, <c>score.weight</c> in its place.
    /// </summary>
    public void RequireHead(string name, string? tiedTo, ConfigSize vocabulary, ConfigSize features)
    {
        if (Classes is { } classes)
        {
            RequireLinear("score", ModelPart.Head, classes, features, bias: false);
            Head = new OutputHead(this["score.weight"]);
            return;
        }

        if (tiedTo is null)
        {
            RequireTable(name, ModelPart.Head, vocabulary, features);
        }
        else
        {
            AllowCopy(name, tiedTo, vocabulary, features);
        }

        Head = new OutputHead(this[tiedTo ?? name]);
    }

    /// <summary>A head with a bias.</summary>
    public void UseHead(string weight, string bias) => Head = new OutputHead(this[weight], this[bias]);

    /// <summary>Lets the file hold a second copy of a tensor, which is the same parameter.</summary>
    public void AllowCopy(string name, string of, params ReadOnlySpan<ConfigSize> shape)
    {
        if (Folder.Tensors.TryGetValue(name, out var copy))
        {
            CheckShape(copy, shape);
            _stored.Add(name, _byName[of]);
        }
    }

    /// <summary>Lets tensors be in the file that are derived from the configuration.</summary>
    public void IgnoreEndingIn(string suffix) => _ignored.Add(suffix);

    /// <summary>Refuses tensors that the architecture has no place for.</summary>
    public void RefuseOthers()
    {
        foreach (string name in Folder.Tensors.Keys)
        {
            if (!_stored.ContainsKey(name) && !_ignored.Exists(suffix => name.EndsWith(suffix, StringComparison.Ordinal)))
            {
                throw new InvalidInputException(
                    $"'{Folder.Tensors[name].File}': tensor '{name}' has no place in the model that config.json describes; its absence was expected.");
            }
        }
    }

    public ParameterSet ToParameterSet() => new(_byName.Values, [.. _memory, Folder.Hold(), Folder]);

    private void Require(string name, TensorRole role, ReadOnlySpan<ConfigSize> shape, bool ofHead = false)
    {
        ofHead |= role.Part == ModelPart.Head;
        if (ofHead)
        {
            _ofHead.Add(name);
        }

        string storedName = ofHead ? name : _prefix + name;
        if (!Folder.Tensors.TryGetValue(storedName, out var tensor))
        {
            throw new InvalidInputException(
                $"'{Folder.DisplayName}': tensor '{storedName}' is missing; one of shape {Expected(shape)}.");
        }

        CheckShape(tensor, shape);
        var type = _options.Type ?? (StoredType.TryGetDType(tensor.Type, out var own) ? own : DType.F32);
        var parameter = WeightLoader.ToParameter(tensor, type, _memory, role);
        if (_options.CheckValues)
        {
            WeightLoader.RequireFinite(parameter, tensor.File);
        }

        _byName.Add(name, parameter);
        _stored.Add(storedName, parameter);
    }

    // What was expected, and from which fields.
    private static string Expected(ReadOnlySpan<ConfigSize> shape)
    {
        var sizes = shape.ToArray();
        return $"[{string.Join(", ", sizes.Select(s => s.Value))}] was expected from config.json ({string.Join(", ", sizes.Select(s => s.Field))})";
    }

    private static void CheckShape(TensorEntry tensor, ReadOnlySpan<ConfigSize> shape)
    {
        bool same = tensor.Shape.Count == shape.Length;
        for (int i = 0; same && i < shape.Length; i++)
        {
            same = tensor.Shape[i] == shape[i];
        }

        if (!same)
        {
            throw new InvalidInputException(
                $"'{tensor.File}': tensor '{tensor.Name}' has shape [{string.Join(", ", tensor.Shape)}]; {Expected(shape)}.");
        }
    }
}
