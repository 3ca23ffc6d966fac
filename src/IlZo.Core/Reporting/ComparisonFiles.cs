using System.Globalization;
using System.Text;
using IlZo.Checkpoints;
using IlZo.Training;

namespace IlZo.Reporting;

/// <summary>What a comparison leaves for people: a table, a figure, and all of its numbers.</summary>
internal static class ComparisonFiles
{
    private const string NumbersFile = "compare.json";
    private const string TableFile = "table.md";
    private const string ChartFile = "curves.svg";

    /// <summary>The names of the files.</summary>
    public static IReadOnlyList<string> Names { get; } = [NumbersFile, TableFile, ChartFile];

    /// <summary>Writes <c>compare.json</c>, <c>table.md</c> and <c>curves.svg</c>; earlier ones are replaced.</summary>
    /// <exception cref="IOException">Writing failed.</exception>
    public static void Write(ComparisonReport report, string folder)
    {
        Directory.CreateDirectory(folder);
        AtomicFile.WriteAllText(Path.Combine(folder, NumbersFile), report.ToJson(indented: true) + "\n");
        AtomicFile.WriteAllText(Path.Combine(folder, TableFile), Table(report));
        AtomicFile.WriteAllText(Path.Combine(folder, ChartFile), Chart(report).ToSvg());
    }

    /// <summary>One row for each method at its best learning rate, in Markdown.</summary>
    public static string Table(ComparisonReport report)
    {
        var table = new StringBuilder();
        bool isFunction = report.Function is not null;
        bool chooses = report.Methods.SelectMany(m => m.Best).SelectMany(r => r.Points).All(p => p.TestAccuracy is not null);
        table.Append(isFunction
            ? "| method | best lr | steps | evaluations | value | state / weights | seconds |\n|---|---|---|---|---|---|---|\n"
            : $"| method | best lr | steps | forward passes | {(chooses ? "test accuracy, %" : "test perplexity")} | dev loss | state / "
                + $"weights | seconds |\n|---|---|---|---|---|---|---|---|\n");
        if (report.Methods.Count > 0)
        {
            // Rates do not matter before the first step.
            var starts = report.Methods[0].Best.Select(r => r.Points[0]).ToArray();
            table.Append(CultureInfo.InvariantCulture, $"| before training | | | 0 {Quality(starts, isFunction)} | | |\n");
        }

        foreach (var method in report.Methods)
        {
            var best = method.Best;
            string edge = method.Edge < 0 ? " (lowest tried)" : method.Edge > 0 ? " (highest tried)" : string.Empty;
            string skipped = best.Sum(r => r.SkippedSteps) is > 0 and int steps
                ? FormattableString.Invariant($", {steps} steps skipped")
                : string.Empty;
            string diverged = method.Diverged
                ? FormattableString.Invariant($", {best.Count(r => r.Diverged)} of {best.Count} diverged")
                : string.Empty;
            table.Append(CultureInfo.InvariantCulture, $"| {method.Name} | {method.BestLearningRate:0.##E-0}{edge} | "
                + $"{Range(best.Select(r => r.Steps))} | {Range(best.Select(r => r.ForwardPasses))} ");
            table.Append(CultureInfo.InvariantCulture, $"{Quality([.. best.Select(r => r.Points[^1])], isFunction)}{diverged}{skipped} ");
            table.Append(
                CultureInfo.InvariantCulture,
                $"| {(double)best.Max(r => r.StateBytes) / report.WeightBytes:F3} | {best.Average(r => r.Seconds):F1} |\n");
        }

        string seeds = report.Seeds == 1
            ? "1 seed"
            : FormattableString.Invariant($"{report.Seeds} seeds: mean ± sample standard deviation");
        string legend = isFunction
            ? "The last point, at the rate with the lowest mean value. Diverged: above the start's value, or not finite."
            : "Weights after the last step, at the rate with the lowest mean dev loss. Diverged: dev loss above the start's, or not "
                + "finite. Seconds: training only.";
        return table.Append(CultureInfo.InvariantCulture, $"\n{seeds}. {legend}\n").ToString();
    }

    /// <summary>
    /// Dev loss against forward passes, each method at its best learning rate: mean over seeds, and from the lowest to the highest.
    /// </summary>
    public static CurveChart Chart(ComparisonReport report)
    {
        var series = report.Methods.Select(Series).ToArray();
        double start = series.Select(s => s.Points[0].High).DefaultIfEmpty(1).Max();
        double least = series.SelectMany(s => s.Points).Select(p => p.Low).Where(double.IsFinite).DefaultIfEmpty(0).Min();
        string band = report.Seeds > 1 ? FormattableString.Invariant($" ({report.Seeds} seeds: mean, lowest to highest)") : string.Empty;
        var (title, x, y) = report.Function is { } function
            ? ($"{function}, at equal evaluations", "evaluations", "value")
            : ("Dev loss at equal forward passes", "forward passes", "dev loss, nats");
        return new CurveChart(title + band, x, y, series)
        {
            // What diverges must not flatten what does not.
            YLimit = start + Math.Max(0.3 * (start - least), 0.05 * Math.Abs(start)),
        };
    }

    private static CurveSeries Series(ComparedMethod method)
    {
        var best = method.Best;
        int points = best.Min(r => r.Points.Count);
        return new CurveSeries(
            method.Diverged ? $"{method.Name} (diverged)" : method.Name,
            [.. Enumerable.Range(0, points).Select(i =>
            {
                double[] losses = [.. best.Select(r => r.Points[i].DevLoss)];
                return (best.Average(r => (double)r.Points[i].ForwardPasses), losses.Average(), losses.Min(), losses.Max());
            })]);
    }

    private static string Quality(IReadOnlyList<ComparisonPoint> points, bool isFunction) => isFunction
        ? $"| {Spread(points.Select(p => p.DevLoss), "G4")}"
        : $"| {Metric(points)} | {Spread(points.Select(p => p.DevLoss), "F4")}";

    private static string Range(IEnumerable<long> values) =>
        values.Min() == values.Max()
            ? FormattableString.Invariant($"{values.Min()}")
            : FormattableString.Invariant($"{values.Min()} to {values.Max()}");

    // Accuracy in percent, or the perplexity of texts.
    private static string Metric(IEnumerable<ComparisonPoint> points) => points.All(p => p.TestAccuracy is not null)
        ? Spread(points.Select(p => 100 * p.TestAccuracy!.Value), "F1")
        : Spread(points.Select(p => Math.Exp(p.TestLoss!.Value)), "F3");

    private static string Spread(IEnumerable<double> values, string format)
    {
        double[] all = [.. values];
        double mean = all.Average();
        string text = double.IsFinite(mean) ? mean.ToString(format, CultureInfo.InvariantCulture) : "not finite";
        if (all.Length < 2 || !double.IsFinite(mean))
        {
            return text;
        }

        double deviation = Math.Sqrt(all.Sum(v => (v - mean) * (v - mean)) / (all.Length - 1));
        return $"{text} ± {deviation.ToString(format, CultureInfo.InvariantCulture)}";
    }
}
