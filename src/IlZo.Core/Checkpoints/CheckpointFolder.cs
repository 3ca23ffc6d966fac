using System.Text.Json;
using IlZo.Checkpoints.Torch;
using IlZo.Files;
using IlZo.Tensors;

namespace IlZo.Checkpoints;

/// <summary>One weight file of a checkpoint.</summary>
/// <param name="FileName">Its name in the folder.</param>
/// <param name="File">The open file.</param>
internal sealed record CheckpointShard(string FileName, WeightFile File)
{
    private const string TorchStart = "pytorch_model";

    /// <summary>The name under which it is written out, as safetensors: transformers' own for a pytorch_model*.bin.</summary>
    internal string SavedName => SavedNameOf(FileName);

    internal static string SavedNameOf(string name) => !name.EndsWith(CheckpointFolder.TorchExtension, StringComparison.Ordinal)
        ? name
        : (name.StartsWith(TorchStart, StringComparison.Ordinal)
            ? "model" + name[TorchStart.Length..^CheckpointFolder.TorchExtension.Length]
            : name[..^CheckpointFolder.TorchExtension.Length])
            + CheckpointFolder.Extension;
}

/// <summary>
/// A model in the layout of Hugging Face transformers: <c>config.json</c> with <c>model.safetensors</c>, or
/// <c>model.safetensors.index.json</c> and the files that it names, or <c>pytorch_model.bin</c>, or its index with its files. Where there
/// are several the first of these counts, as it does for transformers.
/// </summary>
/// <remarks>
/// It may be read and written out by several threads at a time. After <see cref="Dispose"/> its files cannot be read; the weights stay
/// mapped until what is in progress, and the model that was loaded from it, have ended.
/// </remarks>
public sealed class CheckpointFolder : IDisposable
{
    /// <summary>The name of the weight file of a model that is not sharded.</summary>
    internal const string SingleFileName = "model.safetensors";

    /// <summary>The name of the weight file that PyTorch's own format has.</summary>
    internal const string TorchFileName = "pytorch_model.bin";

    /// <summary>The name of the model's configuration.</summary>
    internal const string ConfigFileName = "config.json";

    internal const string Extension = ".safetensors";
    internal const string TorchExtension = ".bin";

    private readonly UseGuard _use;
    private readonly Func<string, byte[]?> _read;
    private readonly Dictionary<string, TensorEntry> _tensors = new(StringComparer.Ordinal);
    private readonly List<CheckpointShard> _shards = [];
    private readonly List<UseGuard.Use> _held = [];
    private readonly JsonDocument _config;

    private CheckpointFolder(string displayName, string? folder, Func<string, byte[]?> read, Func<string, WeightFile?> open)
    {
        _use = new UseGuard(nameof(CheckpointFolder), Release);
        DisplayName = displayName;
        Folder = folder;
        _read = read;
        ConfigBytes = read(ConfigFileName)
            ?? throw new InvalidInputException(read("adapter_config.json") is null
                ? $"'{displayName}' has no {ConfigFileName}; a folder with a model in the Hugging Face layout was expected."
                : $"'{displayName}' has no {ConfigFileName} and is an adapter; the model that it belongs to was expected here, and the "
                    + $"adapter as {Setting.Adapter}.");
        _config = JsonFile.ParseObject(PathOf(ConfigFileName), ConfigBytes);
        try
        {
            OpenShards(open);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>What messages call the checkpoint: the folder, or the name given to <see cref="FromMemory"/>.</summary>
    public string DisplayName { get; }

    /// <summary>The folder; null for a model out of memory.</summary>
    public string? Folder { get; }

    /// <summary><c>config.json</c> as it is stored.</summary>
    internal byte[] ConfigBytes { get; }

    /// <summary><c>config.json</c> parsed: an object. Valid until the checkpoint is disposed.</summary>
    internal JsonElement ConfigJson => _config.RootElement;

    /// <summary>All stored tensors by their names.</summary>
    internal IReadOnlyDictionary<string, TensorEntry> Tensors => _tensors;

    /// <summary>Whether some of them are in blocks.</summary>
    internal bool HasBlocks => _tensors.Values.Any(t => StoredType.IsBlocked(t.Type));

    /// <summary>Where a tensor lies in a mapped file; null where it lies in memory.</summary>
    internal FilePlace? PlaceOf(TensorEntry tensor) =>
        _shards.Select(shard => shard.File.PlaceOf(tensor)).FirstOrDefault(place => place is not null);

    /// <summary>The weight files in the ordinal order of their names.</summary>
    internal IReadOnlyList<CheckpointShard> Shards => _shards;

    /// <summary>The index of a sharded checkpoint; null when there is a single file.</summary>
    internal ShardIndex? Index { get; private set; }

    /// <summary>Opens a folder. The weights are mapped, not read; see <see cref="WeightFile"/>.</summary>
    /// <exception cref="InvalidInputException">The folder is not a checkpoint, or one of its files breaks a rule.</exception>
    internal static CheckpointFolder Open(string folder)
    {
        if (!Directory.Exists(folder))
        {
            throw new InvalidInputException(
                $"'{folder}' is not an existing folder; a folder with a model in the Hugging Face layout was expected.");
        }

        return new CheckpointFolder(
            folder,
            folder,
            name => ReadIfExists(Path.Combine(folder, name)),
            name => File.Exists(Path.Combine(folder, name)) ? OpenFile(Path.Combine(folder, name)) : null);
    }

    /// <summary>Opens a folder that has not got its name yet, as <see cref="Open(string)"/> does.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="displayName">What messages call it.</param>
    /// <exception cref="InvalidInputException">The folder is not a checkpoint, or one of its files breaks a rule.</exception>
    internal static CheckpointFolder OpenAs(string folder, string displayName) => new(
        displayName,
        null,
        name => ReadIfExists(Path.Combine(folder, name)),
        name => File.Exists(Path.Combine(folder, name))
            ? SafetensorsFile.OpenAs(Path.Combine(folder, name), $"{displayName}/{name}")
            : null);

    /// <summary>Opens a checkpoint whose files come from a function, for models that are embedded in an assembly.</summary>
    /// <param name="displayName">What messages call the checkpoint.</param>
    /// <param name="read">The content of the file of that name, or null when there is none. It is kept, and called again by
    /// <see cref="ReadFile"/>.</param>
    /// <exception cref="InvalidInputException">The files are not a checkpoint, or one of them breaks a rule.</exception>
    internal static CheckpointFolder FromMemory(string displayName, Func<string, byte[]?> read) =>
        new(displayName, null, read, name => read(name) is { } content ? OpenBytes($"{displayName}/{name}", content) : null);

    /// <summary>The content of another file of the checkpoint, such as <c>tokenizer.json</c>; null when there is none.</summary>
    /// <exception cref="ObjectDisposedException">The checkpoint was disposed of.</exception>
    public byte[]? ReadFile(string name)
    {
        using var held = _use.Share();
        return _read(name);
    }

    /// <summary>
    /// Writes the checkpoint with other weights, in the same layout, so that transformers loads it; see
    /// <see cref="CheckpointSaver"/>.
    /// </summary>
    /// <param name="outFolder">The folder to create or to replace. It may be the folder this checkpoint came from.</param>
    /// <param name="parameters">
    /// The parameter that holds the weights of each stored tensor. Tied tensors have the same parameter; stored tensors
    /// that are missing here are written as they are.
    /// </param>
    /// <param name="extraFiles">Further files for the folder, by name, such as a record of where the weights come from.</param>
    /// <param name="cancellation">Ends the work between two tensors; the target is as it was.</param>
    /// <exception cref="InvalidInputException">The target exists and holds something other than a saved checkpoint.</exception>
    /// <exception cref="IOException">Writing failed; the target is as it was.</exception>
    internal void Save(
        string outFolder,
        IReadOnlyDictionary<string, Parameter> parameters,
        IReadOnlyDictionary<string, byte[]>? extraFiles = null,
        CancellationToken cancellation = default)
    {
        using var held = _use.Share();
        CheckpointSaver.Save(this, outFolder, parameters, extraFiles, cancellation);
    }

    /// <summary>
    /// Refuses to go on where a weight file was written to or cut since it was opened: weights that are kept in their stored type are read
    /// from it as they are needed. To be asked before results are handed out; nothing of the files is read.
    /// </summary>
    /// <exception cref="FileChangedException">A file has changed; the message names it and what is different.</exception>
    internal void RequireUnchanged()
    {
        foreach (var shard in _shards)
        {
            shard.File.RequireUnchanged();
        }
    }

    /// <summary>
    /// As <see cref="RequireUnchanged"/>, and refuses too where another file has a weight file's name now, or none: for work that is of no
    /// use without the checkpoint that it began with.
    /// </summary>
    /// <exception cref="FileChangedException">A file has changed or was replaced; the message names it and what is different.</exception>
    internal void RequireInPlace()
    {
        foreach (var shard in _shards)
        {
            shard.File.RequireInPlace();
        }
    }

    /// <summary>Closes the weight files; their tensors cannot be reached any more.</summary>
    public void Dispose() => _use.Dispose();

    /// <summary>Keeps the weights mapped until the use ends.</summary>
    internal UseGuard.Use Hold() => _use.Share();

    private void Release()
    {
        _held.ForEach(held => held.Dispose());
        _shards.ForEach(shard => shard.File.Dispose());

        _config.Dispose();
    }

    private static byte[]? ReadIfExists(string path)
    {
        try
        {
            return File.Exists(path) ? PlainFile.ReadAllBytes(path) : null;
        }
        catch (UnauthorizedAccessException e)
        {
            throw new InvalidInputException($"'{path}' cannot be read: its permissions forbid it.", e);
        }
    }

    private static WeightFile OpenFile(string path) => IsTorch(path) ? TorchFile.Open(path) : SafetensorsFile.Open(path);

    private static WeightFile OpenBytes(string name, byte[] content) =>
        IsTorch(name) ? TorchFile.FromMemory(name, content) : SafetensorsFile.FromMemory(name, content);

    private static bool IsTorch(string name) => name.EndsWith(TorchExtension, StringComparison.Ordinal);

    private void OpenShards(Func<string, WeightFile?> open)
    {
        foreach (var (single, index, extension) in new[] { (
            SingleFileName, ShardIndex.FileName, Extension), (TorchFileName, ShardIndex.TorchFileName, TorchExtension) })
        {
            if (open(single) is { } file)
            {
                Add(new CheckpointShard(single, file));
                AddTensors(_shards[0]);
                return;
            }

            if (_read(index) is { } content)
            {
                OpenIndexed(open, ShardIndex.Parse(PathOf(index), content, extension));
                return;
            }
        }

        string? other = Folder is null ? null : UnreadWeights.Describe(Folder);
        throw new InvalidInputException(
            $"'{DisplayName}' has no weights{(other is null ? string.Empty : $" that are read: {other}")}; {SingleFileName}, "
                + $"{ShardIndex.FileName}, {TorchFileName} or {ShardIndex.TorchFileName} was expected.");
    }

    private void OpenIndexed(Func<string, WeightFile?> open, ShardIndex index)
    {
        Index = index;
        foreach (string name in index.Files)
        {
            Add(new CheckpointShard(
                name, open(name) ?? throw new InvalidInputException($"'{PathOf(name)}' does not exist, but '{index.Path}' names it.")));
        }

        index.Check(_shards);
        _shards.ForEach(AddTensors);
    }

    private void Add(CheckpointShard shard)
    {
        _shards.Add(shard);
        _held.Add(shard.File.Hold());
    }

    private void AddTensors(CheckpointShard shard)
    {
        foreach (var tensor in shard.File.Tensors)
        {
            _tensors.Add(tensor.Name, tensor);
        }
    }

    private string PathOf(string name) => Folder != null ? Path.Combine(Folder, name) : $"{DisplayName}/{name}";
}
