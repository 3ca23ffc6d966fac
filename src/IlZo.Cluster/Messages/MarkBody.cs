using System.Buffers.Binary;

namespace IlZo.Clusters;

/// <summary>A worker's weights after a step: i64 step, little-endian; 32 bytes SHA-256.</summary>
/// <param name="Step">The step.</param>
/// <param name="Sha256">The hash, in hexadecimal digits.</param>
internal sealed record MarkBody(long Step, string Sha256)
{
    private const int HashBytes = 32;

    /// <summary>The mark as bytes.</summary>
    public byte[] Encode()
    {
        byte[] bytes = new byte[sizeof(long) + HashBytes];
        BinaryPrimitives.WriteInt64LittleEndian(bytes, Step);
        Convert.FromHexString(Sha256).CopyTo(bytes, sizeof(long));
        return bytes;
    }

    /// <summary>Reads a mark; null where the bytes are none.</summary>
    public static MarkBody? Decode(ReadOnlySpan<byte> bytes) => bytes.Length == sizeof(long) + HashBytes
        ? new MarkBody(BinaryPrimitives.ReadInt64LittleEndian(bytes), Convert.ToHexStringLower(bytes[sizeof(long)..]))
        : null;
}
