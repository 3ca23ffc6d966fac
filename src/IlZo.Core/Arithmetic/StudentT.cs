namespace IlZo.Arithmetic;

/// <summary>
/// Student's t distribution with a whole number of degrees of freedom, by the finite sums of Abramowitz and Stegun, 26.7.3 and 26.7.4.
/// </summary>
internal static class StudentT
{
    /// <summary>The probability that |T| exceeds |t|.</summary>
    /// <param name="t">A value.</param>
    /// <param name="degrees">Degrees of freedom, 1 or more.</param>
    public static double TwoSided(double t, int degrees)
    {
        double angle = Math.Atan(Math.Abs(t) / Math.Sqrt(degrees));
        var (sine, cosine) = Math.SinCos(angle);
        bool isOdd = degrees % 2 == 1;
        double term = isOdd ? cosine : 1;
        double sum = degrees == 1 ? 0 : term;
        for (int k = isOdd ? 3 : 2; k < degrees; k += 2)
        {
            term *= cosine * cosine * (k - 1) / k;
            sum += term;
        }

        double within = isOdd ? 2 / Math.PI * (angle + (sine * sum)) : sine * sum;
        return Math.Clamp(1 - within, 0, 1);
    }

    /// <summary>The value that |T| exceeds with a probability.</summary>
    /// <param name="probability">The probability, above 0 and at most 1.</param>
    /// <param name="degrees">Degrees of freedom, 1 or more.</param>
    public static double Quantile(double probability, int degrees)
    {
        var (low, high) = (0.0, 1.0);
        while (TwoSided(high, degrees) > probability)
        {
            (low, high) = (high, 2 * high);
        }

        // Ends when no number lies between the two.
        for (double middle = low + ((high - low) / 2); middle > low && middle < high; middle = low + ((high - low) / 2))
        {
            (low, high) = TwoSided(middle, degrees) > probability ? (middle, high) : (low, middle);
        }

        return high;
    }
}
