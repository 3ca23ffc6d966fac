using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using IlZo.Arithmetic.Vectors;

namespace IlZo.Arithmetic.Blocks;

/// <summary>
/// How blocks become fp32. What a format says is one rounding at most, or in a stated order, so that every width of vectors gives the same
/// bits. Source of those of GGUF: ggml-org/ggml, src/ggml-common.h and ggml-quants.c (dequantize_row_*).
/// </summary>
internal unsafe interface IBlockFormat
{
    /// <summary>Elements that are read at a time; blocks consist of whole runs.</summary>
    const int Run = 32;

    /// <summary>Elements of a block.</summary>
    static abstract int Elements { get; }

    /// <summary>Bytes of a block.</summary>
    static abstract int Bytes { get; }

    /// <summary>Writes the elements of a run.</summary>
    /// <param name="block">The block.</param>
    /// <param name="run">Which run of the block.</param>
    /// <param name="to">Receives <see cref="Run"/> numbers.</param>
    static abstract void Read<TVector, TSimd>(byte* block, int run, float* to)
        where TVector : struct
        where TSimd : struct, ISimd<TVector>;
}

/// <summary>What the formats are made of.</summary>
internal static unsafe class BlockParts
{
    /// <summary>A binary16 as fp32.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Half(byte* source) => (float)BitConverter.UInt16BitsToHalf(Unsafe.ReadUnaligned<ushort>(source));

    /// <summary>to = scale · q for whole vectors of signed bytes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Scale<TVector, TSimd>(sbyte* q, int count, float scale, float* to)
        where TVector : struct
        where TSimd : struct, ISimd<TVector>
    {
        var factor = TSimd.Broadcast(scale);
        for (int i = 0; i < count; i += TSimd.Width)
        {
            TSimd.Store(TSimd.Multiply(TSimd.WidenBytes(q + i), factor), to + i);
        }
    }

    /// <summary>The lower halves of 16 bytes, then the upper ones, each less a number.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Halves(byte* source, int less, sbyte* q)
    {
        var bytes = Vector128.Load(source);
        var offset = Vector128.Create((byte)less);
        ((bytes & Vector128.Create((byte)15)) - offset).Store((byte*)q);
        ((bytes >>> 4) - offset).Store((byte*)q + 16);
    }
}
