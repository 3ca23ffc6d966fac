using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using IlZo.Arithmetic.Vectors;

namespace IlZo.Arithmetic.Blocks;

/// <summary>
/// 256 elements: binary16 d and m, a scale s and an offset l of 6 bits for each of 8 runs in 12 bytes, and 128 bytes of which two runs
/// share 32, the lower halves first; w = (d·s)q − m·l, rounded once.
/// </summary>
internal readonly unsafe struct Q4KFormat : IBlockFormat
{
    private const int Quants = 16;

    public static int Elements => 256;

    public static int Bytes => 144;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Read<TVector, TSimd>(byte* block, int run, float* to)
        where TVector : struct
        where TSimd : struct, ISimd<TVector>
    {
        byte* packed = block + 4;
        var (scale, least) = run < 4
            ? (packed[run] & 63, packed[run + 4] & 63)
            : ((packed[run + 4] & 15) | (packed[run - 4] >> 6 << 4), (packed[run + 4] >> 4) | (packed[run] >> 6 << 4));
        var step = TSimd.Broadcast(BlockParts.Half(block) * scale);
        var below = TSimd.Broadcast(-(BlockParts.Half(block + 2) * least));
        sbyte* q = stackalloc sbyte[IBlockFormat.Run];
        for (int i = 0; i < IBlockFormat.Run; i += 16)
        {
            var bytes = Vector128.Load(block + Quants + (run / 2 * 32) + i);
            ((run & 1) == 0 ? bytes & Vector128.Create((byte)15) : bytes >>> 4).Store((byte*)q + i);
        }

        // The product has 21 bits at most, so that it makes no difference whether it is rounded before the sum.
        for (int i = 0; i < IBlockFormat.Run; i += TSimd.Width)
        {
            TSimd.Store(TSimd.FusedMultiplyAdd(TSimd.WidenBytes(q + i), step, below), to + i);
        }
    }
}

/// <summary>
/// 256 elements: the lower 4 bits of q in 128 bytes, the upper 2 in 64, a signed scale s for each 16 in 16 bytes, and a binary16 d;
/// w = (d·s)(q − 32), in that order.
/// </summary>
internal readonly unsafe struct Q6KFormat : IBlockFormat
{
    private const int Upper = 128;
    private const int Scales = 192;
    private const int D = 208;

    public static int Elements => 256;

    public static int Bytes => 210;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Read<TVector, TSimd>(byte* block, int run, float* to)
        where TVector : struct
        where TSimd : struct, ISimd<TVector>
    {
        // Four runs of a half share 64 and 32 bytes: the first two have the lower halves of the 64, and each its own two bits of the 32.
        int half = run / 4, quarter = run % 4;
        byte* lower = block + (64 * half) + (32 * (quarter & 1));
        byte* upper = block + Upper + (32 * half);
        sbyte* q = stackalloc sbyte[IBlockFormat.Run];
        for (int i = 0; i < IBlockFormat.Run; i += 16)
        {
            var bytes = Vector128.Load(lower + i);
            var nibbles = quarter < 2 ? bytes & Vector128.Create((byte)15) : bytes >>> 4;
            var high = (Vector128.Load(upper + i) >>> (2 * quarter)) & Vector128.Create((byte)3);
            ((nibbles | (high << 4)) - Vector128.Create((byte)32)).Store((byte*)q + i);
        }

        float d = BlockParts.Half(block + D);
        sbyte* scales = (sbyte*)block + Scales + (2 * run);
        BlockParts.Scale<TVector, TSimd>(q, 16, d * scales[0], to);
        BlockParts.Scale<TVector, TSimd>(q + 16, 16, d * scales[1], to + 16);
    }
}
