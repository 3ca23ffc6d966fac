using IlZo.Arithmetic.Vectors;

namespace IlZo.Arithmetic.Blocks;

/// <summary>
/// A format whose blocks have one scale, which another can stand for while they are read: w = scale · code, rounded once.
/// </summary>
internal unsafe interface IOneScaleFormat : IBlockFormat
{
    /// <summary>The largest magnitude of a code; where zero may be any code, that with zero in the middle.</summary>
    static abstract float LargestCode { get; }

    /// <summary>The scale as it is stored.</summary>
    static abstract float Scale(byte* block);

    /// <summary>Stores a scale, rounded to nearest even in its type.</summary>
    /// <returns>False where it overflows.</returns>
    static abstract bool TrySetScale(byte* block, float scale);

    /// <summary>Writes the elements of a run as they would be with another scale.</summary>
    /// <param name="block">The block.</param>
    /// <param name="scale">The scale.</param>
    /// <param name="run">Which run of the block.</param>
    /// <param name="to">Receives <see cref="IBlockFormat.Run"/> numbers.</param>
    static abstract void Read<TVector, TSimd>(byte* block, float scale, int run, float* to)
        where TVector : struct
        where TSimd : struct, ISimd<TVector>;
}
