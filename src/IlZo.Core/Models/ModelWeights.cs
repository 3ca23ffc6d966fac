using IlZo.Backends;
using IlZo.Checkpoints;
using IlZo.Tensors;

namespace IlZo.Models;

/// <summary>What to do with the weights of a checkpoint.</summary>
/// <param name="Type">The type to keep them in, or null for the one they are stored in.</param>
/// <param name="CheckValues">Whether to read them all and refuse what is not finite.</param>
/// <param name="Classes">The classes of the classification head that is in place of the language model's; null for none.</param>
/// <param name="IsHeadless">Whether the configuration says that there is no head.</param>
/// <param name="Cancellation">Ends the reading between two tensors.</param>
internal sealed record WeightOptions(
    DType? Type, bool CheckValues, ConfigSize? Classes = null, bool IsHeadless = false, CancellationToken Cancellation = default)
{
    /// <summary>Whether to hash what is read, for <see cref="ParameterSet.Hashes"/>.</summary>
    public bool Hashes { get; init; }

    /// <summary>Whether pages of the file are given back after they were read.</summary>
    public bool Drops { get; init; }
}

/// <summary>
/// Makes the tensors of a model of those of a checkpoint. A family names each of its tensors once, where it builds the layer that uses it,
/// and so says shape and role, and what LoRA may be put on. Every one has to be there in the shape that follows from the configuration, and
/// no others.
/// </summary>
internal sealed partial class ModelWeights
{
    private readonly WeightOptions _options;
    private readonly string _prefix;
    private readonly string _publishedPrefix;
    private readonly Dictionary<string, Linear> _linears = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Parameter> _byName = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Parameter> _stored = new(StringComparer.Ordinal);
    private readonly List<IDisposable> _memory = [];
    private readonly List<string> _ignored = [];
    private readonly List<string> _notes = [];

    // Where parameters lie that are in a file's memory: two names in it may share elements, and what is trained must not.
    private readonly List<(nint Start, nint End)> _inFile = [];

    // The head's tensors, and those of them before whose names the prefix stands.
    private readonly HashSet<string> _ofHead = new(StringComparer.Ordinal);
    private readonly HashSet<string> _innerHead = new(StringComparer.Ordinal);

    // The layer that is being built.
    private int? _layer;

    /// <param name="folder">The checkpoint; the parameters become the owner of its memory.</param>
    /// <param name="options">What to do with the weights.</param>
    /// <param name="prefixes">What may stand before the names of all tensors but the head; transformers writes the first.</param>
    /// <param name="embedding">The token embedding, by which the prefix that the file uses is found.</param>
    public ModelWeights(
        CheckpointFolder folder, WeightOptions options, IReadOnlyList<string> prefixes, string embedding = "embed_tokens.weight")
    {
        ForeignWeights.Refuse(folder);
        Folder = folder;
        _options = options;
        _publishedPrefix = prefixes[0];
        _prefix = prefixes.FirstOrDefault(p => folder.Tensors.ContainsKey(p + embedding))
            ?? prefixes.FirstOrDefault(p => folder.Tensors.Keys.Any(name => name.StartsWith(p, StringComparison.Ordinal)))
            ?? prefixes[0];
    }

    public CheckpointFolder Folder { get; }

    /// <summary>What was read otherwise than the configuration says, a sentence each.</summary>
    public IReadOnlyList<string> Notes => _notes;

    /// <summary>The classes of a classification head; null for a language model.</summary>
    public ConfigSize? Classes => _options.Classes;

    /// <summary>Whether the configuration says that there is no head.</summary>
    public bool IsHeadless => _options.IsHeadless;

    /// <summary>The parameters but for the head's, by the names that transformers gives them.</summary>
    public IReadOnlyDictionary<string, Parameter> Backbone => _byName.Where(p => !_ofHead.Contains(p.Key))
        .ToDictionary(p => _publishedPrefix + p.Key, p => p.Value, StringComparer.Ordinal);

    /// <summary>The head's parameters, by the names that transformers gives them.</summary>
    public IReadOnlyDictionary<string, Parameter> HeadTensors => _byName.Where(p => _ofHead.Contains(p.Key))
        .ToDictionary(p => (_innerHead.Contains(p.Key) ? _publishedPrefix : string.Empty) + p.Key, p => p.Value, StringComparer.Ordinal);

    /// <summary>The parameter behind each stored tensor; what is not in here are buffers.</summary>
    public IReadOnlyDictionary<string, Parameter> Stored => _stored;

    /// <summary>The linear layers of the model by the names that the reference library gives their modules.</summary>
    public IReadOnlyDictionary<string, Linear> Linears => _linears;

    /// <summary>Layers, of which the file has to have as many.</summary>
    /// <param name="stem">What stands between the prefix and a layer's number.</param>
    /// <param name="layers">The number.</param>
    /// <param name="create">Makes a layer; it is given what stands before the names of the layer's tensors, and its number.</param>
    public TransformerLayer[] Layers(string stem, ConfigSize layers, Func<string, int, TransformerLayer> create)
    {
        string start = _prefix + stem;
        int stored = Folder.Tensors.Keys.Where(name => name.StartsWith(start, StringComparison.Ordinal))
            .Select(name => name.AsSpan(start.Length)[..Math.Max(0, name.AsSpan(start.Length).IndexOf('.'))].ToString())
            .Distinct().Count();
        if (stored != layers)
        {
            throw new InvalidInputException(
                $"'{Folder.DisplayName}': {layers.Field} is {layers.Value} in config.json; {stored} was expected, the layers that the "
                    + "weights have.");
        }

        var built = new TransformerLayer[stored];
        for (int i = 0; i < built.Length; i++)
        {
            _layer = i;
            built[i] = create($"{stem}{i}.", i);
        }

        _layer = null;
        return built;
    }

    /// <summary>A linear layer: <c>name.weight</c> and, where it has one, <c>name.bias</c> [out].</summary>
    public Linear Linear(
        string name, ModelPart part, ConfigSize outputs, ConfigSize inputs, bool bias, WeightLayout layout = WeightLayout.OutIn)
    {
        var weight = layout == WeightLayout.OutIn
            ? Matrix(name + ".weight", part, outputs, inputs)
            : Matrix(name + ".weight", part, inputs, outputs);
        var linear = new Linear(weight, bias ? Bias(name + ".bias", part, outputs) : null, layout);
        _linears.Add(part == ModelPart.Head ? name : _publishedPrefix + name, linear);
        return linear;
    }

    /// <summary>
    /// A linear layer of the head that stands among the tensors of the model below the head, as BERT's pooler does; null where the file has
    /// none and may have none.
    /// </summary>
    /// <param name="name">The module.</param>
    /// <param name="features">Its inputs, and as many outputs.</param>
    /// <param name="isRequired">Whether the file has to have it.</param>
    public Linear? InnerHead(string name, ConfigSize features, bool isRequired)
    {
        string stored = _prefix + name;
        if (!isRequired && !Folder.Tensors.ContainsKey(stored + ".weight"))
        {
            return null;
        }

        var linear = new Linear(
            Require(name + ".weight", new TensorRole(ModelPart.Head), [features, features], ofHead: true, stored + ".weight"),
            Require(name + ".bias", new TensorRole(ModelPart.Head, TensorKind.Bias), [features], ofHead: true, stored + ".bias"),
            WeightLayout.OutIn);
        _linears.Add(_publishedPrefix + name, linear);
        _innerHead.UnionWith([name + ".weight", name + ".bias"]);
        return linear;
    }

    /// <summary>A table of embeddings, or a linear layer's weight on which no LoRA is put.</summary>
    public Parameter Matrix(string name, ModelPart part, ConfigSize rows, ConfigSize columns) =>
        Require(name, new TensorRole(part), [rows, columns]);

    /// <summary>A bias.</summary>
    public Parameter Bias(string name, ModelPart part, ConfigSize features) =>
        Require(name, new TensorRole(part, TensorKind.Bias), [features]);

    /// <summary>A bias of the head that may be stored under either of two names, or under both.</summary>
    public Parameter HeadBias(string name, string other, ConfigSize features)
    {
        bool isOthers = !Folder.Tensors.ContainsKey(name) && Folder.Tensors.ContainsKey(other);
        var bias = Require(name, new TensorRole(ModelPart.Head, TensorKind.Bias), [features], storedName: isOthers ? other : null);
        if (!isOthers)
        {
            AllowCopy(other, name, features);
        }

        return bias;
    }

    /// <summary>
    /// A LayerNorm: <c>name.weight</c> and <c>name.bias</c>, or neither. The first published BERT files call them gamma and beta.
    /// </summary>
    /// <param name="name">The module.</param>
    /// <param name="features">What it normalizes.</param>
    /// <param name="epsilon">What is added to the variance.</param>
    /// <param name="isAffine">Whether it has weights and biases.</param>
    /// <param name="ofHead">Whether it stands in the head.</param>
    public LayerNorm LayerNorm(string name, ConfigSize features, float epsilon, bool isAffine = true, bool ofHead = false) => isAffine
        ? new(
            NormTensor(name, ".weight", ".gamma", TensorKind.Weight, features, ofHead),
            NormTensor(name, ".bias", ".beta", TensorKind.Bias, features, ofHead),
            epsilon)
        : new(null, null, epsilon);

    /// <summary>An RMSNorm: <c>name.weight</c>.</summary>
    /// <param name="name">The module.</param>
    /// <param name="features">What it normalizes.</param>
    /// <param name="epsilon">What is added to the mean square.</param>
    /// <param name="offset">What is added to the weight.</param>
    public RmsNorm RmsNorm(string name, ConfigSize features, float epsilon, float offset = 0) =>
        new(Require(name + ".weight", new TensorRole(ModelPart.Norm), [features]), epsilon, offset);

    /// <summary>Lets tensors be in the file that are derived from the configuration.</summary>
    public void IgnoreEndingIn(string suffix) => _ignored.Add(suffix);

    /// <summary>Refuses tensors that the architecture has no place for.</summary>
    public void RefuseOthers()
    {
        foreach (string name in Folder.Tensors.Keys)
        {
            if (!_stored.ContainsKey(name) && !_ignored.Exists(suffix => name.EndsWith(suffix, StringComparison.Ordinal))
                && !IsBiasOfZeros(Folder.Tensors[name]))
            {
                throw new InvalidInputException(
                    $"'{Folder.Tensors[name].File}': tensor '{name}' has no place in the model that config.json describes; its absence was "
                        + "expected.");
            }
        }
    }

    public ParameterSet ToParameterSet() => new(_byName.Values, [.. _memory, Folder.Hold(), Folder]);

    private Parameter Require(string name, TensorRole role, ReadOnlySpan<ConfigSize> shape, bool ofHead = false, string? storedName = null)
    {
        _options.Cancellation.ThrowIfCancellationRequested();
        ofHead |= role.Part == ModelPart.Head;
        if (ofHead)
        {
            _ofHead.Add(name);
        }

        storedName ??= ofHead ? name : _prefix + name;
        if (!Folder.Tensors.TryGetValue(storedName, out var tensor))
        {
            string file = Folder.Shards.Count == 1 ? Folder.Shards[0].File.Path : Folder.DisplayName;
            throw new InvalidInputException(
                $"'{file}': tensor '{storedName}' is missing; one of shape {Expected(shape)}.");
        }

        CheckShape(tensor, shape);
        var type = _options.Type ?? (StoredType.TryGetDType(tensor.Type, out var own) ? own : DType.F32);
        var parameter = WeightLoader.ToParameter(tensor, type, _memory, role, !TryTake(tensor));
        parameter.Place = Lies(parameter, tensor) ? Folder.PlaceOf(tensor) : null;
        if (_options.CheckValues)
        {
            WeightLoader.ReadAll(parameter, tensor.File, _options.Hashes, _options.Drops, _options.Cancellation);
        }

        parameter.Layer = _layer;
        _byName.Add(name, parameter);
        _stored.Add(storedName, parameter);
        return parameter;
    }

    // AutoGPTQ wrote one beside each matrix, where the model has none; it changes nothing.
    private unsafe bool IsBiasOfZeros(TensorEntry tensor)
    {
        const string Bias = ".bias";
        return tensor.Name.EndsWith(Bias, StringComparison.Ordinal) && _stored.ContainsKey(tensor.Name[..^Bias.Length] + ".weight")
            && tensor.ByteCount <= int.MaxValue
            && !new ReadOnlySpan<byte>(tensor.Data, (int)tensor.ByteCount).ContainsAnyExcept((byte)0);
    }

    private static unsafe bool Lies(Parameter parameter, TensorEntry tensor) => parameter.Data == tensor.Data;

    // Whether no parameter has any of these bytes yet.
    private unsafe bool TryTake(TensorEntry tensor)
    {
        nint start = (nint)tensor.Data, end = (nint)(tensor.Data + tensor.ByteCount);
        if (_inFile.Exists(taken => start < taken.End && taken.Start < end))
        {
            return false;
        }

        _inFile.Add((start, end));
        return true;
    }

    private Parameter NormTensor(string name, string own, string old, TensorKind kind, ConfigSize features, bool ofHead)
    {
        string prefix = ofHead ? string.Empty : _prefix;
        bool isOld = !Folder.Tensors.ContainsKey(prefix + name + own) && Folder.Tensors.ContainsKey(prefix + name + old);
        return Require(
            name + own, new TensorRole(ModelPart.Norm, kind), [features], ofHead, storedName: isOld ? prefix + name + old : null);
    }

    // What was expected, and from which fields.
    private static string Expected(ReadOnlySpan<ConfigSize> shape)
    {
        var sizes = shape.ToArray();
        return $"[{string.Join(", ", sizes.Select(s => s.Value))}] was expected from config.json "
            + $"({string.Join(", ", sizes.Select(s => s.Field))})";
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
