using IlZo.Files;

namespace IlZo.Checkpoints;

/// <summary>
/// An open file of weights. Where elements are stored as they are used it is mapped copy-on-write: pages are read from disk when they are
/// first touched, and the tensors may be written to, which makes private copies of the touched pages and never changes the file. So a
/// tensor's address can serve as trainable memory. A file may be replaced by a rename while it is open; nobody may write into it
/// or shorten it, which <see cref="RequireUnchanged"/> detects.
/// </summary>
/// <remarks>
/// What the file is part of keeps it mapped: the checkpoint and the model that it was opened for, until they are disposed of.
/// </remarks>
internal abstract class WeightFile : IDisposable
{
    private readonly UseGuard _use;
    private readonly FileBytes _bytes;
    private readonly List<IDisposable> _memory = [];

    private protected WeightFile(string path, FileBytes bytes)
    {
        _use = new UseGuard(GetType().Name, Release);
        _bytes = bytes;
        Path = path;
    }

    /// <summary>The path, or the display name of a file that was given as bytes.</summary>
    public string Path { get; }

    /// <summary>The strings that a file holds beside its tensors; empty when it has none.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; private protected init; } = new Dictionary<string, string>();

    /// <summary>The tensors in the order in which they lie in the file. They are valid until the file is disposed.</summary>
    public IReadOnlyList<TensorEntry> Tensors { get; private protected init; } = [];

    /// <summary>Memory that tensors lie in which the file does not hold as they are.</summary>
    private protected List<IDisposable> Memory => _memory;

    /// <summary>Where a tensor lies in the mapped file; null where it lies in memory that it was unpacked to.</summary>
    public unsafe FilePlace? PlaceOf(TensorEntry tensor) => _bytes.PlaceOf(tensor.Data, tensor.ByteCount);

    /// <summary>
    /// Refuses to go on where the file has another length or was written to since it was opened: cheap enough to ask whenever results are
    /// handed out, since nothing of the file is read.
    /// </summary>
    /// <exception cref="FileChangedException">It has changed.</exception>
    public void RequireUnchanged() => _bytes.RequireUnchanged(Path);

    /// <summary>As <see cref="RequireUnchanged"/>, and refuses too where the path leads to another file now, or to none.</summary>
    /// <exception cref="FileChangedException">It has changed or was replaced.</exception>
    public void RequireInPlace() => _bytes.RequireInPlace(Path);

    /// <summary>Unmaps the file, unless it is part of something; its tensors cannot be reached any more.</summary>
    public void Dispose()
    {
        _use.Dispose();
        GC.SuppressFinalize(this);
    }

    /// <summary>Keeps the file mapped until the use ends.</summary>
    internal UseGuard.Use Hold() => _use.Share();

    private void Release()
    {
        foreach (var tensor in Tensors)
        {
            tensor.Release();
        }

        _memory.ForEach(m => m.Dispose());
        _bytes.Dispose();
    }
}
