using IlZo.Arithmetic;

namespace IlZo.Training;

/// <summary>A mean, how far off it may be, and what follows from that by Student's t.</summary>
/// <param name="Mean">The mean.</param>
/// <param name="StandardError">Its standard error, 0 or more.</param>
/// <param name="Degrees">Degrees of freedom of that, 1 or more.</param>
internal sealed record MeanEstimate(double Mean, double StandardError, int Degrees)
{
    /// <summary>The mean of values that are drawn independently; null for fewer than two.</summary>
    /// <exception cref="ArgumentException">One of them is not finite.</exception>
    public static MeanEstimate? Of(IReadOnlyList<double> values)
    {
        if (!values.All(double.IsFinite))
        {
            throw new ArgumentException("A value is not finite; finite ones were expected.", nameof(values));
        }

        if (values.Count < 2)
        {
            return null;
        }

        double mean = values.Average();
        int degrees = values.Count - 1;
        double variance = values.Sum(v => (v - mean) * (v - mean)) / degrees;
        return new MeanEstimate(mean, Math.Sqrt(variance / values.Count), degrees);
    }

    /// <summary>
    /// The mean of the means of several groups, each of which counts alike whatever its size and its spread, with Satterthwaite's degrees
    /// of freedom, rounded down.
    /// </summary>
    /// <param name="groups">The groups, one or more.</param>
    public static MeanEstimate OfMeans(IReadOnlyList<MeanEstimate> groups)
    {
        double[] variances = [.. groups.Select(g => g.StandardError * g.StandardError)];
        double sum = variances.Sum();
        double degrees = sum == 0
            ? groups.Sum(g => g.Degrees)
            : sum * sum / groups.Zip(variances).Sum(g => g.Second * g.Second / g.First.Degrees);

        // A whole number must not fall below itself by rounding.
        return new MeanEstimate(groups.Average(g => g.Mean), Math.Sqrt(sum) / groups.Count, (int)Math.Floor(degrees * (1 + 1e-12)));
    }

    /// <summary>The probability of a mean as far from zero, or farther, where the true one is zero.</summary>
    public double PValue => StandardError > 0 ? StudentT.TwoSided(Mean / StandardError, Degrees) : Mean == 0 ? 1 : 0;

    /// <summary>The interval that has the true mean with a probability.</summary>
    /// <param name="outside">The probability that it does not.</param>
    public (double Low, double High) Interval(double outside)
    {
        double half = StudentT.Quantile(outside, Degrees) * StandardError;
        return (Mean - half, Mean + half);
    }

    /// <summary>
    /// The smallest true mean that a test would have found with a probability, at the spread that was seen: the sum of the quantiles of
    /// level and power, times the standard error.
    /// </summary>
    /// <param name="level">The two-sided level of the test.</param>
    /// <param name="power">The probability, above a half and below 1.</param>
    public double Detectable(double level, double power) =>
        (StudentT.Quantile(level, Degrees) + StudentT.Quantile(2 * (1 - power), Degrees)) * StandardError;
}
