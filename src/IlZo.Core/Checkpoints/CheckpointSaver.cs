using System.Text.Encodings.Web;
using System.Text.Json;
using IlZo.Tensors;

namespace IlZo.Checkpoints;

/// <summary>
/// Writes a checkpoint in the layout of the one it was read from: the same weight files, as safetensors, with the same tensors in the same
/// order, <c>config.json</c> with the type of the weights, the index, and the tokenizer's and generation's files. The
/// folder appears as a whole or not at all. Two processes must not save to the same folder at once.
/// </summary>
internal static class CheckpointSaver
{
    /// <summary>The files that are copied when the source has them.</summary>
    public static IReadOnlyList<string> CopiedFiles { get; } =
    [
        "tokenizer.json", "tokenizer.model", "tokenizer_config.json", "special_tokens_map.json", "vocab.json", "merges.txt", "vocab.txt",
        "added_tokens.json", "generation_config.json", "chat_template.jinja",
    ];

    private static readonly JsonWriterOptions Indented = new()
    {
        Indented = true,
        NewLine = "\n",
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <summary>Writes <paramref name="source"/> with other weights; the rest is said at <see cref="CheckpointFolder.Save"/>.</summary>
    public static void Save(
        CheckpointFolder source,
        string outFolder,
        IReadOnlyDictionary<string, Parameter> parameters,
        IReadOnlyDictionary<string, byte[]>? extraFiles,
        CancellationToken cancellation)
    {
        if (parameters.Keys.FirstOrDefault(name => !source.Tensors.ContainsKey(name)) is { } unknown)
        {
            throw new ArgumentException($"'{source.DisplayName}' stores no tensor '{unknown}'.", nameof(parameters));
        }

        var others = SafetensorsWriter.Content(cancellation);
        Save(source, outFolder, t => Stored(t, parameters), Content, TypeOf(parameters), extraFiles);

        void Content(TensorEntry tensor, Stream stream)
        {
            if (parameters.TryGetValue(tensor.Name, out var parameter))
            {
                cancellation.ThrowIfCancellationRequested();
                ParameterPieces.ReadAll(parameter, parameter.IsDroppable, (bytes, _) => stream.Write(bytes));
            }
            else
            {
                others(tensor, stream);
            }
        }
    }

    /// <summary>Writes <paramref name="source"/> with tensors that are made as they are written.</summary>
    /// <param name="source">The checkpoint.</param>
    /// <param name="outFolder">The folder to create or to replace.</param>
    /// <param name="stored">What is written for each of its tensors.</param>
    /// <param name="content">Writes the elements of a tensor.</param>
    /// <param name="type">The type for <c>config.json</c>; null for the one that it has.</param>
    /// <param name="extraFiles">Further files for the folder, by name.</param>
    public static void Save(
        CheckpointFolder source,
        string outFolder,
        Func<TensorEntry, TensorEntry> stored,
        Action<TensorEntry, Stream> content,
        DType? type,
        IReadOnlyDictionary<string, byte[]>? extraFiles = null)
    {
        var shards = source.Shards.Select(shard => shard.File.Tensors.Select(stored).ToList()).ToList();
        if (source.Shards.Select(shard => shard.SavedName).Distinct(StringComparer.Ordinal).Count() < source.Shards.Count)
        {
            throw new InvalidInputException(
                $"'{source.DisplayName}' has weight files whose names come to one in safetensors; names like transformers' were expected.");
        }

        string target = Path.TrimEndingDirectorySeparator(Path.GetFullPath(outFolder));
        if (Path.GetFileName(target).Length == 0 || File.Exists(target))
        {
            throw new InvalidInputException(
                $"'{outFolder}' cannot be saved to: a folder with a name of its own was expected, not a file or a root.");
        }

        FolderSwap.Replace(target, folder => CheckReplaceable(source, folder, extraFiles), folder =>
        {
            for (int i = 0; i < shards.Count; i++)
            {
                var shard = source.Shards[i];
                SafetensorsWriter.Write(Path.Combine(folder, shard.SavedName), shards[i], WithFormat(shard.File.Metadata), content);
            }

            if (source.Index != null)
            {
                byte[] index = IndexWithSize(source.Index, shards.Sum(s => s.Sum(t => t.ByteCount)));
                AtomicFile.WriteAllBytes(Path.Combine(folder, ShardIndex.FileName), index);
            }

            AtomicFile.WriteAllBytes(Path.Combine(folder, CheckpointFolder.ConfigFileName), ConfigWithType(source, type));
            CopyFiles(source, folder);
            foreach ((string name, byte[] content) in extraFiles ?? new Dictionary<string, byte[]>())
            {
                AtomicFile.WriteAllBytes(Path.Combine(folder, name), content);
            }
        });
    }

    private static unsafe TensorEntry Stored(TensorEntry source, IReadOnlyDictionary<string, Parameter> parameters)
    {
        if (!parameters.TryGetValue(source.Name, out var parameter))
        {
            return source;
        }

        var stored = new TensorEntry("", source.Name, StoredType.Name(parameter.Type), source.Shape, parameter.Data);
        return stored.ByteCount == parameter.ByteCount ? stored : throw new ArgumentException(
            $"Tensor '{source.Name}' has shape [{string.Join(", ", source.Shape)}] and cannot be written from the "
            + $"{parameter.Count} elements of '{parameter.Name}'.",
            nameof(parameters));
    }

    /// <summary>Refuses to replace a folder in which there is anything that a save does not write.</summary>
    private static void CheckReplaceable(CheckpointFolder source, string folder, IReadOnlyDictionary<string, byte[]>? extraFiles)
    {
        var names = Directory.EnumerateFileSystemEntries(folder).Select(entry => Path.GetFileName(entry)).ToList();
        if (names.Count > 0 && !names.Contains(CheckpointFolder.ConfigFileName))
        {
            throw new InvalidInputException(
                $"'{folder}' is not empty and has no {CheckpointFolder.ConfigFileName}; "
                + "a new or empty folder or a saved checkpoint was expected.");
        }

        string? foreign = names.Order(StringComparer.Ordinal).FirstOrDefault(name =>
            name is not (CheckpointFolder.ConfigFileName or ShardIndex.FileName)
            && !(name.StartsWith("model", StringComparison.Ordinal) && name.EndsWith(".safetensors", StringComparison.Ordinal))
            && !source.Shards.Any(shard => shard.SavedName == name)
            && !CopiedFiles.Contains(name)
            && extraFiles?.ContainsKey(name) != true);
        if (foreign != null)
        {
            throw new InvalidInputException(
                $"'{folder}' holds '{foreign}', which would be lost; "
                + "a new or empty folder or one with nothing but a saved checkpoint was expected.");
        }
    }

    /// <summary>transformers refuses files that do not say which framework wrote them.</summary>
    private static Dictionary<string, string> WithFormat(IReadOnlyDictionary<string, string> metadata)
    {
        var result = new Dictionary<string, string>(metadata, StringComparer.Ordinal);
        result.TryAdd("format", "pt");
        return result;
    }

    /// <summary>The type that holds all weights but those in blocks without loss; null when nothing else is replaced.</summary>
    private static DType? TypeOf(IReadOnlyDictionary<string, Parameter> parameters)
    {
        var types = parameters.Values.Select(p => p.Type).Where(t => !t.IsBlocked()).Distinct().ToList();
        return types.Count switch
        {
            0 => null,
            1 => types[0],
            _ => DType.F32,
        };
    }

    /// <summary>
    /// <c>config.json</c> with <c>torch_dtype</c>, or <c>dtype</c> as newer versions of transformers call it, set to the
    /// type; everything else keeps its place and value.
    /// </summary>
    private static byte[] ConfigWithType(CheckpointFolder source, DType? type)
    {
        var config = source.ConfigJson;
        string[] keys = [.. new[] { "torch_dtype", "dtype" }.Where(key => config.TryGetProperty(key, out _))];
        if (type is not { } weights || (keys.Length > 0 && keys.All(key => config.GetProperty(key).ValueEquals(weights.TorchName()))))
        {
            return source.ConfigBytes;
        }

        return Rewrite(writer =>
        {
            foreach (var property in config.EnumerateObject())
            {
                if (keys.Contains(property.Name))
                {
                    writer.WriteString(property.Name, weights.TorchName());
                }
                else
                {
                    property.WriteTo(writer);
                }
            }

            if (keys.Length == 0)
            {
                writer.WriteString("torch_dtype", weights.TorchName());
            }
        });
    }

    private static byte[] IndexWithSize(ShardIndex index, long totalSize) => Rewrite(writer =>
    {
        writer.WriteStartObject("metadata");
        writer.WriteNumber("total_size", totalSize);
        if (index.Root.TryGetProperty("metadata", out var metadata) && metadata.ValueKind == JsonValueKind.Object)
        {
            foreach (var property in metadata.EnumerateObject().Where(p => p.Name != "total_size"))
            {
                property.WriteTo(writer);
            }
        }

        writer.WriteEndObject();
        foreach (var property in index.Root.EnumerateObject().Where(p => p.Name is not ("metadata" or ShardIndex.MapField)))
        {
            property.WriteTo(writer);
        }

        writer.WriteStartObject(ShardIndex.MapField);
        foreach (var (tensor, file) in index.FileOf)
        {
            writer.WriteString(tensor, CheckpointShard.SavedNameOf(file));
        }

        writer.WriteEndObject();
    });

    /// <summary>An indented JSON object with the fields that a function writes.</summary>
    internal static byte[] Rewrite(Action<Utf8JsonWriter> fields)
    {
        using var stream = new MemoryStream();
        using (var writer = new Utf8JsonWriter(stream, Indented))
        {
            writer.WriteStartObject();
            fields(writer);
            writer.WriteEndObject();
        }

        stream.WriteByte((byte)'\n');
        return stream.ToArray();
    }

    /// <summary>Copies the tokenizer's and generation's files.</summary>
    internal static void CopyFiles(CheckpointFolder source, string folder)
    {
        foreach (string name in CopiedFiles)
        {
            if (source.ReadFile(name) is { } content)
            {
                AtomicFile.WriteAllBytes(Path.Combine(folder, name), content);
            }
        }
    }
}
