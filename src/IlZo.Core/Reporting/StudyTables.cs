using System.Globalization;
using IlZo.Training;

namespace IlZo.Reporting;

/// <summary>What a study found, as tables.</summary>
internal static class StudyTables
{
    /// <summary>The tables in Markdown: one of all tasks, and two for each of them.</summary>
    public static string Markdown(StudyReport report) => string.Join('\n', [
        Titled(Joint(report)),
        .. report.Tasks.Select((task, i) => Titled(OfTask(report, task, i))),
        .. report.Tasks.Select((task, i) => Titled(Costs(report, task, i))),
    ]);

    private static string Titled(ReportTable table) => $"**{table.Title}**\n\n{ComparisonTable.Markdown(table)}";

    private static ReportTable Joint(StudyReport report)
    {
        int tests = report.Methods.Count(m => m.Ratio is not null);
        return new ReportTable(
            "All tasks",
            ["method", $"passes to the target, {report.Baseline} = 1", "p", "p (Holm)", "detectable", .. report.Tasks.Select(t => t.Name)],
            [.. report.Methods.Select(m => (ReportCell[])[
                m.Name, .. Ratio(m.Ratio), .. m.Tasks.Select(t => (ReportCell)(t.Ratio is { } r ? Number(r.Ratio) : "")),
            ])],
            "Geometric mean over the tasks, each of which counts alike, with its 95 % interval. Holm's "
                + FormattableString.Invariant($"correction is for {tests} methods. Detectable: the ratio, or its inverse, that would have ")
                + "been found with a probability of 0.8 at Holm's first step.");
    }

    private static ReportTable OfTask(StudyReport report, StudiedTask task, int index)
    {
        int tests = report.Methods.Sum(m => m.Tasks.Count(t => t.Ratio is not null));
        return new ReportTable(
            task.Name,
            [
                "method", "lr", "eps", "seeds", "reached", "passes", "ratio", "p", "p (Holm)", "detectable", "dev loss", "test loss",
                $"test loss − {report.Baseline}'s", "test accuracy, %", $"accuracy − {report.Baseline}'s",
            ],
            [.. report.Methods.Select(m => Row(m.Name, m.Tasks[index]))],
            FormattableString.Invariant($"Dev loss {task.Start:F4} before training, target {task.Target}, {task.ForwardPasses} passes a ")
                + "run. Passes: to the target, geometric mean, where a run that did not reach it counts with all of its passes. Holm's "
                + FormattableString.Invariant($"correction is for {tests} ratios, those of all tasks. Edge: the tuned rate was the lowest ")
                + "or the highest tried.");
    }

    private static ReportTable Costs(StudyReport report, StudiedTask task, int index)
    {
        var baseline = report.Methods.First(m => m.Name == report.Baseline).Tasks[index];
        return new ReportTable(
            $"{task.Name}: time and memory",
            ["method", "ms a pass", $"{report.Baseline} = 1", "state, MB", "peak resident, MB"],
            [.. report.Methods.Select(m => m.Tasks[index]).Zip(report.Methods, (t, m) => (ReportCell[])[
                m.Name, Fixed(1000 * t.SecondsPerPass, 1), Fixed(t.SecondsPerPass / baseline.SecondsPerPass, 2),
                Fixed(t.StateBytes / 1e6, 3), t.PeakResidentBytes is { } peak ? Fixed(peak / 1e6, 0) : "",
            ])],
            "Medians over the seeds. A peak includes evaluations and what earlier runs left to the process.");
    }

    private static ReportCell[] Row(string name, MethodOnTask task) =>
    [
        name, $"{Number(task.Setting.LearningRate)}{(task.Setting.Edge == 0 ? "" : " (edge)")}", Number(task.Setting.Epsilon),
        $"{task.Seeds}", $"{task.Reached}", Fixed(task.Passes, 0), .. Ratio(task.Ratio),
        task.DevLoss is { } loss ? Fixed(loss, 4) : "not finite", Fixed(task.TestLoss, 4),
        Interval(task.TestLossDifference, 1, "F4"), Fixed(100 * task.TestAccuracy, 1), Interval(task.TestAccuracyDifference, 100, "F1"),
    ];

    private static ReportCell[] Ratio(PassesRatio? ratio) => ratio is null ? ["", "", "", ""] :
    [
        $"{Number(ratio.Ratio)} ({Number(ratio.Low)} to {Number(ratio.High)})", Fixed(ratio.PValue, 4), Fixed(ratio.HolmPValue, 3),
        Number(ratio.Detectable),
    ];

    private static ReportCell Interval(PairedDifference? difference, double scale, string format)
    {
        string Text(double value) => (scale * value).ToString(format, CultureInfo.InvariantCulture);
        return difference switch
        {
            null => "",
            { Low: { } low, High: { } high } => $"{Text(difference.Mean)} ({Text(low)} to {Text(high)})",
            _ => Text(difference.Mean),
        };
    }

    private static string Number(double value) => value.ToString("G3", CultureInfo.InvariantCulture);

    private static string Fixed(double? value, int digits) => value?.ToString($"F{digits}", CultureInfo.InvariantCulture) ?? "";
}
