using System.Buffers.Binary;
using System.Numerics.Tensors;
using System.Runtime.InteropServices;

namespace IlZo.Gguf;

/// <summary>
/// The types of stored numbers that are read, and what their blocks hold. Source: ggml-org/ggml src/ggml-common.h and ggml-quants.c
/// (dequantize_row_*).
/// </summary>
internal static class GgufBlocks
{
    private static readonly Dictionary<uint, BlockType> s_types = new()
    {
        [0] = new("F32", 1, 4, (block, to) => to[0] = BinaryPrimitives.ReadSingleLittleEndian(block)),
        [1] = new("F16", 1, 2, (block, to) => to[0] = (float)BinaryPrimitives.ReadHalfLittleEndian(block)),
        [2] = new("Q4_0", 32, 18, Q4_0),
        [8] = new("Q8_0", 32, 34, Q8_0),
        [12] = new("Q4_K", 256, 144, Q4_K),
        [14] = new("Q6_K", 256, 210, Q6_K),
        [30] = new("BF16", 1, 2, (block, to) => to[0] = BitConverter.UInt32BitsToSingle(
            (uint)BinaryPrimitives.ReadUInt16LittleEndian(block) << 16)),
    };

    /// <summary>The names of all of them.</summary>
    public static string Names => string.Join(", ", s_types.Values.Select(t => t.Name));

    /// <summary>The type of a code; null where it is none that is read.</summary>
    public static BlockType? Find(uint code) => s_types.GetValueOrDefault(code);

    // d·q.
    private static void Q8_0(ReadOnlySpan<byte> block, Span<float> to)
    {
        float d = Scale(block);
        var q = MemoryMarshal.Cast<byte, sbyte>(block[2..]);
        for (int i = 0; i < to.Length; i++)
        {
            to[i] = d * q[i];
        }
    }

    // d(q − 8), the lower halves of the bytes first.
    private static void Q4_0(ReadOnlySpan<byte> block, Span<float> to)
    {
        float d = Scale(block);
        for (int i = 0; i < 16; i++)
        {
            to[i] = d * ((block[2 + i] & 15) - 8);
            to[i + 16] = d * ((block[2 + i] >> 4) - 8);
        }
    }

    // d·s·q − m·l for each of 8 runs of 32, with s and l of 6 bits; two runs share 32 bytes.
    private static void Q4_K(ReadOnlySpan<byte> block, Span<float> to)
    {
        float d = Scale(block);
        float least = Scale(block[2..]);
        var packed = block.Slice(4, 12);
        for (int run = 0; run < 8; run++)
        {
            var (scale, offset) = run < 4
                ? (packed[run] & 63, packed[run + 4] & 63)
                : ((packed[run + 4] & 15) | (packed[run - 4] >> 6 << 4), (packed[run + 4] >> 4) | (packed[run] >> 6 << 4));
            float step = d * scale;
            float below = least * offset;
            var q = block.Slice(16 + (run / 2 * 32), 32);
            for (int i = 0; i < 32; i++)
            {
                to[(32 * run) + i] = (step * (run % 2 == 0 ? q[i] & 15 : q[i] >> 4)) - below;
            }
        }
    }

    // d·s·(q − 32): the lower 4 bits of q in 128 bytes, the upper 2 in 64, a signed s for each 16.
    private static void Q6_K(ReadOnlySpan<byte> block, Span<float> to)
    {
        float d = Scale(block[208..]);
        var scales = MemoryMarshal.Cast<byte, sbyte>(block.Slice(192, 16));
        for (int half = 0; half < 2; half++)
        {
            var lower = block.Slice(64 * half, 64);
            var upper = block.Slice(128 + (32 * half), 32);
            for (int i = 0; i < 128; i++)
            {
                int nibble = i < 64 ? lower[i] & 15 : lower[i - 64] >> 4;
                int q = nibble | (((upper[i % 32] >> (2 * (i / 32))) & 3) << 4);
                to[(128 * half) + i] = d * scales[(8 * half) + (i / 16)] * (q - 32);
            }
        }
    }

    private static float Scale(ReadOnlySpan<byte> block) => (float)BinaryPrimitives.ReadHalfLittleEndian(block);
}

/// <summary>Writes the numbers of a block.</summary>
internal delegate void BlockDecoder(ReadOnlySpan<byte> block, Span<float> destination);

/// <summary>A type of stored numbers.</summary>
/// <param name="Name">Its name in the format.</param>
/// <param name="Numbers">Numbers of a block.</param>
/// <param name="Bytes">Bytes of a block.</param>
/// <param name="Decode">Writes the numbers of a block.</param>
internal sealed record BlockType(string Name, int Numbers, int Bytes, BlockDecoder Decode)
{
    /// <summary>Writes the numbers of a row, a whole number of blocks.</summary>
    public void DecodeRow(ReadOnlySpan<byte> row, Span<float> destination)
    {
        for (int block = 0; block < destination.Length / Numbers; block++)
        {
            Decode(row.Slice(block * Bytes, Bytes), destination.Slice(block * Numbers, Numbers));
        }
    }
}
