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
    private readonly List<string> _notes = [];

    // Where parameters lie that are in a file's memory: two names in it may share elements, and what is trained must not.
    private readonly List<(nint Start, nint End)> _inFile = [];

    // The head's tensors, before whose names the prefix does not stand.
    private readonly HashSet<string> _ofHead = new(StringComparer.Ordinal);

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

    /// <summary>The token embedding [vocabulary, features]; where it is tied it may be stored under the head's name.</summary>
    public void RequireEmbedding(string name, string head, bool tied, ConfigSize vocabulary, ConfigSize features)
    {
        bool isHeads = tied && Classes is null && !Folder.Tensors.ContainsKey(_prefix + name) && Folder.Tensors.ContainsKey(head);
        Require(name, new TensorRole(ModelPart.TokenEmbedding), [vocabulary, features], storedName: isHeads ? head : null);
    }

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

    /// <summary>A bias of the head that may be stored under either of two names, or under both.</summary>
    public void RequireBias(string name, string other, ConfigSize features)
    {
        bool isOthers = !Folder.Tensors.ContainsKey(name) && Folder.Tensors.ContainsKey(other);
        Require(name, new TensorRole(ModelPart.Head, TensorKind.Bias), [features], storedName: isOthers ? other : null);
        if (!isOthers)
        {
            AllowCopy(other, name, features);
        }
    }

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
    /// The output embedding: a tensor of its own, or the one it is tied to; where there are classes, <c>score.weight</c> in its place. A stored one that differs
    /// from the one it should be tied to stays as it is, as in transformers 5.
    /// </summary>
    /// <returns>The name of the parameter.</returns>
    public string RequireHead(string name, string? tiedTo, ConfigSize vocabulary, ConfigSize features)
    {
        if (Classes is { } classes)
        {
            RequireLinear("score", ModelPart.Head, classes, features, bias: false);
            Head = new OutputHead(this["score.weight"]);
            return "score.weight";
        }

        if (tiedTo is null && !Folder.Tensors.ContainsKey(name))
        {
            throw new InvalidInputException(
                $"'{Folder.DisplayName}': tensor '{name}' is missing, and tie_word_embeddings in config.json is false or absent; "
                + $"the tensor was expected, or \"tie_word_embeddings\": true where the model's output embedding is its token embedding.");
        }

        string used = tiedTo is null || !TryTie(name, tiedTo, vocabulary, features) ? name : tiedTo;
        if (used == name)
        {
            RequireTable(name, ModelPart.Head, vocabulary, features);
        }

        Head = new OutputHead(this[used]);
        return used;
    }

    /// <summary>A head with a bias.</summary>
    public void UseHead(string weight, string bias) => Head = new OutputHead(this[weight], this[bias]);

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

    // Lets the file hold a second copy of a tensor, which is the same parameter.
    private void AllowCopy(string name, string of, params ReadOnlySpan<ConfigSize> shape)
    {
        if (!Folder.Tensors.TryGetValue(name, out var copy))
        {
            return;
        }

        CheckShape(copy, shape);
        if (!IsCopy(copy, of))
        {
            throw new InvalidInputException($"'{copy.File}': tensor '{name}' has other numbers than '{of}', which stands for both; equal ones were expected.");
        }

        _stored.Add(name, _byName[of]);
    }

    // Whether the head is the embedding: stored under the one name, under the other, or twice with the same numbers.
    private bool TryTie(string name, string tiedTo, ConfigSize vocabulary, ConfigSize features)
    {
        if (!Folder.Tensors.TryGetValue(name, out var stored) || _stored.ContainsKey(name))
        {
            return true;
        }

        CheckShape(stored, [vocabulary, features]);
        if (IsCopy(stored, tiedTo))
        {
            _stored.Add(name, _byName[tiedTo]);
            return true;
        }

        _notes.Add($"'{name}' has other numbers than the token embedding, so the two are not tied although config.json says so (tie_word_embeddings)");
        return false;
    }

    private unsafe bool IsCopy(TensorEntry copy, string of)
    {
        var original = Folder.Tensors[_stored.First(s => ReferenceEquals(s.Value, _byName[of])).Key];
        if (copy.Type != original.Type || copy.ByteCount != original.ByteCount)
        {
            return false;
        }

        const int Piece = 1 << 20;
        bool same = true;
        for (long at = 0; same && copy.Data != original.Data && at < copy.ByteCount; at += Piece)
        {
            int length = (int)Math.Min(Piece, copy.ByteCount - at);
            same = new ReadOnlySpan<byte>(copy.Data + at, length).SequenceEqual(new ReadOnlySpan<byte>(original.Data + at, length));
        }

        return same;
    }

    private void Require(string name, TensorRole role, ReadOnlySpan<ConfigSize> shape, bool ofHead = false, string? storedName = null)
    {
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
        if (_options.CheckValues)
        {
            WeightLoader.RequireFinite(parameter, tensor.File);
        }

        _byName.Add(name, parameter);
        _stored.Add(storedName, parameter);
    }

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
