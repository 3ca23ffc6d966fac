using System.Buffers;

namespace IlZo.Files;

/// <summary>
/// Whole numbers in as few bytes as they need: seven bits a byte, the least first, and the eighth bit where another byte follows. Source:
/// protobuf.dev/programming-guides/encoding.
/// </summary>
internal static class Varint
{
    /// <summary>Bytes of the largest number.</summary>
    public const int MostBytes = 10;

    private const int Bits = 7;
    private const int More = 1 << Bits;

    /// <summary>Bytes that a number takes.</summary>
    public static int BytesOf(ulong value)
    {
        int bytes = 1;
        for (; value >= More; value >>= Bits)
        {
            bytes++;
        }

        return bytes;
    }

    /// <summary>Writes a number.</summary>
    public static void Write(IBufferWriter<byte> to, ulong value)
    {
        for (; value >= More; value >>= Bits)
        {
            to.Write([(byte)(value | More)]);
        }

        to.Write([(byte)value]);
    }

    /// <summary>Reads a number.</summary>
    /// <param name="bytes">What begins with it.</param>
    /// <param name="value">The number.</param>
    /// <returns>Bytes that it takes; 0 where these, or ten of them, do not end it.</returns>
    public static int Read(ReadOnlySpan<byte> bytes, out ulong value)
    {
        value = 0;
        for (int i = 0; i < Math.Min(bytes.Length, MostBytes); i++)
        {
            value |= (ulong)(bytes[i] & ~More) << (Bits * i);
            if (bytes[i] < More)
            {
                return i + 1;
            }
        }

        return 0;
    }
}
