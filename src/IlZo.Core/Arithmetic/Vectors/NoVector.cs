using System.Runtime.CompilerServices;

namespace IlZo.Arithmetic.Vectors;

/// <summary>A vector that is not there: nothing is read, computed or written.</summary>
internal readonly unsafe struct NoVector<TVector> : IAccumulator<TVector>
    where TVector : struct
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Load(float* source) => default;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(TVector value, float* destination)
    {
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector FusedMultiplyAdd(TVector a, TVector b, TVector c) => c;
}
