using System.Globalization;
using IlZo.Reporting;
using IlZo.Tasks;
using IlZo.Training;

namespace IlZo.Cli;

/// <summary>Numbers for people.</summary>
internal static class Format
{
    /// <summary>A metric with its 95 % interval, of accuracies with what was counted.</summary>
    public static string Metric(MetricValue value, Evaluation evaluation) => value.Metric is Accuracy
        ? Accuracy(value, evaluation.Total)
        : value.Metric is Perplexity ? $"{value.Text} ({evaluation.Total} examples)"
        : value.Metric.Interval(evaluation.Predictions) is { } interval ? $"{value.Text} ({Interval(interval)})"
        : value.Text;

    /// <summary>An accuracy with what was counted and its 95 % interval.</summary>
    public static string Accuracy(MetricValue value, int examples)
    {
        int correct = (int)Math.Round(value.Value * examples);
        return Invariant($"{value.Text} ({correct} of {examples}; {Interval(Scoring.WilsonInterval(correct, examples))})");
    }

    /// <summary>The metrics in short, the task's own first.</summary>
    public static string Metrics(Evaluation evaluation) =>
        string.Join(", ", evaluation.Metrics.Reverse().Select(v => $"{v.Metric.Title} {v.Text}"));

    private static string Interval((double Low, double High) interval) =>
        Invariant($"95 % interval {100 * interval.Low:F1}-{100 * interval.High:F1} %");

    public static string Bytes(double bytes) => Quantity.Bytes(bytes);

    public static string Duration(double seconds) => Quantity.Duration(seconds);

    public static string Invariant(InvariantText text) => text.ToString();
}
