using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace IlZo.Backends.Cpu.Emitted;

/// <summary>
/// The exponential function in fp32 alone. <see cref="Vector512.Exp(Vector512{float})"/> computes in fp64, which takes about three times as
/// long and is more exact than bfloat16 operands are.
/// </summary>
internal static class FastExponential
{
    private const float Log2OfE = 1.44269504f;

    // Below it the result would be subnormal.
    private const float Least = -87.3f;

    // Added to a small number, it leaves the nearest integer in the low bits.
    private const float Rounder = 3 << 22;

    // ln 2 with 9 bits, which products with an exponent keep exact, and the rest of it.
    private const float Ln2High = 0.693359375f;
    private const float Ln2Low = -2.12194440e-4f;

    /// <summary>eˣ for x up to 0, with a relative error below 2e-7; 0 where it is below 1e-38, and for −∞.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> OfNonPositive(Vector512<float> x)
    {
        // x = n ln 2 + r with |r| at most ln 2 / 2, and the series of eʳ.
        var shifted = Vector512.FusedMultiplyAdd(x, Vector512.Create(Log2OfE), Vector512.Create(Rounder));
        var n = shifted - Vector512.Create(Rounder);
        var r = Vector512.FusedMultiplyAdd(n, Vector512.Create(-Ln2High), x);
        r = Vector512.FusedMultiplyAdd(n, Vector512.Create(-Ln2Low), r);
        var sum = Vector512.Create(1 / 5040f);
        sum = Vector512.FusedMultiplyAdd(sum, r, Vector512.Create(1 / 720f));
        sum = Vector512.FusedMultiplyAdd(sum, r, Vector512.Create(1 / 120f));
        sum = Vector512.FusedMultiplyAdd(sum, r, Vector512.Create(1 / 24f));
        sum = Vector512.FusedMultiplyAdd(sum, r, Vector512.Create(1 / 6f));
        sum = Vector512.FusedMultiplyAdd(sum, r, Vector512.Create(1 / 2f));
        sum = Vector512.FusedMultiplyAdd(sum, r, Vector512<float>.One);
        sum = Vector512.FusedMultiplyAdd(sum, r, Vector512<float>.One);

        // Times 2ⁿ, by the exponent's bits.
        var result = (sum.AsInt32() + (shifted.AsInt32() << 23)).AsSingle();
        return Vector512.ConditionalSelect(Vector512.LessThan(x, Vector512.Create(Least)), Vector512<float>.Zero, result);
    }
}
