using System.Buffers.Binary;
using System.Text;

namespace IlZo.Gguf;

/// <summary>Reads the head of a GGUF file, never beyond its end. Numbers are little-endian.</summary>
/// <param name="path">The file, for messages.</param>
/// <param name="data">Its first byte.</param>
/// <param name="length">Its length.</param>
internal sealed unsafe class GgufCursor(string path, byte* data, long length)
{
    private static readonly UTF8Encoding s_utf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>Where the next value begins.</summary>
    public long Position { get; private set; }

    public byte Byte() => Take(1, "a byte")[0];

    public uint UInt32() => BinaryPrimitives.ReadUInt32LittleEndian(Take(4, "a number of 4 bytes"));

    public ulong UInt64() => BinaryPrimitives.ReadUInt64LittleEndian(Take(8, "a number of 8 bytes"));

    public float Single() => BinaryPrimitives.ReadSingleLittleEndian(Take(4, "a number of 4 bytes"));

    public double Double() => BinaryPrimitives.ReadDoubleLittleEndian(Take(8, "a number of 8 bytes"));

    public ushort UInt16() => BinaryPrimitives.ReadUInt16LittleEndian(Take(2, "a number of 2 bytes"));

    /// <summary>A number of elements, each of which takes some bytes of the file at least.</summary>
    public int Count(string what, int leastBytes)
    {
        long at = Position;
        ulong count = UInt64();
        return count <= (ulong)((length - Position) / leastBytes) && count <= int.MaxValue
            ? (int)count
            : throw Error(at, $"{count} {what}", $"as many as the {length - Position} bytes behind it can hold");
    }

    /// <summary>A string: its length in 64 bits and UTF-8.</summary>
    public string Text()
    {
        int bytes = Count("bytes of a string", 1);
        long at = Position;
        try
        {
            return s_utf8.GetString(Take(bytes, "a string"));
        }
        catch (DecoderFallbackException)
        {
            throw Error(at, "a string that is not UTF-8", "UTF-8");
        }
    }

    public ReadOnlySpan<byte> Take(int bytes, string what)
    {
        if (length - Position < bytes)
        {
            throw Error(Position, $"the end of the file, {length} bytes", what);
        }

        var taken = new ReadOnlySpan<byte>(data + Position, bytes);
        Position += bytes;
        return taken;
    }

    public InvalidInputException Error(long at, string found, string expectation) =>
        new($"{path}: got {found} at byte {at}; expected {expectation}.");
}
