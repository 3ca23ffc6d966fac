using System.Globalization;
using System.Text.Json.Nodes;

namespace IlZo.Gguf;

/// <summary>
/// How a file's architecture becomes a model of the reference library: its configuration, and the names and forms of its tensors, which
/// are those of <see cref="GgufArchitecture"/> the other way round.
/// </summary>
/// <param name="Name">What the format calls the architecture.</param>
/// <param name="Class">The class of the reference library.</param>
/// <param name="ModelType">Its <c>model_type</c>.</param>
internal abstract record GgufImportArchitecture(string Name, string Class, string ModelType)
{
    /// <summary>The configuration.</summary>
    /// <exception cref="InvalidInputException">A key is missing or has another kind of value.</exception>
    public abstract JsonObject Config(GgufModelFile file);

    /// <summary>The keys from which fields of the configuration have their values, by the fields.</summary>
    public IEnumerable<KeyValuePair<string, string>> Keys =>
        Sizes.Concat(OtherFields).Select(f => KeyValuePair.Create(f.Field, Key(f.Key)));

    /// <summary>The tensors; what is in the file and not among them has no place in the model.</summary>
    /// <exception cref="InvalidInputException">A tensor is missing, or has no place in the model.</exception>
    public IReadOnlyList<ImportedTensor> Tensors(GgufModelFile file)
    {
        var tensors = new List<ImportedTensor>();
        foreach (var stored in file.Tensors.Values.OrderBy(t => t.Offset))
        {
            if (!ConfigTensors.Contains(stored.Name))
            {
                tensors.Add(Of(file, stored) ?? throw new InvalidInputException(
                    $"{file.Path}: got tensor '{stored.Name}', which a {Class} has no place for; expected those of the architecture "
                        + $"'{Name}'."));
            }
        }

        return tensors;
    }

    /// <summary>What a tensor of the file becomes; null where it has no place.</summary>
    protected abstract ImportedTensor? Of(GgufModelFile file, StoredTensor stored);

    /// <summary>The fields of whole numbers that every file has, and their keys.</summary>
    protected abstract IReadOnlyList<(string Field, string Key)> Sizes { get; }

    /// <summary>The other fields that have their values from one key, and it.</summary>
    protected abstract IReadOnlyList<(string Field, string Key)> OtherFields { get; }

    /// <summary>The tensors from which the configuration has what they say.</summary>
    protected virtual IReadOnlyList<string> ConfigTensors => [];

    /// <summary>Keys that it has a form for, of those which others must not have (<see cref="NeutralKeys"/>).</summary>
    protected virtual IReadOnlyList<string> OwnKeys => [];

    /// <summary>The configuration that all architectures have.</summary>
    protected JsonObject Begin(GgufModelFile file)
    {
        NeutralKeys.Require(file.Fields, Name, OwnKeys);
        var config = new JsonObject
        {
            ["architectures"] = new JsonArray(Class),
            ["model_type"] = ModelType,
            ["vocab_size"] = (file.Tensors.GetValueOrDefault("token_embd.weight") ?? throw new InvalidInputException(
                $"{file.Path}: got no tensor 'token_embd.weight'; expected the embeddings of the tokens.")).Rows,
            ["tie_word_embeddings"] = !file.Tensors.ContainsKey("output.weight"),
        };
        foreach (var (field, key) in Sizes)
        {
            config[field] = file.Fields.Integer(Key(key));
        }

        return config;
    }

    /// <summary>A key of the architecture's own.</summary>
    protected string Key(string name) => $"{Name}.{name}";

    /// <summary>
    /// The number and the rest of the name of a layer's tensor, <c>blk.N.rest</c> with N as it is written in decimal; null for another
    /// name, so that no two names are one tensor.
    /// </summary>
    protected static (int Layer, string Name)? InLayer(string name) =>
        name.Split('.', 3) is ["blk", var number, var rest]
            && int.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out int layer)
            && number == layer.ToString(CultureInfo.InvariantCulture)
            ? (layer, rest)
            : null;
}
