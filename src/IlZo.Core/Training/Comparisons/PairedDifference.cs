using IlZo.Arithmetic;

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
    private const double Outside = 0.05;

    /// <summary>The difference of values by seed, value − baseline; null where none are finite in both.</summary>
    internal static PairedDifference? Of(IEnumerable<(double Value, double Baseline)> pairs)
    {
        double[] differences = [.. pairs.Select(p => p.Value - p.Baseline).Where(double.IsFinite)];
        if (differences.Length == 0)
        {
            return null;
        }

        double mean = differences.Average();
        if (differences.Length == 1)
        {
            return new PairedDifference(mean, null, null, 1);
        }

        int degrees = differences.Length - 1;
        double deviation = Math.Sqrt(differences.Sum(d => (d - mean) * (d - mean)) / degrees);
        double half = StudentT.Quantile(Outside, degrees) * deviation / Math.Sqrt(differences.Length);
        return new PairedDifference(mean, mean - half, mean + half, differences.Length);
    }
}
