namespace IlZo.Tasks;

/// <summary>Judges the predictions for a set of examples. A new metric is a file and a line in <see cref="MetricCatalog"/>.</summary>
public interface IMetric
{
    /// <summary>Its name in task definitions and objectives: lower-case letters, digits and <c>_</c>.</summary>
    string Name { get; }

    /// <summary>Its name for people to read.</summary>
    string Title { get; }

    /// <summary>The kind of answers it can judge.</summary>
    AnswerKind Judges { get; }

    /// <summary>Its name in JSON, after <c>dev_</c>, <c>test_</c> and the like.</summary>
    string Field => Name;

    /// <summary>The value of the metric.</summary>
    /// <param name="predictions">A prediction for each example; at least one.</param>
    /// <param name="loss">The examples' loss, in nats.</param>
    double Of(IReadOnlyList<Prediction> predictions, double loss);

    /// <summary>The 95 % confidence interval of the metric; null if the metric has none.</summary>
    /// <param name="predictions">A prediction for each example; at least one.</param>
    (double Low, double High)? Interval(IReadOnlyList<Prediction> predictions) => null;

    /// <summary>A value as text for people: a fraction in percent, unless the metric is not a fraction.</summary>
    string Format(double value) => FormattableString.Invariant($"{100 * value:F1} %");
}

/// <summary>A metric that is a mean over examples and can therefore be a training objective: the loss is its negative.</summary>
public interface IExampleMetric : IMetric
{
    // Fixed, so that the same predictions always have the same interval.
    private const uint BootstrapSeed = 0;

    /// <summary>The metric of one example; the minimum is 0, which is also its value without a prediction.</summary>
    double Of(Prediction prediction);

    double IMetric.Of(IReadOnlyList<Prediction> predictions, double loss) => predictions.Average(Of);

    (double Low, double High)? IMetric.Interval(IReadOnlyList<Prediction> predictions) =>
        Bootstrap.MeanInterval([.. predictions.Select(Of)], BootstrapSeed);
}
