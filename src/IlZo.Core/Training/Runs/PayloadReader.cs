using System.Buffers.Binary;

namespace IlZo.Training;

/// <summary>
/// Reads a payload from its beginning on. Past its end there are zeros, and <see cref="EndsHere"/> is false from then on.
/// </summary>
/// <param name="bytes">The payload.</param>
internal ref struct PayloadReader(ReadOnlySpan<byte> bytes)
{
    /// <summary>What <see cref="Bytes"/> gives at most.</summary>
    public const int MostBytes = 64;

    private static readonly byte[] s_zeros = new byte[MostBytes];

    private ReadOnlySpan<byte> _rest = bytes;
    private bool _isShort;

    /// <summary>Whether just as much was read as there was.</summary>
    public readonly bool EndsHere => _rest.IsEmpty && !_isShort;

    public byte Byte() => Bytes(1)[0];

    public uint UInt32() => BinaryPrimitives.ReadUInt32LittleEndian(Bytes(sizeof(uint)));

    public int Int32() => BinaryPrimitives.ReadInt32LittleEndian(Bytes(sizeof(int)));

    public long Int64() => BinaryPrimitives.ReadInt64LittleEndian(Bytes(sizeof(long)));

    public double Double() => BinaryPrimitives.ReadDoubleLittleEndian(Bytes(sizeof(double)));

    /// <summary>Numbers, or none where there are fewer.</summary>
    public double[] Doubles(uint count)
    {
        long length = (long)count * sizeof(double);
        if (length > _rest.Length)
        {
            _isShort = true;
            return [];
        }

        return EntryPayload.Doubles(Bytes((int)length), (int)count);
    }

    /// <summary>At most <see cref="MostBytes"/>, or as many as there are.</summary>
    public ReadOnlySpan<byte> Bytes(int count)
    {
        if (count > _rest.Length)
        {
            _isShort = true;
            return s_zeros.AsSpan(0, count);
        }

        var bytes = _rest[..count];
        _rest = _rest[count..];
        return bytes;
    }
}
