namespace IlZo.Training;

/// <summary>
/// How many forward passes a method takes to a loss, relative to the baseline: the exponential of the mean of paired log ratios. Below 1
/// the method is cheaper.
/// </summary>
/// <param name="Ratio">The ratio.</param>
/// <param name="Low">Where its 95 % interval (Student's t) begins.</param>
/// <param name="High">Where that ends.</param>
/// <param name="PValue">The probability of a ratio as far from 1, or farther, where the true one is 1.</param>
/// <param name="HolmPValue">That probability, corrected for all ratios of the same kind in the study.</param>
/// <param name="Detectable">
/// The smallest ratio above 1, or the inverse of the largest below it, that would have been found with a probability of 0.8, at a level of
/// 0.05 over the number of ratios, which is what Holm's first step asks of it.
/// </param>
public sealed record PassesRatio(double Ratio, double Low, double High, double PValue, double HolmPValue, double Detectable)
{
    private const double Power = 0.8;

    /// <summary>Ratios that belong together, and are corrected for that.</summary>
    /// <param name="logs">The mean log ratios; null where there are too few seeds.</param>
    internal static PassesRatio?[] Family(IReadOnlyList<MeanEstimate?> logs)
    {
        MeanEstimate[] known = [.. logs.OfType<MeanEstimate>()];
        var corrected = new Queue<double>(HolmCorrection.Adjust([.. known.Select(e => e.PValue)]));
        return [.. logs.Select(e => e is null ? null : Of(e, corrected.Dequeue(), known.Length))];
    }

    private static PassesRatio Of(MeanEstimate log, double corrected, int tests)
    {
        var (low, high) = log.Interval(PairedDifference.Outside);
        double detectable = log.Detectable(PairedDifference.Outside / tests, Power);
        return new PassesRatio(
            Math.Exp(log.Mean), Math.Exp(low), Math.Exp(high), log.PValue, corrected, Math.Exp(detectable));
    }
}
