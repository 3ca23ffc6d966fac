using System.Runtime.CompilerServices;

namespace IlZo.Arithmetic.Vectors;

/// <summary>A function of one number and its derivative, with the same bits for every width of vectors.</summary>
internal interface IActivation
{
    /// <summary>f(x).</summary>
    static abstract TVector Of<TVector, TSimd>(TVector x)
        where TVector : struct
        where TSimd : struct, ISimd<TVector>;

    /// <summary>f′(x); from the left where there is none.</summary>
    static abstract TVector Slope<TVector, TSimd>(TVector x)
        where TVector : struct
        where TSimd : struct, ISimd<TVector>;
}

/// <summary>max(x, 0).</summary>
internal readonly struct Relu : IActivation
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Of<TVector, TSimd>(TVector x)
        where TVector : struct
        where TSimd : struct, ISimd<TVector> => TSimd.Max(x, TSimd.Broadcast(0));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Slope<TVector, TSimd>(TVector x)
        where TVector : struct
        where TSimd : struct, ISimd<TVector> => TSimd.SelectBelow(TSimd.Broadcast(0), x, TSimd.Broadcast(1), TSimd.Broadcast(0));
}

/// <summary>x·σ(x).</summary>
internal readonly struct Silu : IActivation
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Of<TVector, TSimd>(TVector x)
        where TVector : struct
        where TSimd : struct, ISimd<TVector>
    {
        var m = Gated<TVector, TSimd>.NegativeMagnitude(x, Gated<TVector, TSimd>.Largest);
        return Gated<TVector, TSimd>.Gate(x, m, Gated<TVector, TSimd>.Sigmoid(m));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Slope<TVector, TSimd>(TVector x)
        where TVector : struct
        where TSimd : struct, ISimd<TVector>
    {
        var m = Gated<TVector, TSimd>.NegativeMagnitude(x, Gated<TVector, TSimd>.Largest);
        return Gated<TVector, TSimd>.SlopeOfSigmoid(x, m, Gated<TVector, TSimd>.Sigmoid(m), TSimd.Broadcast(1));
    }
}

/// <summary>x·σ(1.702 x).</summary>
internal readonly struct QuickGelu : IActivation
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Of<TVector, TSimd>(TVector x)
        where TVector : struct
        where TSimd : struct, ISimd<TVector>
    {
        var m = Gated<TVector, TSimd>.NegativeMagnitude(x, Gated<TVector, TSimd>.Largest);
        return Gated<TVector, TSimd>.Gate(x, m, Gated<TVector, TSimd>.Sigmoid(TSimd.Multiply(m, TSimd.Broadcast(1.702f))));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Slope<TVector, TSimd>(TVector x)
        where TVector : struct
        where TSimd : struct, ISimd<TVector>
    {
        var m = Gated<TVector, TSimd>.NegativeMagnitude(x, Gated<TVector, TSimd>.Largest);
        var factor = TSimd.Broadcast(1.702f);
        return Gated<TVector, TSimd>.SlopeOfSigmoid(x, m, Gated<TVector, TSimd>.Sigmoid(TSimd.Multiply(m, factor)), factor);
    }
}

/// <summary>½x(1 + tanh(√(2/π)(x + 0.044715x³))), which is x·σ of twice the argument of the tangent.</summary>
internal readonly struct GeluTanh : IActivation
{
    // 2√(2/π).
    private const float Scale = 1.59576912f;
    private const float Cubic = 0.044715f;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Of<TVector, TSimd>(TVector x)
        where TVector : struct
        where TSimd : struct, ISimd<TVector>
    {
        var m = Gated<TVector, TSimd>.NegativeMagnitude(x, Gated<TVector, TSimd>.Largest);
        var growth = TSimd.FusedMultiplyAdd(TSimd.Multiply(m, m), TSimd.Broadcast(Scale * Cubic), TSimd.Broadcast(Scale));
        return Gated<TVector, TSimd>.Gate(x, m, Gated<TVector, TSimd>.Sigmoid(TSimd.Multiply(m, growth)));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Slope<TVector, TSimd>(TVector x)
        where TVector : struct
        where TSimd : struct, ISimd<TVector>
    {
        var m = Gated<TVector, TSimd>.NegativeMagnitude(x, Gated<TVector, TSimd>.Largest);
        var square = TSimd.Multiply(m, m);
        var growth = TSimd.FusedMultiplyAdd(square, TSimd.Broadcast(Scale * Cubic), TSimd.Broadcast(Scale));
        var slope = TSimd.FusedMultiplyAdd(square, TSimd.Broadcast(3 * Scale * Cubic), TSimd.Broadcast(Scale));
        return Gated<TVector, TSimd>.SlopeOfSigmoid(x, m, Gated<TVector, TSimd>.Sigmoid(TSimd.Multiply(m, growth)), slope);
    }
}

/// <summary>x·Φ(x) with the normal distribution function.</summary>
/// <remarks>
/// Φ(−u) = exp(−u²/2) · d · p(1 − 2d) with d = 3/(u + 3), p fitted at Chebyshev's nodes (relative error 4e-8 for u up to 13.3, where the
/// exponential becomes 0).
/// </remarks>
internal readonly struct Gelu : IActivation
{
    // Beyond it Φ(−u) is 0.
    private const float Largest = 14;

    // 1/√(2π), the density of the normal distribution at 0.
    private const float Peak = 0.398942280f;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Of<TVector, TSimd>(TVector x)
        where TVector : struct
        where TSimd : struct, ISimd<TVector>
    {
        var m = Gated<TVector, TSimd>.NegativeMagnitude(x, Largest);
        var (density, ratio) = Tail<TVector, TSimd>(m);
        return Gated<TVector, TSimd>.Gate(x, m, TSimd.Multiply(density, ratio));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Slope<TVector, TSimd>(TVector x)
        where TVector : struct
        where TSimd : struct, ISimd<TVector>
    {
        // Φ(m) + m φ(m).
        var m = Gated<TVector, TSimd>.NegativeMagnitude(x, Largest);
        var (density, ratio) = Tail<TVector, TSimd>(m);
        var below = TSimd.Multiply(density, TSimd.FusedMultiplyAdd(m, TSimd.Broadcast(Peak), ratio));
        return Gated<TVector, TSimd>.OddAroundHalf(x, below);
    }

    // exp(−m²/2), and Φ(m) over that, of what is not positive.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static (TVector Density, TVector Ratio) Tail<TVector, TSimd>(TVector m)
        where TVector : struct
        where TSimd : struct, ISimd<TVector>
    {
        // The exponent needs more digits than m² has: exp(−(a + b)/2) = exp(−a/2)(1 − b/2), where a + b is m².
        var minusHalf = TSimd.Broadcast(-0.5f);
        var square = TSimd.Multiply(m, m);
        var rest = TSimd.FusedMultiplyAdd(m, m, TSimd.Subtract(TSimd.Broadcast(0), square));
        var density = Exponential<TVector, TSimd>.OfNonPositive(TSimd.Multiply(square, minusHalf));
        density = TSimd.FusedMultiplyAdd(density, TSimd.Multiply(rest, minusHalf), density);
        var d = TSimd.Divide(TSimd.Broadcast(3), TSimd.Subtract(TSimd.Broadcast(3), m));
        var t = TSimd.FusedMultiplyAdd(d, TSimd.Broadcast(-2), TSimd.Broadcast(1));
        var p = TSimd.FusedMultiplyAdd(TSimd.Broadcast(9.96296149e-06f), t, TSimd.Broadcast(-7.96113891e-05f));
        p = TSimd.FusedMultiplyAdd(p, t, TSimd.Broadcast(-0.00031307363f));
        p = TSimd.FusedMultiplyAdd(p, t, TSimd.Broadcast(0.000348788075f));
        p = TSimd.FusedMultiplyAdd(p, t, TSimd.Broadcast(0.0023132409f));
        p = TSimd.FusedMultiplyAdd(p, t, TSimd.Broadcast(-0.0034901381f));
        p = TSimd.FusedMultiplyAdd(p, t, TSimd.Broadcast(-0.0157530066f));
        p = TSimd.FusedMultiplyAdd(p, t, TSimd.Broadcast(0.0766728148f));
        p = TSimd.FusedMultiplyAdd(p, t, TSimd.Broadcast(-0.169777378f));
        p = TSimd.FusedMultiplyAdd(p, t, TSimd.Broadcast(0.243027896f));
        return (density, TSimd.Multiply(d, p));
    }
}

/// <summary>The hyperbolic tangent.</summary>
/// <remarks>Source of the polynomial below 0.625: S. L. Moshier, Cephes, tanhf.c.</remarks>
internal readonly struct Tanh : IActivation
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Of<TVector, TSimd>(TVector x)
        where TVector : struct
        where TSimd : struct, ISimd<TVector>
    {
        var one = TSimd.Broadcast(1);
        var zero = TSimd.Broadcast(0);
        var magnitude = TSimd.Max(x, TSimd.Subtract(zero, x));
        var t = Exponential<TVector, TSimd>.OfNonPositive(TSimd.Multiply(magnitude, TSimd.Broadcast(-2)));
        var large = TSimd.Divide(TSimd.Subtract(one, t), TSimd.Add(one, t));
        large = TSimd.SelectBelow(x, zero, TSimd.Subtract(zero, large), large);
        var z = TSimd.Multiply(x, x);
        var p = TSimd.FusedMultiplyAdd(TSimd.Broadcast(-5.70498872745e-3f), z, TSimd.Broadcast(2.06390887954e-2f));
        p = TSimd.FusedMultiplyAdd(p, z, TSimd.Broadcast(-5.37397155531e-2f));
        p = TSimd.FusedMultiplyAdd(p, z, TSimd.Broadcast(1.33314422036e-1f));
        p = TSimd.FusedMultiplyAdd(p, z, TSimd.Broadcast(-3.33332819422e-1f));
        var small = TSimd.FusedMultiplyAdd(TSimd.Multiply(p, z), x, x);
        return TSimd.SelectBelow(magnitude, TSimd.Broadcast(0.625f), small, large);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Slope<TVector, TSimd>(TVector x)
        where TVector : struct
        where TSimd : struct, ISimd<TVector>
    {
        // 1 − tanh² = 4t/(1 + t)² with t = exp(−2|x|), which keeps its digits where tanh is near 1.
        var magnitude = TSimd.Max(x, TSimd.Subtract(TSimd.Broadcast(0), x));
        var t = Exponential<TVector, TSimd>.OfNonPositive(TSimd.Multiply(magnitude, TSimd.Broadcast(-2)));
        var sum = TSimd.Add(TSimd.Broadcast(1), t);
        return TSimd.Divide(TSimd.Multiply(t, TSimd.Broadcast(4)), TSimd.Multiply(sum, sum));
    }
}

/// <summary>
/// Functions of the form x·Φ(x) with Φ(x) + Φ(−x) = 1: they are max(x, 0) − |x|·Φ(−|x|), whose second term dies out on both sides.
/// </summary>
/// <typeparam name="TVector">A vector of fp32.</typeparam>
/// <typeparam name="TSimd">Its operations.</typeparam>
internal static class Gated<TVector, TSimd>
    where TVector : struct
    where TSimd : struct, ISimd<TVector>
{
    /// <summary>Beyond it the second term is 0.</summary>
    public const float Largest = 88;

    /// <summary>max(x, 0) + m·Φ(m).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Gate(TVector x, TVector m, TVector share) => TSimd.FusedMultiplyAdd(m, share, TSimd.Max(x, TSimd.Broadcast(0)));

    /// <summary>
    /// The derivative of x·Φ(x), which is 1 less that at −x, of that at −|x|.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector OddAroundHalf(TVector x, TVector below) =>
        TSimd.SelectBelow(x, TSimd.Broadcast(0), below, TSimd.Subtract(TSimd.Broadcast(1), below));

    /// <summary>The derivative of x·σ(a(x)) with an odd a: σ + m a′ σ(1 − σ) at m = −|x|.</summary>
    /// <param name="x">x.</param>
    /// <param name="m">−|x|.</param>
    /// <param name="share">σ(a(m)).</param>
    /// <param name="slope">a′(m).</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector SlopeOfSigmoid(TVector x, TVector m, TVector share, TVector slope)
    {
        var rest = TSimd.Subtract(TSimd.Broadcast(1), share);
        var growth = TSimd.Multiply(TSimd.Multiply(m, slope), rest);
        return OddAroundHalf(x, TSimd.FusedMultiplyAdd(share, growth, share));
    }

    /// <summary>−min(|x|, limit).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector NegativeMagnitude(TVector x, float limit)
    {
        var magnitude = TSimd.Max(x, TSimd.Subtract(TSimd.Broadcast(0), x));
        return TSimd.Max(TSimd.Subtract(TSimd.Broadcast(0), magnitude), TSimd.Broadcast(-limit));
    }

    /// <summary>σ of what is not positive.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Sigmoid(TVector x)
    {
        var e = Exponential<TVector, TSimd>.OfNonPositive(x);
        return TSimd.Divide(e, TSimd.Add(e, TSimd.Broadcast(1)));
    }
}
