using System.Buffers;
using System.Buffers.Binary;
using IlZo.Files;

namespace IlZo.Clusters;

/// <summary>
/// Values of work. Bytes, little-endian: u32 round; u32 pass; u32 first item; u32 items; of each item its length (<see cref="Varint"/>)
/// and the value.
/// </summary>
/// <param name="Round">The how-manieth piece of work for the log's next entry.</param>
/// <param name="Pass">The pass.</param>
/// <param name="First">The first item.</param>
/// <param name="Values">The values of it and those after it, as <see cref="Training.ISharedWork{T}"/> encodes them.</param>
internal sealed record ValuesBody(int Round, int Pass, int First, IReadOnlyList<ReadOnlyMemory<byte>> Values)
{
    private const int HeaderBytes = 4 * sizeof(uint);

    /// <summary>Bytes of values without any.</summary>
    public const int LeastBytes = HeaderBytes;

    /// <summary>Bytes that a value takes.</summary>
    public static long BytesOf(ReadOnlyMemory<byte> value) => Varint.BytesOf((ulong)value.Length) + (long)value.Length;

    /// <summary>The values as bytes.</summary>
    public byte[] Encode()
    {
        var bytes = new ArrayBufferWriter<byte>(checked((int)(HeaderBytes + Values.Sum(BytesOf))));
        foreach (int number in (ReadOnlySpan<int>)[Round, Pass, First, Values.Count])
        {
            BinaryPrimitives.WriteInt32LittleEndian(bytes.GetSpan(sizeof(int)), number);
            bytes.Advance(sizeof(int));
        }

        foreach (var value in Values)
        {
            Varint.Write(bytes, (ulong)value.Length);
            bytes.Write(value.Span);
        }

        return bytes.WrittenSpan.ToArray();
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
            int taken = Varint.Read(rest.Span, out ulong length);
            if (taken == 0 || length > (ulong)(rest.Length - taken))
            {
                return null;
            }

            values.Add(rest.Slice(taken, (int)length));
            rest = rest[(taken + (int)length)..];
        }

        return rest.IsEmpty ? new ValuesBody(round, pass, first, values) : null;
    }
}
