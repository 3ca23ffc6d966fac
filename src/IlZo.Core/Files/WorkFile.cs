using System.IO.MemoryMappedFiles;
using IlZo.Machine;

namespace IlZo.Files;

/// <summary>
/// A file without a name, for what does not fit into memory: it is gone with the process, however that ends. It can be read as memory, and
/// is faster to read and to write in large pieces, which need no pages of their own.
/// </summary>
internal sealed unsafe class WorkFile : IDisposable
{
    private const int ChunkBytes = 16 << 20;

    private readonly FileStream _stream;
    private readonly MemoryMappedFile _file;
    private readonly MemoryMappedViewAccessor _view;

    private WorkFile(FileStream stream, long length)
    {
        _stream = stream;
        _file = MemoryMappedFile.CreateFromFile(
            stream, null, 0, MemoryMappedFileAccess.Read, HandleInheritability.None, leaveOpen: true);
        _view = _file.CreateViewAccessor(0, length, MemoryMappedFileAccess.Read);
        byte* data = null;
        _view.SafeMemoryMappedViewHandle.AcquirePointer(ref data);
        Data = data + _view.PointerOffset;
    }

    /// <summary>The first byte of the file, mapped for reading.</summary>
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
            return new WorkFile(stream, length);
        }
        catch
        {
            stream.Dispose();
            throw;
        }
    }

    /// <summary>Reads bytes of the file.</summary>
    /// <exception cref="IOException">Reading failed.</exception>
    public void Read(long offset, byte* to, long bytes)
    {
        for (long done = 0; done < bytes;)
        {
            int read = RandomAccess.Read(_stream.SafeFileHandle, new Span<byte>(to + done, Chunk(bytes - done)), offset + done);
            done += read > 0 ? read : throw new EndOfStreamException("The file of weights that are being trained ends too early.");
        }
    }

    /// <summary>Writes bytes to the file.</summary>
    /// <exception cref="IOException">Writing failed.</exception>
    public void Write(long offset, byte* from, long bytes)
    {
        for (long done = 0; done < bytes; done += ChunkBytes)
        {
            Write(offset + done, new ReadOnlySpan<byte>(from + done, Chunk(bytes - done)));
        }
    }

    /// <summary>Writes bytes to the file.</summary>
    /// <exception cref="IOException">Writing failed.</exception>
    public void Write(long offset, ReadOnlySpan<byte> bytes) => RandomAccess.Write(_stream.SafeFileHandle, bytes, offset);

    private static int Chunk(long left) => (int)Math.Min(ChunkBytes, left);

    public void Dispose()
    {
        _view.SafeMemoryMappedViewHandle.ReleasePointer();
        _view.Dispose();
        _file.Dispose();
        _stream.Dispose();
    }
}
