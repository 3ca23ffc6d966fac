using IlZo.Arithmetic;

namespace IlZo.Training;

/// <summary>What a method came to on a task of a study, over the seeds that the baseline was trained with too.</summary>
/// <param name="Task">The task's name in the study.</param>
/// <param name="Setting">Its rate and radius.</param>
/// <param name="Seeds">How many seeds there are.</param>
/// <param name="Reached">How many of them reached the target.</param>
/// <param name="Passes">
/// The geometric mean of the forward passes to the target, where a run that never got there counts with all of its passes.
/// </param>
/// <param name="Ratio">Of those, to the baseline's; null for the baseline, and for fewer than two seeds.</param>
/// <param name="DevLoss">The mean dev loss at the end; null where a run's is not finite.</param>
/// <param name="TestLoss">The mean test loss at the end; null where a run's is not finite.</param>
/// <param name="TestAccuracy">The mean accuracy on the test examples; null where there is none.</param>
/// <param name="TestLossDifference">Of the test losses at the end; null for the baseline.</param>
/// <param name="TestAccuracyDifference">Of the accuracies at the end; null for the baseline, and where there are none.</param>
/// <param name="SecondsPerPass">The median of a run's seconds of training for each of its forward passes.</param>
/// <param name="StateBytes">What the method keeps beside the weights.</param>
/// <param name="PeakResidentBytes">The median of the runs' largest resident sets; null where the system did not say.</param>
public sealed record MethodOnTask(
    string Task,
    FrozenSetting Setting,
    int Seeds,
    int Reached,
    double Passes,
    PassesRatio? Ratio,
    double? DevLoss,
    double? TestLoss,
    double? TestAccuracy,
    PairedDifference? TestLossDifference,
    PairedDifference? TestAccuracyDifference,
    double SecondsPerPass,
    long StateBytes,
    double? PeakResidentBytes)
{
    /// <summary>What the runs of a method say; its ratio is left to whoever knows all of them.</summary>
    internal static MethodOnTask Of(StudiedTask task, PairedRuns runs) => new(
        task.Name,
        runs.Setting,
        runs.Own.Count,
        runs.Own.Count(r => r.ForwardPassesTo(task.Target) is not null),
        Math.Exp(runs.Own.Average(r => PairedRuns.LogPasses(r, task.Target))),
        Ratio: null,
        Mean(runs.Own.Select(r => (double?)r.Points[^1].DevLoss)),
        Mean(runs.Own.Select(r => r.Points[^1].TestLoss)),
        Mean(runs.Own.Select(r => r.Points[^1].TestAccuracy)),
        runs.IsBaseline ? null : runs.DifferenceOf(r => r.Points[^1].TestLoss),
        runs.IsBaseline ? null : runs.DifferenceOf(r => r.Points[^1].TestAccuracy),
        Statistics.Median(runs.Own.Select(r => r.Seconds / r.ForwardPasses)),
        runs.Own.Max(r => r.StateBytes),
        runs.Own.All(r => r.PeakResidentBytes is not null) ? Statistics.Median(runs.Own.Select(r => (double)r.PeakResidentBytes!)) : null);

    private static double? Mean(IEnumerable<double?> values)
    {
        double?[] all = [.. values];
        return all.All(v => v is { } number && double.IsFinite(number)) ? all.Average() : null;
    }
}
