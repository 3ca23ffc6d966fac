using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace IlZo.Arithmetic.Vectors;

/// <summary>Something that is computed alike whatever the width of vectors.</summary>
internal interface IVectorWork
{
    /// <summary>Does it.</summary>
    /// <typeparam name="TVector">A vector of fp32.</typeparam>
    /// <typeparam name="TSimd">Its operations.</typeparam>
    void Do<TVector, TSimd>()
        where TVector : struct
        where TSimd : struct, ISimd<TVector>;
}

/// <summary>The width of this processor's vectors. It is known when the code is compiled, so the choice costs nothing.</summary>
internal static class VectorWidth
{
    /// <summary>Does something with the widest vectors there are.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Use<TWork>(TWork work)
        where TWork : struct, IVectorWork
    {
        if (Vector512.IsHardwareAccelerated && Avx512F.IsSupported)
        {
            work.Do<Vector512<float>, Simd512>();
        }
        else if (Avx2.IsSupported)
        {
            work.Do<Vector256<float>, Simd256>();
        }
        else if (Vector128.IsHardwareAccelerated)
        {
            work.Do<Vector128<float>, Simd128>();
        }
        else
        {
            work.Do<float, Scalar>();
        }
    }
}
