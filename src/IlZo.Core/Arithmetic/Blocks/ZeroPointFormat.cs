using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using IlZo.Arithmetic.Vectors;

namespace IlZo.Arithmetic.Blocks;

/// <summary>
/// 32 elements: a binary16 d, a byte z and 16 bytes, the lower halves of which are the first 16 elements; w = d(q − z), which is exact.
/// q − z is a signed byte, so that any z means the same on every device.
/// </summary>
internal readonly unsafe struct ZeroPointFormat : IOneScaleFormat
{
    private const int Zero = 2;
    private const int Codes = 3;

    public static int Elements => 32;

    public static int Bytes => 19;

    public static float LargestCode => 8;

    public static float Scale(byte* block) => BlockParts.Half(block);

    public static bool TrySetScale(byte* block, float scale) => BlockParts.TrySetHalf(block, scale);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Read<TVector, TSimd>(byte* block, int run, float* to)
        where TVector : struct
        where TSimd : struct, ISimd<TVector> => Read<TVector, TSimd>(block, Scale(block), run, to);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Read<TVector, TSimd>(byte* block, float scale, int run, float* to)
        where TVector : struct
        where TSimd : struct, ISimd<TVector>
    {
        sbyte* q = stackalloc sbyte[IBlockFormat.Run];
        BlockParts.Halves(block + Codes, block[Zero], q);
        BlockParts.Scale<TVector, TSimd>(q, IBlockFormat.Run, scale, to);
    }

    /// <summary>Stores a block.</summary>
    /// <param name="scale">Its scale.</param>
    /// <param name="zero">The code that stands for zero.</param>
    /// <param name="codes">The codes of its elements, from 0 to 15.</param>
    /// <param name="block">Receives <see cref="Bytes"/> bytes.</param>
    public static void Write(Half scale, int zero, ReadOnlySpan<byte> codes, Span<byte> block)
    {
        MemoryMarshal.Write(block, scale);
        block[Zero] = (byte)zero;
        for (int i = 0; i < 16; i++)
        {
            block[Codes + i] = (byte)(codes[i] | (codes[16 + i] << 4));
        }
    }
}
