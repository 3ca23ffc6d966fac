using System.Runtime.CompilerServices;

namespace IlZo.Arithmetic.Vectors;

/// <summary>The exponential function in fp32 alone, with the same bits for every width of vectors.</summary>
/// <typeparam name="TVector">A vector of fp32.</typeparam>
/// <typeparam name="TSimd">Its operations.</typeparam>
internal static class Exponential<TVector, TSimd>
    where TVector : struct
    where TSimd : struct, ISimd<TVector>
{
    private const float Log2OfE = 1.44269504f;

    // Below it the result would be subnormal.
    private const float Least = -87.3f;

    // Added to a small integer it leaves the nearest one in the low bits, more by the bias of an exponent.
    private const float Rounder = (3 << 22) + 127;

    // ln 2 with 9 bits, which products with an exponent keep exact, and the rest of it.
    private const float Ln2High = 0.693359375f;
    private const float Ln2Low = -2.12194440e-4f;

    /// <summary>eˣ for x up to 0, within one unit in the last place; 0 where it is below 1e-38, and for −∞.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector OfNonPositive(TVector x)
    {
        // x = n ln 2 + r with |r| at most ln 2 / 2, and eʳ = 1 + r + r² q(r) with a q fitted at Chebyshev's nodes (relative error 1e-8).
        var shifted = TSimd.FusedMultiplyAdd(x, TSimd.Broadcast(Log2OfE), TSimd.Broadcast(Rounder));
        var n = TSimd.Subtract(shifted, TSimd.Broadcast(Rounder));
        var r = TSimd.FusedMultiplyAdd(n, TSimd.Broadcast(-Ln2High), x);
        r = TSimd.FusedMultiplyAdd(n, TSimd.Broadcast(-Ln2Low), r);
        var sum = TSimd.FusedMultiplyAdd(TSimd.Broadcast(0.00139281922f), r, TSimd.Broadcast(0.00836319476f));
        sum = TSimd.FusedMultiplyAdd(sum, r, TSimd.Broadcast(0.0416665263f));
        sum = TSimd.FusedMultiplyAdd(sum, r, TSimd.Broadcast(0.166665763f));
        sum = TSimd.FusedMultiplyAdd(sum, r, TSimd.Broadcast(0.5f));
        sum = TSimd.FusedMultiplyAdd(sum, r, TSimd.Broadcast(1));
        sum = TSimd.FusedMultiplyAdd(sum, r, TSimd.Broadcast(1));
        return TSimd.SelectBelow(x, TSimd.Broadcast(Least), TSimd.Broadcast(0), TSimd.Multiply(sum, TSimd.ShiftToExponent(shifted)));
    }
}
