namespace IlZo.Core.Tests;

/// <summary>The complementary error function in double precision, which .NET lacks.</summary>
internal static class ErrorFunction
{
    private const double SeriesLimit = 2.5;
    private const int FractionTerms = 60;

    /// <summary>erfc(x) = 2/√π ∫ₓ^∞ exp(−t²) dt, to about 1e-15 relative to max(erfc(x), 1e-15).</summary>
    public static double Erfc(double x)
    {
        double magnitude = Math.Abs(x);
        double tail = magnitude < SeriesLimit ? 1 - Series(magnitude) : Fraction(magnitude);
        return x < 0 ? 2 - tail : tail;
    }

    // erf(x) = 2/√π · exp(−x²) · Σ 2ⁿ x²ⁿ⁺¹ / (1·3·…·(2n+1)): all terms positive, so nothing cancels.
    private static double Series(double x)
    {
        double term = x;
        double sum = x;
        for (int n = 1; term > sum * 1e-17; n++)
        {
            term *= 2 * x * x / ((2 * n) + 1);
            sum += term;
        }

        return 2 / Math.Sqrt(Math.PI) * Math.Exp(-x * x) * sum;
    }

    // erfc(x) = exp(−x²)/√π · 1/(x + (1/2)/(x + (2/2)/(x + (3/2)/(x + …)))).
    private static double Fraction(double x)
    {
        double value = x;
        for (int n = FractionTerms; n >= 1; n--)
        {
            value = x + (0.5 * n / value);
        }

        return Math.Exp(-x * x) / (Math.Sqrt(Math.PI) * value);
    }
}
