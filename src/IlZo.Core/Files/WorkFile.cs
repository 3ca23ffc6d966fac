using System.IO.MemoryMappedFiles;
using IlZo.Machine;

namespace IlZo.Files;

/// <summary>
/// A file without a name, for what does not fit into memory: it is gone with the process, however that ends. It can be read as memory too.
/// </summary>
internal sealed unsafe class WorkFile : IDisposable
{
    private readonly FileStream _stream;
    private readonly MemoryMappedFile _file;
    private readonly MemoryMappedViewAccessor _view;

    private WorkFile(string path, FileStream stream, long length)
    {
        _stream = stream;
        Start = new FilePlace(path, stream.SafeFileHandle, 0);
        _file = MemoryMappedFile.CreateFromFile(
            stream, null, 0, MemoryMappedFileAccess.Read, HandleInheritability.None, leaveOpen: true);
        _view = _file.CreateViewAccessor(0, length, MemoryMappedFileAccess.Read);
        byte* data = null;
        _view.SafeMemoryMappedViewHandle.AcquirePointer(ref data);
        Data = data + _view.PointerOffset;
    }

    /// <summary>Where it begins.</summary>
    public FilePlace Start { get; }

    /// <summary>The first byte, mapped for reading.</summary>
    public byte* Data { get; }

    /// <summary>Makes a file of zeros, for which the disk has room.</summary>
    /// <param name="folder">Where.</param>
    /// <param name="length">Bytes, 1 or more.</param>
    /// <exception cref="IOException">The disk has no room, or nothing can be written there.</exception>
    /// <exception cref="UnauthorizedAccessException">Nothing may be written there.</exception>
    public static WorkFile Create(string folder, long length)
    {
        string path = Path.Combine(folder, $".weights.tmp-{Guid.NewGuid():N}");
        var stream = new FileStream(path, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.Delete, bufferSize: 0);
        try
        {
            File.Delete(path);
            stream.SetLength(length);
            DiskSpace.Reserve(stream.SafeFileHandle, length);
            return new WorkFile(path, stream, length);
        }
        catch
        {
            stream.Dispose();
            throw;
        }
    }

    public void Dispose()
    {
        _view.SafeMemoryMappedViewHandle.ReleasePointer();
        _view.Dispose();
        _file.Dispose();
        _stream.Dispose();
    }
}
