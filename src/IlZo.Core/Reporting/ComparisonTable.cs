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
        string against = report.Baseline is { } baseline ? $" − {baseline.Name}'s" : "";
        string[] columns =
        [
            "method", "best lr", .. HasRadii(report) ? (string[])["best eps"] : [], "steps",
            .. isFunction ? (string[])["evaluations", "value"] : ["forward passes", QualityOf(report), "dev loss"],
            .. report.Methods.Count > 1 ? (string[])[(isFunction ? "value" : "dev loss") + against] : [],
            .. report.Target is { } target ? (string[])[$"to {Quantity.Short(target)}", $"ratio to {report.Baseline?.Name}'s"] : [],
            "state / weights", "seconds",
        ];
        var rows = new List<ReportCell[]>();
        if (report.Methods.Count > 0)
        {
            // Rates do not matter before the first step.
            var starts = report.Methods[0].Best.Select(r => r.Points[0]).ToArray();
            rows.Add([
                "before training", "", .. HasRadii(report) ? (ReportCell[])[""] : [], "", "0", .. Quality(starts, isFunction),
                .. Enumerable.Repeat<ReportCell>("", columns.Length - (HasRadii(report) ? 5 : 4) - (isFunction ? 1 : 2)),
            ]);
        }

        rows.AddRange(report.Methods.Select(method => Row(report, method)));
        string seeds = report.Seeds == 1
            ? "1 seed"
            : FormattableString.Invariant($"{report.Seeds} seeds: mean ± sample standard deviation");
        string legend = isFunction
            ? "The last point, at the rate with the lowest mean value. Diverged: above the start's value, or not finite."
            : "Weights after the last step, at the rate with the lowest mean dev loss. Diverged: dev loss above the start's, or not "
                + "finite. Seconds: training only.";
        string differences = report.Methods.Count < 2 ? "" : report.Seeds == 1
            ? " The difference is that of the seed's two runs."
            : " Differences are those of the runs of a seed, with their mean's 95 % interval (Student's t).";
        string passes = report.Target is null ? "" : FormattableString.Invariant(
            $" To {report.Target}: forward passes until the dev loss is that low, the mean over the seeds that got there.");
        return new ReportTable("Results", columns, rows, $"{seeds}. {legend}{differences}{passes}");
    }

    /// <summary>A row for each method and learning rate.</summary>
    public static ReportTable OfRates(ComparisonReport report)
    {
        bool isFunction = report.Function is not null;
        string[] columns =
        [
            "method", "learning rate", .. HasRadii(report) ? (string[])["eps"] : [],
            .. isFunction ? (string[])["value"] : [QualityOf(report), "dev loss"], "diverged",
        ];
        return new ReportTable("All learning rates", columns, [
            .. from method in report.Methods
               from runs in method.Runs.GroupBy(r => (r.LearningRate, r.Epsilon))
               select (ReportCell[])[
                   method.Name, Rate(runs.Key.LearningRate), .. HasRadii(report) ? (ReportCell[])[Rate(runs.Key.Epsilon)] : [],
                   .. Quality([.. runs.Select(r => r.Points[^1])], isFunction),
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
            method.Name, $"{Rate(method.BestLearningRate)}{edge}",
            .. HasRadii(report) ? (ReportCell[])[Rate(method.BestEpsilon)] : [], Range(best.Select(r => r.Steps)),
            Range(best.Select(r => r.ForwardPasses)), .. quality[..^1], $"{quality[^1].Text}{diverged}{skipped}",
            .. Differences(report, method),
            FormattableString.Invariant($"{best.Max(r => (double)r.StateBytes / r.WeightBytes):F3}"),
            FormattableString.Invariant($"{best.Average(r => r.Seconds):F1}"),
        ];
    }

    // What sets a method apart from the one that all are measured by, and what the target takes it.
    private static IEnumerable<ReportCell> Differences(ComparisonReport report, ComparedMethod method)
    {
        var difference = method == report.Baseline ? null : method.DifferenceTo(report.Baseline!, report.Target);
        if (report.Methods.Count > 1)
        {
            yield return Interval(difference?.DevLoss, report.Function is null ? "F4" : "G3", v => v);
        }

        if (report.Target is { } target)
        {
            double[] passes = [.. method.Best.Select(r => r.ForwardPassesTo(target)).OfType<double>()];
            yield return passes.Length == 0 ? "never" : passes.Length == method.Best.Count
                ? FormattableString.Invariant($"{passes.Average():F0}")
                : FormattableString.Invariant($"{passes.Average():F0} ({passes.Length} of {method.Best.Count})");
            yield return Interval(difference?.LogForwardPasses, "F2", Math.Exp);
        }
    }

    private static ReportCell Interval(PairedDifference? difference, string format, Func<double, double> scale)
    {
        string Number(double value) => scale(value).ToString(format, CultureInfo.InvariantCulture);
        return difference switch
        {
            null => "",
            { Low: { } low, High: { } high } => new ReportCell($"{Number(difference.Mean)} ({Number(low)} to {Number(high)})"),
            _ => Number(difference.Mean),
        };
    }

    private static bool HasRadii(ComparisonReport report) =>
        report.Methods.SelectMany(m => m.Runs).Select(r => r.Epsilon).Distinct().Count() > 1;

    private static string Rate(double rate) => FormattableString.Invariant($"{rate:0.##E-0}");

    private static string QualityOf(ComparisonReport report) =>
        report.Methods.SelectMany(m => m.Best).All(r => r.Points[^1].TestAccuracy is not null)
            ? "test accuracy, %"
            : "test perplexity";

    private static ReportCell[] Quality(IReadOnlyList<TrialPoint> points, bool isFunction) => isFunction
        ? [Spread(points.Select(p => p.DevLoss), "G4")]
        : [Metric(points), Spread(points.Select(p => p.DevLoss), "F4")];

    /// <summary>What is known at the ends of trainings with other seeds: accuracy in percent or perplexity, and the dev loss.</summary>
    internal static ReportCell[] Outcome(IReadOnlyList<TrialPoint> points, bool hasAccuracy) =>
    [
        hasAccuracy ? Metric(points) : Metric(points.Select(p => p with { TestAccuracy = null })),
        Spread(points.Select(p => p.DevLoss), "F4"),
    ];

    private static string Range(IEnumerable<long> values) =>
        values.Min() == values.Max()
            ? FormattableString.Invariant($"{values.Min()}")
            : FormattableString.Invariant($"{values.Min()} to {values.Max()}");

    // Accuracy in percent, or the perplexity of texts.
    private static string Metric(IEnumerable<TrialPoint> points) => points.All(p => p.TestAccuracy is not null)
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
