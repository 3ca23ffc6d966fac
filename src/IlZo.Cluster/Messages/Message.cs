using System.Buffers.Binary;
using System.IO.Hashing;

namespace IlZo.Clusters;

/// <summary>What a message is about.</summary>
internal enum MessageKind : byte
{
    /// <summary>The sender takes part.</summary>
    Here = 1,

    /// <summary>Values of work: <see cref="ValuesBody"/>.</summary>
    Values = 2,

    /// <summary>The sender's weights after a step: <see cref="MarkBody"/>.</summary>
    Mark = 3,

    /// <summary>The run must not go on: a sentence in UTF-8 that says why.</summary>
    Stop = 4,
}

/// <summary>
/// A message between workers. Its bytes, little-endian: the magic <c>IZC1</c>; u8 kind; u8 pace (<see cref="Pace"/>); 2 bytes 0; u64
/// worker; i64 entry; the body; u32 CRC-32 of all bytes before it.
/// </summary>
/// <param name="Kind">What it is about.</param>
/// <param name="Worker">Who sends it: a number drawn at start.</param>
/// <param name="Entry">The entry of the log that the sender works on.</param>
/// <param name="Body">What it says.</param>
/// <param name="Pace">How fast the sender is; 0 where that is not known.</param>
internal sealed record Message(MessageKind Kind, ulong Worker, long Entry, ReadOnlyMemory<byte> Body, byte Pace = 0)
{
    /// <summary>Bytes of a message at most, which every server passes on as it is installed.</summary>
    public const int MostBytes = 1 << 19;

    private const int BodyAt = 24;
    private const int ChecksumBytes = 4;

    /// <summary>Bytes of a body at most.</summary>
    public const int MostBody = MostBytes - BodyAt - ChecksumBytes;

    private static ReadOnlySpan<byte> Magic => "IZC1"u8;

    /// <summary>The message as bytes.</summary>
    public byte[] Encode()
    {
        byte[] bytes = new byte[BodyAt + Body.Length + ChecksumBytes];
        Magic.CopyTo(bytes);
        (bytes[4], bytes[5]) = ((byte)Kind, Pace);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(8), Worker);
        BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(16), Entry);
        Body.Span.CopyTo(bytes.AsSpan(BodyAt));
        var rest = bytes.AsSpan(..^ChecksumBytes);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(rest.Length), Crc32.HashToUInt32(rest));
        return bytes;
    }

    /// <summary>Reads a message; null where the bytes are none.</summary>
    public static Message? Decode(ReadOnlyMemory<byte> bytes)
    {
        var span = bytes.Span;
        if (bytes.Length is < BodyAt + ChecksumBytes or > MostBytes || !span.StartsWith(Magic) || span[6..8].ContainsAnyExcept((byte)0)
            || !Enum.IsDefined((MessageKind)span[4])
            || BinaryPrimitives.ReadUInt32LittleEndian(span[^ChecksumBytes..]) != Crc32.HashToUInt32(span[..^ChecksumBytes]))
        {
            return null;
        }

        return new Message(
            (MessageKind)span[4],
            BinaryPrimitives.ReadUInt64LittleEndian(span[8..]),
            BinaryPrimitives.ReadInt64LittleEndian(span[16..]),
            bytes[BodyAt..^ChecksumBytes],
            span[5]);
    }
}
