namespace IlZo.Kernels;

/// <summary>A nonlinearity, which a kernel is compiled for; they are those of <see cref="IlZo.Backends.ActivationFunction"/>.</summary>
public interface IActivation
{
    static abstract float Apply(float x);
}

/// <summary>x.</summary>
public readonly struct Identity : IActivation
{
    public static float Apply(float x) => x;
}

/// <summary>max(x, 0).</summary>
public readonly struct Relu : IActivation
{
    public static float Apply(float x) => x > 0 ? x : 0;
}

/// <summary>x·Φ(x) by the error function.</summary>
public readonly struct Gelu : IActivation
{
    public static float Apply(float x) => 0.5f * x * Erfc(-x * 0.70710678f);

    /// <summary>
    /// erfc(x) with a relative error below about 1e-6, that of fp32 included.
    /// Source: Press et al., Numerical Recipes, 6.2 (erfcc): t·exp(−x² + P(t)) with t = 1 / (1 + |x|/2).
    /// </summary>
    internal static float Erfc(float x)
    {
        float magnitude = MathF.Abs(x);
        float t = 1 / (1 + (0.5f * magnitude));
        float p = 0.17087277f;
        p = (p * t) - 0.82215223f;
        p = (p * t) + 1.48851587f;
        p = (p * t) - 1.13520398f;
        p = (p * t) + 0.27886807f;
        p = (p * t) - 0.18628806f;
        p = (p * t) + 0.09678418f;
        p = (p * t) + 0.37409196f;
        p = (p * t) + 1.00002368f;
        p = (p * t) - 1.26551223f;
        float tail = t * MathF.Exp(p - (magnitude * magnitude));
        return x < 0 ? 2 - tail : tail;
    }
}

/// <summary>GELU by the hyperbolic tangent, which is written as a logistic function: ½(1 + tanh u) = σ(2u).</summary>
public readonly struct GeluTanh : IActivation
{
    public static float Apply(float x) => x / (1 + MathF.Exp(-1.5957691f * (x + (0.044715f * x * x * x))));
}

/// <summary>x·σ(x).</summary>
public readonly struct Silu : IActivation
{
    public static float Apply(float x) => x / (1 + MathF.Exp(-x));
}

/// <summary>The hyperbolic tangent, as a logistic function: 2σ(2x) − 1.</summary>
public readonly struct Tanh : IActivation
{
    public static float Apply(float x) => (2 / (1 + MathF.Exp(-2 * x))) - 1;
}

/// <summary>x·σ(1.702 x).</summary>
public readonly struct QuickGelu : IActivation
{
    public static float Apply(float x) => x / (1 + MathF.Exp(-1.702f * x));
}
