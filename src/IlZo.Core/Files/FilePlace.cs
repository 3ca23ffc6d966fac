using Microsoft.Win32.SafeHandles;

namespace IlZo.Files;

/// <summary>Where bytes lie in an open file.</summary>
/// <param name="Path">What messages call the file.</param>
/// <param name="File">The file.</param>
/// <param name="Offset">The first of the bytes.</param>
internal sealed unsafe record FilePlace(string Path, SafeFileHandle File, long Offset)
{
    // What one call reads or writes: longer ones cannot be ended.
    private const int ChunkBytes = 16 << 20;

    /// <summary>Reads the bytes from there on.</summary>
    /// <exception cref="IOException">Reading failed, or the file has become shorter.</exception>
    public void Read(byte* to, long bytes)
    {
        for (long done = 0; done < bytes;)
        {
            int read = RandomAccess.Read(File, new Span<byte>(to + done, Chunk(bytes - done)), Offset + done);
            done += read > 0 ? read : throw new EndOfStreamException($"'{Path}' became shorter while it was read.");
        }
    }

    /// <summary>Writes bytes there.</summary>
    /// <exception cref="IOException">Writing failed.</exception>
    public void Write(ReadOnlySpan<byte> bytes) => RandomAccess.Write(File, bytes, Offset);

    /// <inheritdoc cref="Write(ReadOnlySpan{byte})"/>
    public void Write(byte* from, long bytes)
    {
        for (long done = 0; done < bytes; done += ChunkBytes)
        {
            RandomAccess.Write(File, new ReadOnlySpan<byte>(from + done, Chunk(bytes - done)), Offset + done);
        }
    }

    private static int Chunk(long left) => (int)Math.Min(ChunkBytes, left);
}
