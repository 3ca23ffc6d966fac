namespace IlZo.Datasets;

/// <summary>Reads what Thrift's compact protocol is made of, from a part of a file. No length that is read goes beyond the part.</summary>
/// <param name="source">The file, at the start of the part.</param>
/// <param name="end">Where the part ends.</param>
internal sealed class ThriftReader(Stream source, long end)
{
    /// <summary>The bytes that are left.</summary>
    public long Left { get; private set; } = end - source.Position;

    /// <summary>A byte.</summary>
    /// <exception cref="InvalidDataException">There is none left.</exception>
    public byte Byte()
    {
        int value = Left > 0 ? source.ReadByte() : -1;
        Left--;
        return value >= 0 ? (byte)value : throw new InvalidDataException("a structure in it is truncated");
    }

    /// <summary>A whole number without a sign.</summary>
    /// <param name="bits">How many bits it may have.</param>
    /// <exception cref="InvalidDataException">It has more, or is cut.</exception>
    public ulong Number(int bits)
    {
        ulong value = 0;
        for (int shift = 0; shift < bits; shift += 7)
        {
            byte part = Byte();
            ulong digits = part & 0x7Fu;
            if (bits - shift < 7 && digits >> (bits - shift) != 0)
            {
                break;
            }

            value |= digits << shift;
            if (part < 0x80)
            {
                return value;
            }
        }

        throw new InvalidDataException($"a number in it has more than {bits} bits");
    }

    /// <summary>A whole number with a sign.</summary>
    /// <param name="bits">How many bits it may have.</param>
    /// <exception cref="InvalidDataException">It has more, or is cut.</exception>
    public long Integer(int bits)
    {
        ulong value = Number(bits);
        return (long)(value >> 1) ^ -(long)(value & 1);
    }

    /// <summary>A number of elements, each of at least a byte, that are to follow.</summary>
    /// <exception cref="InvalidDataException">Fewer bytes are left.</exception>
    public int Count()
    {
        ulong count = Number(32);
        return count <= (ulong)Math.Min(Left, int.MaxValue)
            ? (int)count
            : throw new InvalidDataException("a text or a list in it is longer than its bytes");
    }

    /// <summary>Goes past bytes.</summary>
    /// <exception cref="InvalidDataException">Fewer are left.</exception>
    public void Skip(int length)
    {
        if (length > Left)
        {
            throw new InvalidDataException("a structure in it is truncated");
        }

        source.Seek(length, SeekOrigin.Current);
        Left -= length;
    }
}
