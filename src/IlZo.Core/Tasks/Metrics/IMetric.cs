namespace IlZo.Tasks;

/// <summary>How the predictions of examples are judged. A new metric is a file and a line in <see cref="MetricCatalog"/>.</summary>
public interface IMetric
{
    /// <summary>What task definitions and objectives call it: lower case, digits and <c>_</c>.</summary>
    string Name { get; }

    /// <summary>What people read.</summary>
    string Title { get; }

    /// <summary>The answers that it can judge.</summary>
    AnswerKind Judges { get; }

    /// <summary>What JSON calls it, after <c>dev_</c>, <c>test_</c> and the like.</summary>
    string Field => Name;

    /// <summary>The metric of examples.</summary>
    /// <param name="predictions">A prediction for each example; at least one.</param>
    /// <param name="loss">The examples' loss, in nats.</param>
    double Of(IReadOnlyList<Prediction> predictions, double loss);

    /// <summary>Where the metric of unlimited examples lies with 95 % confidence; null where nothing is said of it.</summary>
    /// <param name="predictions">A prediction for each example; at least one.</param>
    (double Low, double High)? Interval(IReadOnlyList<Prediction> predictions) => null;

    /// <summary>A value for people: a share in percent, unless the metric is none.</summary>
    string Format(double value) => FormattableString.Invariant($"{100 * value:F1} %");
}

/// <summary>A metric that is a mean over examples, which can therefore be trained on: the loss is its negative.</summary>
public interface IExampleMetric : IMetric
{
    // Fixed, so that the same predictions always have the same interval.
    private const uint BootstrapSeed = 0;

    /// <summary>The metric of one example; 0 at worst, which it is without a prediction.</summary>
    double Of(Prediction prediction);

    double IMetric.Of(IReadOnlyList<Prediction> predictions, double loss) => predictions.Average(Of);

    (double Low, double High)? IMetric.Interval(IReadOnlyList<Prediction> predictions) =>
        Bootstrap.MeanInterval([.. predictions.Select(Of)], BootstrapSeed);
}
