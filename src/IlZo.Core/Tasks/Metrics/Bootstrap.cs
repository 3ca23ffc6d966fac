namespace IlZo.Tasks;

/// <summary>Confidence intervals from resampling (Efron and Tibshirani, An Introduction to the Bootstrap, 1993, chapter 13).</summary>
internal static class Bootstrap
{
    private const int Resamples = 10_000;

    /// <summary>
    /// The 95 % percentile interval of a mean: the 2.5th and 97.5th percentile of the means of samples drawn with replacement.
    /// </summary>
    /// <param name="values">At least one.</param>
    /// <param name="seed">Decides the samples; a NumPy seed.</param>
    public static (double Low, double High) MeanInterval(ReadOnlySpan<double> values, uint seed)
    {
        ArgumentOutOfRangeException.ThrowIfZero(values.Length, nameof(values));
        var random = new NumPyRandom(seed);
        double[] means = new double[Resamples];
        for (int r = 0; r < means.Length; r++)
        {
            double sum = 0;
            for (int i = 0; i < values.Length; i++)
            {
                sum += values[(int)random.NextInterval((uint)(values.Length - 1))];
            }

            means[r] = sum / values.Length;
        }

        Array.Sort(means);
        return (Percentile(means, 0.025), Percentile(means, 0.975));
    }

    // Between the two nearest values where the place is no whole number.
    private static double Percentile(double[] sorted, double share)
    {
        double place = share * (sorted.Length - 1);
        int below = (int)place;
        double next = sorted[Math.Min(below + 1, sorted.Length - 1)];
        return sorted[below] + ((place - below) * (next - sorted[below]));
    }
}
