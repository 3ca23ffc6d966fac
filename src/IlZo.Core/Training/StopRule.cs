using IlZo.Optimizers;
using IlZo.Tasks;

namespace IlZo.Training;

/// <summary>Why a run ended before its last step.</summary>
public enum EarlyStop
{
    /// <summary>No evaluation was better for as many as the user's patience allows.</summary>
    Patience,

    /// <summary>The loss passed a multiple of what it was at the start.</summary>
    Divergence,
}

/// <summary>
/// When a run ends before its last step. It diverges when the mean loss of its last <see cref="Window"/> steps, or a dev loss, passes a
/// multiple of the loss at the start or is not a finite number. The start is the dev loss before the first step; without dev examples, the
/// test loss then; without test examples, the mean loss of the first <see cref="Window"/> steps. It is a function of the log, so a
/// continued run ends where an uninterrupted one does.
/// </summary>
/// <param name="factor">The multiple; 0 for never.</param>
/// <param name="patience">Evaluations without a better one; null for any number.</param>
/// <param name="objective">The metric whose negative losses are, which does not diverge; null for none.</param>
internal sealed class StopRule(double factor, int? patience, IExampleMetric? objective)
{
    /// <summary>Steps whose mean loss counts.</summary>
    public const int Window = 10;

    /// <summary>The reason to end here, or null.</summary>
    public EarlyStop? Of(RunHistory history) =>
        factor > 0 && objective is null && HasDiverged(history) ? EarlyStop.Divergence
        : history.EvaluationsSinceBest >= patience && history.LastDevLoss is not null ? EarlyStop.Patience
        : null;

    private bool HasDiverged(RunHistory history)
    {
        if (Start(history) is not { } start || !(start > 0))
        {
            return false;
        }

        double limit = factor * start;
        bool steps = history.Records.Count >= Window && !(MeanLoss(history.Records.TakeLast(Window)) <= limit);
        bool evaluation = history.LastDevLoss is { } dev && !(dev <= limit);
        return steps || evaluation;
    }

    private static double? Start(RunHistory history)
    {
        double? start = history.Start?.Loss ?? history.ZeroShot?.Loss;
        return start is { } loss && double.IsFinite(loss) ? loss
            : history.Records.Count >= Window ? MeanLoss(history.Records.Take(Window))
            : null;
    }

    // Not a number where all of them were skipped.
    private static double MeanLoss(IEnumerable<StepRecord> records)
    {
        double[] losses = [.. records.Where(r => !r.Skipped).Select(r => r.MeanLoss)];
        return losses.Length > 0 ? losses.Average() : double.NaN;
    }
}
