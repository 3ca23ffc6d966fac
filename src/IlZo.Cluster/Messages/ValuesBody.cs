using System.Buffers.Binary;

namespace IlZo.Clusters;

/// <summary>
/// Values of work. Bytes, little-endian: u32 round; u32 pass; u32 first item; u32 items; of each item its length, seven bits a byte with
/// the least first and the eighth for one that follows, and the value.
/// </summary>
/// <param name="Round">The how-manieth piece of work for the log's next entry.</param>
/// <param name="Pass">The pass.</param>
/// <param name="First">The first item.</param>
/// <param name="Values">The values of it and those after it, as <see cref="Training.ISharedWork{T}"/> encodes them.</param>
internal sealed record ValuesBody(int Round, int Pass, int First, IReadOnlyList<ReadOnlyMemory<byte>> Values)
{
    private const int HeaderBytes = 4 * sizeof(uint);
    private const int LengthBits = 7;
    private const int More = 1 << LengthBits;

    // As many as the length of a whole message takes.
    private const int MostLengthBytes = 3;

    /// <summary>Bytes of values without any.</summary>
    public const int LeastBytes = HeaderBytes;

    /// <summary>Bytes that a value takes.</summary>
    public static long BytesOf(ReadOnlyMemory<byte> value) => LengthBytes(value.Length) + (long)value.Length;

    /// <summary>The values as bytes.</summary>
    public byte[] Encode()
    {
        byte[] bytes = new byte[checked((int)(HeaderBytes + Values.Sum(BytesOf)))];
        var rest = bytes.AsSpan();
        foreach (int number in (ReadOnlySpan<int>)[Round, Pass, First, Values.Count])
        {
            BinaryPrimitives.WriteInt32LittleEndian(rest, number);
            rest = rest[sizeof(int)..];
        }

        foreach (var value in Values)
        {
            WriteLength(ref rest, value.Length);
            value.Span.CopyTo(rest);
            rest = rest[value.Length..];
        }

        return bytes;
    }

    /// <summary>Reads values; null where the bytes are none.</summary>
    public static ValuesBody? Decode(ReadOnlyMemory<byte> bytes)
    {
        if (bytes.Length < HeaderBytes)
        {
            return null;
        }

        int Number(int index) => BinaryPrimitives.ReadInt32LittleEndian(bytes.Span[(index * sizeof(int))..]);
        var (round, pass, first, items) = (Number(0), Number(1), Number(2), Number(3));
        if (round < 0 || pass < 0 || first < 0 || items < 1 || items > bytes.Length - HeaderBytes)
        {
            return null;
        }

        var values = new List<ReadOnlyMemory<byte>>(items);
        var rest = bytes[HeaderBytes..];
        while (values.Count < items)
        {
            if (ReadLength(rest.Span) is not var (length, taken) || length > rest.Length - taken)
            {
                return null;
            }

            values.Add(rest.Slice(taken, length));
            rest = rest[(taken + length)..];
        }

        return rest.IsEmpty ? new ValuesBody(round, pass, first, values) : null;
    }

    private static int LengthBytes(int length)
    {
        int bytes = 1;
        while ((length >>= LengthBits) > 0)
        {
            bytes++;
        }

        return bytes;
    }

    private static void WriteLength(ref Span<byte> rest, int length)
    {
        for (; length >> LengthBits > 0; length >>= LengthBits)
        {
            rest[0] = (byte)(length | More);
            rest = rest[1..];
        }

        rest[0] = (byte)length;
        rest = rest[1..];
    }

    // Null where there is no length of a message.
    private static (int Length, int Taken)? ReadLength(ReadOnlySpan<byte> bytes)
    {
        int length = 0;
        for (int i = 0; i < Math.Min(bytes.Length, MostLengthBytes); i++)
        {
            length |= (bytes[i] & ~More) << (LengthBits * i);
            if ((bytes[i] & More) == 0)
            {
                return (length, i + 1);
            }
        }

        return null;
    }
}
