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
