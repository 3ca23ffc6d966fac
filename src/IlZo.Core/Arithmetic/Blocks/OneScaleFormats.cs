using System.Runtime.CompilerServices;
using IlZo.Arithmetic.Vectors;

namespace IlZo.Arithmetic.Blocks;

/// <summary>32 elements: a binary16 d and 32 signed bytes q; w = d·q, which is exact.</summary>
internal readonly unsafe struct Q8ZeroFormat : IOneScaleFormat
{
    public static int Elements => 32;

    public static int Bytes => 34;

    public static float LargestCode => 127;

    public static float Scale(byte* block) => BlockParts.Half(block);

    public static bool TrySetScale(byte* block, float scale) => BlockParts.TrySetHalf(block, scale);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Read<TVector, TSimd>(byte* block, int run, float* to)
        where TVector : struct
        where TSimd : struct, ISimd<TVector> => Read<TVector, TSimd>(block, Scale(block), run, to);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Read<TVector, TSimd>(byte* block, float scale, int run, float* to)
        where TVector : struct
        where TSimd : struct, ISimd<TVector> =>
        BlockParts.Scale<TVector, TSimd>((sbyte*)block + 2, IBlockFormat.Run, scale, to);
}

/// <summary>
/// 32 elements: a binary16 d and 16 bytes, the lower halves of which are the first 16 elements; w = d(q − 8), which is exact.
/// </summary>
internal readonly unsafe struct Q4ZeroFormat : IOneScaleFormat
{
    public static int Elements => 32;

    public static int Bytes => 18;

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
        BlockParts.Halves(block + 2, 8, q);
        BlockParts.Scale<TVector, TSimd>(q, IBlockFormat.Run, scale, to);
    }
}
