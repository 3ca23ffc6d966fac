namespace IlZo.Arithmetic;

/// <summary>
/// Elementary functions in fp64 by additions, multiplications and divisions alone, so that every machine computes the same bits: those of
/// <see cref="Math"/> are the C library's, and the last bit depends on which.
/// </summary>
/// <remarks>
/// Source of reductions and coefficients: FDLIBM 5.3 (Sun Microsystems, 1993), e_exp.c, e_log.c, k_sin.c, k_cos.c and e_rem_pio2.c.
/// </remarks>
internal static class ElementaryFunctions
{
    private const double Log2OfE = 1.44269504088896338700;
    private const double Ln2High = 6.93147180369123816490e-01;
    private const double Ln2Low = 1.90821492927058770002e-10;

    // π/2 as two numbers of 33 bits, whose products with an integer of 20 bits are exact, and the rest of it.
    private const double HalfPiHigh = 1.57079632673412561417;
    private const double HalfPiMiddle = 6.07710050630396597660e-11;
    private const double HalfPiLow = 2.02226624879595063154e-21;

    /// <summary>eˣ, within one unit in the last place where the result is normal.</summary>
    public static double Exp(double x)
    {
        if (double.IsNaN(x))
        {
            return x;
        }

        if (x > 709.782712893383973096)
        {
            return double.PositiveInfinity;
        }

        if (x < -745.13321910194110842)
        {
            return 0;
        }

        // x = k ln 2 + r, and a rational function of r.
        int k = (int)Math.Round(x * Log2OfE);
        double high = x - (k * Ln2High);
        double low = k * Ln2Low;
        double r = high - low;
        double t = r * r;
        double c = r - (t * (1.66666666666666019037e-01 + (t * (-2.77777777770155933842e-03 + (t * (6.61375632143793436117e-05
            + (t * (-1.65339022054652515390e-06 + (t * 4.13813679705723846039e-08)))))))));
        return Math.ScaleB(1 - ((low - (r * c / (2 - c))) - high), k);
    }

    /// <summary>ln x, within one unit in the last place; NaN below 0.</summary>
    public static double Log(double x)
    {
        if (!(x > 0) || double.IsPositiveInfinity(x))
        {
            return x == 0 ? double.NegativeInfinity : x < 0 ? double.NaN : x;
        }

        // x = 2ᵏ(1 + f) with 1 + f between √½ and √2.
        int k = Math.ILogB(x);
        double m = Math.ScaleB(x, -k);
        if (m > 1.41421356237309504880)
        {
            m *= 0.5;
            k++;
        }

        double f = m - 1;
        double half = 0.5 * f * f;
        double s = f / (2 + f);
        double z = s * s;
        double w = z * z;
        double even = w * (3.999999999940941908e-01 + (w * (2.222219843214978396e-01 + (w * 1.531383769920937332e-01))));
        double odd = z * (6.666666666666735130e-01 + (w * (2.857142874366239149e-01
            + (w * (1.818357216161805012e-01 + (w * 1.479819860511658591e-01))))));
        return ((s * (half + (even + odd))) + (k * Ln2Low)) - half + f + (k * Ln2High);
    }

    /// <summary>xʸ = exp(y ln x) of a positive x, with a relative error of about 2⁻⁵²(1 + |y ln x|).</summary>
    public static double Pow(double x, double y) => Exp(y * Log(x));

    /// <summary>sin x, within one unit in the last place for |x| up to 2²⁰; beyond that the error grows with x.</summary>
    public static double Sin(double x) => Turn(x, 0);

    /// <summary>cos x, within one unit in the last place for |x| up to 2²⁰; beyond that the error grows with x.</summary>
    public static double Cos(double x) => Turn(x, 1);

    // sin(x + quarters · π/2).
    private static double Turn(double x, int quarters)
    {
        double n = Math.Round(x * (2 / Math.PI));
        double first = x - (n * HalfPiHigh);
        double second = n * HalfPiMiddle;
        double rest = first - second;
        double lost = (n * HalfPiLow) - ((first - rest) - second);
        double r = rest - lost;
        double tail = (rest - r) - lost;
        double value = (((long)n + quarters) & 1) == 0 ? SinKernel(r, tail) : CosKernel(r, tail);
        return (((long)n + quarters) & 2) == 0 ? value : -value;
    }

    // Of r + tail within ±π/4.
    private static double SinKernel(double r, double tail)
    {
        double z = r * r;
        double v = z * r;
        double s = 8.33333333332248946124e-03 + (z * (-1.98412698298579493134e-04 + (z * (2.75573137070700676789e-06
            + (z * (-2.50507602534068634195e-08 + (z * 1.58969099521155010221e-10)))))));
        return r - (((z * ((0.5 * tail) - (v * s))) - tail) - (v * -1.66666666666666324348e-01));
    }

    private static double CosKernel(double r, double tail)
    {
        double z = r * r;
        double s = z * (4.16666666666666019037e-02 + (z * (-1.38888888888741095749e-03 + (z * (2.48015872894767294178e-05
            + (z * (-2.75573143513906633035e-07 + (z * (2.08757232129817482790e-09 + (z * -1.13596475577881948265e-11))))))))));
        double half = 0.5 * z;
        double w = 1 - half;
        return w + (((1 - w) - half) + ((z * s) - (r * tail)));
    }
}
