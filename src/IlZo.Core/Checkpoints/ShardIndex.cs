using System.Text.Json;

namespace IlZo.Checkpoints;

/// <summary>
/// <c>model.safetensors.index.json</c> or <c>pytorch_model.bin.index.json</c>: <c>weight_map</c> says in which file of the folder each
/// tensor is, <c>metadata</c> holds <c>total_size</c>, the bytes of all tensors.
/// </summary>
internal sealed class ShardIndex
{
    public const string FileName = "model.safetensors.index.json";
    public const string TorchFileName = "pytorch_model.bin.index.json";

    /// <summary>The object that gives the file of each tensor.</summary>
    public const string MapField = "weight_map";

    private ShardIndex(string path, JsonElement root, Dictionary<string, string> fileOf)
    {
        Path = path;
        Root = root;
        FileOf = fileOf;
    }

    public string Path { get; }

    /// <summary>The whole file, for writing it again.</summary>
    public JsonElement Root { get; }

    public IReadOnlyDictionary<string, string> FileOf { get; }

    /// <summary>The names of the files, each once, in ordinal order.</summary>
    public IEnumerable<string> Files => FileOf.Values.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal);

    /// <param name="path">The index, for messages.</param>
    /// <param name="content">What it holds.</param>
    /// <param name="extension">What the names of its files end with.</param>
    /// <exception cref="InvalidInputException">The content is not such an index, or a file is not a plain file name.</exception>
    public static ShardIndex Parse(string path, byte[] content, string extension)
    {
        using var document = JsonFile.ParseObject(path, content);
        if (!document.RootElement.TryGetProperty(MapField, out var map) || map.ValueKind != JsonValueKind.Object)
        {
            throw new InvalidInputException($"'{path}' lacks weight_map; an object that gives the file of each tensor was expected.");
        }

        var fileOf = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var property in map.EnumerateObject())
        {
            fileOf.Add(property.Name, FileNameOf(path, property, extension));
        }

        if (fileOf.Count == 0)
        {
            throw new InvalidInputException($"'{path}' has an empty weight_map; at least one tensor was expected.");
        }

        return new ShardIndex(path, document.RootElement.Clone(), fileOf);
    }

    /// <summary>Checks that the files hold exactly the tensors that the map gives to each of them.</summary>
    /// <exception cref="InvalidInputException">They do not.</exception>
    public void Check(IReadOnlyList<CheckpointShard> shards)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var shard in shards)
        {
            foreach (var tensor in shard.File.Tensors)
            {
                string name = SafetensorsHeader.Printable(tensor.Name);
                if (!FileOf.TryGetValue(tensor.Name, out string? file))
                {
                    throw new InvalidInputException($"'{shard.File.Path}' holds tensor '{name}', which '{Path}' does not list.");
                }

                if (file != shard.FileName)
                {
                    throw new InvalidInputException(
                        $"'{shard.File.Path}' holds tensor '{name}', which belongs in '{file}' according to '{Path}'.");
                }

                seen.Add(tensor.Name);
            }
        }

        if (FileOf.Keys.FirstOrDefault(name => !seen.Contains(name)) is { } missing)
        {
            throw new InvalidInputException(
                $"'{Path}' lists tensor '{SafetensorsHeader.Printable(missing)}' in '{FileOf[missing]}', which does not hold it.");
        }
    }

    private static string FileNameOf(string path, JsonProperty property, string extension)
    {
        string? file = property.Value.ValueKind == JsonValueKind.String ? property.Value.GetString() : null;

        // Only names directly in the folder: nothing that leads out of it, on any system, and nothing that could collide
        // with the other files of a checkpoint.
        bool plain = file != null && file.EndsWith(extension, StringComparison.Ordinal)
            && !file.Any(c => char.IsControl(c) || "/\\:*?\"<>|".Contains(c));
        return plain ? file! : throw new InvalidInputException(
            $"'{path}' puts tensor '{SafetensorsHeader.Printable(property.Name)}' into "
            + $"'{SafetensorsHeader.Printable(property.Value.ToString())}'; "
            + $"the name of a {extension} file in the same folder was expected.");
    }
}
