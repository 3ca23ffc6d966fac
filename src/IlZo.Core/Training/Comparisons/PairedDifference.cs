namespace IlZo.Training;

/// <summary>
/// The mean difference of two methods over the seeds that both were trained with, and its 95 % interval by Student's t. The runs of a seed
/// have the same examples, so what a seed does to both does not count.
/// </summary>
/// <param name="Mean">The mean of the differences.</param>
/// <param name="Low">Where the interval begins; null for a single pair.</param>
/// <param name="High">Where it ends; null for a single pair.</param>
/// <param name="Pairs">How many differences there are.</param>
public sealed record PairedDifference(double Mean, double? Low, double? High, int Pairs)
{
    /// <summary>How often an interval misses what it is about.</summary>
    internal const double Outside = 0.05;

    /// <summary>The difference of values by seed, value − baseline; null where none are finite in both.</summary>
    internal static PairedDifference? Of(IEnumerable<(double Value, double Baseline)> pairs)
    {
        double[] differences = [.. pairs.Select(p => p.Value - p.Baseline).Where(double.IsFinite)];
        if (differences.Length == 0)
        {
            return null;
        }

        if (MeanEstimate.Of(differences) is not { } estimate)
        {
            return new PairedDifference(differences[0], null, null, 1);
        }

        var (low, high) = estimate.Interval(Outside);
        return new PairedDifference(estimate.Mean, low, high, differences.Length);
    }
}
