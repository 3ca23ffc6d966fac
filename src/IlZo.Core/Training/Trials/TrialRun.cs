using System.Text.Json.Serialization;

namespace IlZo.Training;

/// <summary>A trial at one moment.</summary>
/// <param name="ForwardPasses">Forward passes of training so far.</param>
/// <param name="Step">The step.</param>
/// <param name="DevLoss">Loss on the dev examples, or the value of the function; in JSON null where it is not finite.</param>
/// <param name="DevAccuracy">Accuracy on them; null where there is nothing to choose, and for a function.</param>
/// <param name="TestLoss">Loss on the test examples; null for a function, and where they were not evaluated.</param>
/// <param name="TestAccuracy">Accuracy on them; null where there is nothing to choose, and where they were not evaluated.</param>
public sealed record TrialPoint(
    long ForwardPasses, long Step, double DevLoss, double? DevAccuracy, double? TestLoss, double? TestAccuracy);

/// <summary>What one training of a comparison or a sweep came to.</summary>
/// <param name="LearningRate">Its rate.</param>
/// <param name="Epsilon">Its perturbation radius.</param>
/// <param name="Seed">Its seed.</param>
/// <param name="SkippedSteps">Steps whose loss was not finite.</param>
/// <param name="StateBytes">What the method kept beside the weights.</param>
/// <param name="WeightBytes">Bytes of the weights.</param>
/// <param name="Seconds">Wall-clock seconds of training, without evaluation.</param>
/// <param name="Points">The training from before its first step to after its last; at least the first of them.</param>
public sealed record TrialRun(
    double LearningRate,
    double Epsilon,
    uint Seed,
    int SkippedSteps,
    long StateBytes,
    long WeightBytes,
    double Seconds,
    IReadOnlyList<TrialPoint> Points)
{
    /// <summary>
    /// The largest resident set of the process during the run, with its evaluations and what runs before it left to the process; null where
    /// the system does not say.
    /// </summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public long? PeakResidentBytes { get; init; }

    /// <summary>Steps of the training.</summary>
    public long Steps => Points[^1].Step;

    /// <summary>Forward passes of the training.</summary>
    public long ForwardPasses => Points[^1].ForwardPasses;

    /// <summary>Whether training did harm: the dev loss at the end is above the start's, or not a number.</summary>
    public bool Diverged => !(Points[^1].DevLoss <= Points[0].DevLoss);

    /// <summary>The dev loss at the end, where what is not a number is worse than any.</summary>
    [JsonIgnore]
    internal double FinalDevLoss => Points[^1].DevLoss is var loss && double.IsFinite(loss) ? loss : double.PositiveInfinity;

    /// <summary>
    /// The forward passes after which the dev loss was first as low as <paramref name="target"/>, on a line between two points; null where
    /// it never was.
    /// </summary>
    internal double? ForwardPassesTo(double target)
    {
        for (int i = 0; i < Points.Count; i++)
        {
            if (Points[i].DevLoss <= target)
            {
                return i == 0 || !double.IsFinite(Points[i - 1].DevLoss) ? Points[i].ForwardPasses : Between(Points[i - 1], Points[i]);
            }
        }

        return null;

        double Between(TrialPoint before, TrialPoint after) => before.ForwardPasses
            + ((after.ForwardPasses - before.ForwardPasses) * (before.DevLoss - target) / (before.DevLoss - after.DevLoss));
    }
}
