using IlZo.Tasks;

namespace IlZo.Training;

/// <summary>What a set of examples shows of a model.</summary>
/// <param name="Loss">
/// What training minimizes: the mean over examples (classification) or over option tokens (language model), in nats, or the negative of
/// the metric that is trained on.
/// </param>
/// <param name="Correct">Examples that are predicted correctly; of generated answers, those that equal a gold one after normalization; 0
/// where there is nothing to choose.</param>
/// <param name="Total">Examples.</param>
public sealed record Evaluation(double Loss, int Correct, int Total)
{
    /// <summary>What the metrics of the task, or of texts, come to.</summary>
    public MetricValues Metrics { get; init; } = MetricValues.None;

    /// <summary>The share of correct examples; null where there is nothing to choose.</summary>
    public double? Accuracy => Metrics[Tasks.Accuracy.OfCandidates.Field];

    /// <summary>The prediction for each example, in their order; none where the evaluation was read from a log.</summary>
    public IReadOnlyList<Prediction> Predictions { get; init; } = [];

    /// <summary>Judges predictions.</summary>
    /// <param name="predictions">A prediction for each example.</param>
    /// <param name="loss">Their loss.</param>
    /// <param name="metrics">What judges them.</param>
    internal static Evaluation Of(IReadOnlyList<Prediction> predictions, double loss, IReadOnlyList<IMetric> metrics) =>
        new(loss, metrics.Any(m => m is Accuracy) ? predictions.Count(p => p.IsCorrect) : 0, predictions.Count)
        {
            Metrics = new(metrics.Select(m => new MetricValue(m, m.Of(predictions, loss)))),
            Predictions = predictions,
        };

    /// <summary>
    /// An evaluation that was logged, with the metrics that follow from what every log says; those of a task beside them are added.
    /// </summary>
    /// <param name="loss">The loss.</param>
    /// <param name="correct">Examples that are predicted correctly.</param>
    /// <param name="total">Examples.</param>
    /// <param name="chooses">Whether there is anything to choose or to answer.</param>
    /// <param name="f1">The F1 of generated answers; null where there are none.</param>
    internal static Evaluation Logged(double loss, int correct, int total, bool chooses, double? f1)
    {
        double accuracy = (double)correct / total;
        return new Evaluation(loss, correct, total)
        {
            Metrics = !chooses ? new(new MetricValue(Perplexity.Instance, Math.Exp(loss)))
                : f1 is { } value ? new(new MetricValue(Tasks.Accuracy.ExactMatch, accuracy), new MetricValue(TokenF1.Instance, value))
                : new(new MetricValue(Tasks.Accuracy.OfCandidates, accuracy)),
        };
    }
}
