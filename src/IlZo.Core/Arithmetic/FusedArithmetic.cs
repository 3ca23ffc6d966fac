using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;

namespace IlZo.Arithmetic;

/// <summary>
/// a·b + c in fp32, rounded once, on every processor: by its instruction, or exactly in fp64 where it has none. .NET's own way without the
/// instruction is a call of the C library for each number.
/// </summary>
/// <remarks>
/// The product of two fp32 numbers is exact in fp64. Its sum with c, rounded to fp64, rounds to the right fp32 number unless it lies on the
/// middle of two of them, or below the normal numbers, where fp32 has fewer bits. Such sums, which are rare, are rounded to odd first (S.
/// Boldo and G. Melquiond, "Emulation of FMA and correctly rounded sums", 2008): of the two fp64 numbers around the exact sum the one with
/// an odd last bit, from which 29 bits more than fp32 has then tell on which side of the middle the sum lies.
/// </remarks>
internal static class FusedArithmetic
{
    private const double SmallestNormal = 1.1754943508222875e-38;
    private const ulong BelowSingle = 0x1FFFFFFF;
    private const ulong Middle = 0x10000000;
    private const ulong Sign = 0x8000000000000000;

    // The bits of 1, so that no comparison meets a subnormal number.
    private const ulong One = 0x3FF0000000000000;

    private static bool HasInstruction
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Fma.IsSupported || AdvSimd.IsSupported;
    }

    /// <summary>a·b + c.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float MultiplyAdd(float a, float b, float c) => HasInstruction ? float.FusedMultiplyAdd(a, b, c) : InDouble(a, b, c);

    /// <summary>a·b + c in each lane.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> MultiplyAdd(Vector128<float> a, Vector128<float> b, Vector128<float> c) =>
        HasInstruction ? Vector128.FusedMultiplyAdd(a, b, c) : InDouble(a, b, c);

    /// <summary>As <see cref="MultiplyAdd(float, float, float)"/> where there is no instruction.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static float InDouble(float a, float b, float c)
    {
        double sum = ((double)a * b) + c;
        return (BitConverter.DoubleToUInt64Bits(sum) & BelowSingle) == Middle || (Math.Abs(sum) < SmallestNormal && sum != 0)
            ? RoundedToOdd(a, b, c)
            : (float)sum;
    }

    /// <summary>As <see cref="MultiplyAdd(Vector128{float}, Vector128{float}, Vector128{float})"/> where there is no instruction.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector128<float> InDouble(Vector128<float> a, Vector128<float> b, Vector128<float> c)
    {
        if (Avx.IsSupported)
        {
            var sum = (Avx.ConvertToVector256Double(a) * Avx.ConvertToVector256Double(b)) + Avx.ConvertToVector256Double(c);
            var small = Vector256.LessThan(sum & Vector256.Create(~Sign).AsDouble(), Vector256.Create(SmallestNormal));
            var rest = (sum & Vector256.Create(BelowSingle).AsDouble()) | Vector256.Create(One).AsDouble();
            var doubtful = Vector256.Equals(rest, Vector256.Create(One | Middle).AsDouble())
                | Vector256.AndNot(small, Vector256.Equals(sum, Vector256<double>.Zero));
            return Avx.MoveMask(doubtful) == 0 ? Avx.ConvertToVector128Single(sum) : OneByOne(a, b, c);
        }

        var lower = (Vector128.WidenLower(a) * Vector128.WidenLower(b)) + Vector128.WidenLower(c);
        var upper = (Vector128.WidenUpper(a) * Vector128.WidenUpper(b)) + Vector128.WidenUpper(c);
        return (IsDoubtful(lower) | IsDoubtful(upper)).ExtractMostSignificantBits() == 0
            ? Vector128.Narrow(lower, upper)
            : OneByOne(a, b, c);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<double> IsDoubtful(Vector128<double> sum)
    {
        var small = Vector128.LessThan(sum & Vector128.Create(~Sign).AsDouble(), Vector128.Create(SmallestNormal));
        var rest = (sum & Vector128.Create(BelowSingle).AsDouble()) | Vector128.Create(One).AsDouble();
        return Vector128.Equals(rest, Vector128.Create(One | Middle).AsDouble()) | Vector128.AndNot(
            small, Vector128.Equals(sum, Vector128<double>.Zero));
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static Vector128<float> OneByOne(Vector128<float> a, Vector128<float> b, Vector128<float> c) => Vector128.Create(
        RoundedToOdd(a[0], b[0], c[0]), RoundedToOdd(a[1], b[1], c[1]), RoundedToOdd(a[2], b[2], c[2]), RoundedToOdd(a[3], b[3], c[3]));

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static float RoundedToOdd(float a, float b, float c)
    {
        double product = (double)a * b;
        double sum = product + c;

        // D. E. Knuth's sum of two numbers: what the rounding of the sum left out, exactly. It is NaN where the sum is not finite.
        double part = sum - product;
        double error = (product - (sum - part)) + (c - part);
        ulong bits = BitConverter.DoubleToUInt64Bits(sum);
        if ((error > 0 || error < 0) && (bits & 1) == 0)
        {
            bits = error > 0 == sum > 0 ? bits + 1 : bits - 1;
        }

        return (float)BitConverter.UInt64BitsToDouble(bits);
    }
}
