using System.Globalization;
using System.Text;
using IlZo.Training;

namespace IlZo.Reporting;

/// <summary>What a comparison found, as tables.</summary>
internal static class ComparisonTable
{
    /// <summary>A row for each method at its best learning rate.</summary>
    public static ReportTable Of(ComparisonReport report)
    {
        bool isFunction = report.Function is not null;
        string[] columns = isFunction
            ? ["method", "best lr", "steps", "evaluations", "value", "state / weights", "seconds"]
            : ["method", "best lr", "steps", "forward passes", QualityOf(report), "dev loss", "state / weights", "seconds"];
        var rows = new List<ReportCell[]>();
        if (report.Methods.Count > 0)
        {
            // Rates do not matter before the first step.
            var starts = report.Methods[0].Best.Select(r => r.Points[0]).ToArray();
            rows.Add(["before training", "", "", "0", .. Quality(starts, isFunction), "", ""]);
        }

        rows.AddRange(report.Methods.Select(method => Row(report, method)));
        string seeds = report.Seeds == 1
            ? "1 seed"
            : FormattableString.Invariant($"{report.Seeds} seeds: mean ± sample standard deviation");
        string legend = isFunction
            ? "The last point, at the rate with the lowest mean value. Diverged: above the start's value, or not finite."
            : "Weights after the last step, at the rate with the lowest mean dev loss. Diverged: dev loss above the start's, or not "
                + "finite. Seconds: training only.";
        return new ReportTable("Results", columns, rows, $"{seeds}. {legend}");
    }

    /// <summary>A row for each method and learning rate.</summary>
    public static ReportTable OfRates(ComparisonReport report)
    {
        bool isFunction = report.Function is not null;
        string[] columns = isFunction
            ? ["method", "learning rate", "value", "diverged"]
            : ["method", "learning rate", QualityOf(report), "dev loss", "diverged"];
        return new ReportTable("All learning rates", columns, [
            .. from method in report.Methods
               from runs in method.Runs.GroupBy(r => r.LearningRate)
               select (ReportCell[])[
                   method.Name, Rate(runs.Key), .. Quality([.. runs.Select(r => r.Points[^1])], isFunction),
                   FormattableString.Invariant($"{runs.Count(r => r.Diverged)} of {runs.Count()}"),
               ],
        ]);
    }

    /// <summary>A table in Markdown.</summary>
    public static string Markdown(ReportTable table)
    {
        var text = new StringBuilder();
        AppendRow(text, [.. table.Columns]);
        text.Append('|').AppendJoin("", table.Columns.Select(_ => "---|")).Append('\n');
        foreach (var row in table.Rows)
        {
            AppendRow(text, row);
        }

        return text.Append(CultureInfo.InvariantCulture, $"\n{table.Note}\n").ToString();
    }

    private static void AppendRow(StringBuilder text, IReadOnlyList<ReportCell> cells)
    {
        foreach (var (cell, _) in cells)
        {
            text.Append(cell.Length == 0 ? "| " : $"| {cell} ");
        }

        text.Append("|\n");
    }

    private static ReportCell[] Row(ComparisonReport report, ComparedMethod method)
    {
        var best = method.Best;
        string edge = method.Edge < 0 ? " (lowest tried)" : method.Edge > 0 ? " (highest tried)" : string.Empty;
        string skipped = best.Sum(r => r.SkippedSteps) is > 0 and int steps
            ? FormattableString.Invariant($", {steps} steps skipped")
            : string.Empty;
        string diverged = method.Diverged
            ? FormattableString.Invariant($", {best.Count(r => r.Diverged)} of {best.Count} diverged")
            : string.Empty;
        var quality = Quality([.. best.Select(r => r.Points[^1])], report.Function is not null);
        return
        [
            method.Name, $"{Rate(method.BestLearningRate)}{edge}", Range(best.Select(r => r.Steps)),
            Range(best.Select(r => r.ForwardPasses)), .. quality[..^1], $"{quality[^1].Text}{diverged}{skipped}",
            FormattableString.Invariant($"{(double)best.Max(r => r.StateBytes) / report.WeightBytes:F3}"),
            FormattableString.Invariant($"{best.Average(r => r.Seconds):F1}"),
        ];
    }

    private static string Rate(double rate) => FormattableString.Invariant($"{rate:0.##E-0}");

    private static string QualityOf(ComparisonReport report) =>
        report.Methods.SelectMany(m => m.Best).SelectMany(r => r.Points).All(p => p.TestAccuracy is not null)
            ? "test accuracy, %"
            : "test perplexity";

    private static ReportCell[] Quality(IReadOnlyList<ComparisonPoint> points, bool isFunction) => isFunction
        ? [Spread(points.Select(p => p.DevLoss), "G4")]
        : [Metric(points), Spread(points.Select(p => p.DevLoss), "F4")];

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
