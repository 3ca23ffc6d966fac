namespace IlZo.Reporting;

/// <summary>What runs came to, as tables: at the start, where they were best, and in the end.</summary>
internal static class RunResults
{
    private const string TotalField = "zero_shot_total";
    private const string CorrectField = "zero_shot_correct";
    private const string ZeroShotPrefix = "zero_shot_";
    private const string AccuracyField = "accuracy";
    private const string Note = "In parentheses: 95 % interval (Wilson), in percent.";

    /// <summary>A row for each value of the dev and test rows.</summary>
    public static ReportTable OfOne(ReportedRun run)
    {
        var curves = run.Curves;
        long? selected = run.Outcome?.SelectedStep ?? curves.BestDev?.Step;
        string best = selected is not { } step ? "best" : step == 0 ? "best, the start" : $"best, step {Quantity.Count(step)}";
        string last = curves.LastDev is { } evaluation ? $"last, step {Quantity.Count(evaluation.Step)}" : "last";
        ReportCell[][] rows =
        [
            .. DevFields(run).Select(f => (ReportCell[])[
                RunValues.Title("dev", f), Dev(run, StartOf(run), f), Dev(run, curves.BestDev, f), Dev(run, curves.LastDev, f),
            ]),
            .. TestFields(run).Select(f => (ReportCell[])[RunValues.Title("test", f), ZeroShot(run, f), Test(run, f), ""]),
            [
                "training loss, smoothed", "", "",
                curves.SmoothedLoss.Count > 0 ? RunValues.Cell(RunValues.Loss, curves.SmoothedLoss.Last.Value, null) : "",
            ],
        ];
        return new ReportTable("Results", ["", "start", best, last], rows, HasInterval(rows) ? Note : "");
    }

    /// <summary>A row for each run.</summary>
    public static ReportTable OfSeveral(IReadOnlyList<ReportedRun> runs)
    {
        string[] dev = [.. runs.SelectMany(DevFields).Distinct()];
        string[] test = [.. runs.SelectMany(TestFields).Distinct()];
        string[] columns =
        [
            "run", "steps", "forward passes", .. dev.SelectMany(f => (string[])[
                $"{RunValues.Title("dev", f)}, start", "best", .. f == RunValues.Loss ? ["at step", "last"] : Array.Empty<string>()]),
            .. test.Select(f => RunValues.Title("test", f)), "skipped", "time", "peak memory",
        ];
        ReportCell[][] rows = [.. runs.Select(r => (ReportCell[])
        [
            r.Name, Quantity.Count(r.Curves.Step), Quantity.Count(r.Curves.ForwardPasses),
            .. dev.SelectMany(f => (ReportCell[])[
                Dev(r, StartOf(r), f), Dev(r, r.Curves.BestDev, f),
                .. f == RunValues.Loss
                    ? [r.Curves.BestDev is { } b ? Quantity.Count(b.Step) : "", Dev(r, r.Curves.LastDev, f)]
                    : Array.Empty<ReportCell>()]),
            .. test.Select(f => Test(r, f)),
            Quantity.Count(r.Curves.SkippedSteps), r.Seconds is { } seconds ? Quantity.Duration(seconds) : "",
            r.PeakBytes is { } peak ? Quantity.Bytes(peak) : "",
        ])];
        return new ReportTable("Results", columns, rows, HasInterval(rows) ? Note : "");
    }

    private static bool HasInterval(ReportCell[][] rows) => rows.Any(r => r.Any(c => c.Aside.Length > 0));

    private static MetricsLine? StartOf(ReportedRun run) => run.Curves.FirstDev is { Step: 0 } first ? first : null;

    private static string[] DevFields(ReportedRun run) => run.Curves.LastDev is not { } dev ? [] :
        [.. dev.Fields.Where(f => f.Name.StartsWith(RunValues.DevPrefix, StringComparison.Ordinal)).Select(
            f => f.Name[RunValues.DevPrefix.Length..])];

    private static ReportCell Dev(ReportedRun run, MetricsLine? line, string field) =>
        line?[RunValues.DevPrefix + field] is { } value ? RunValues.Cell(field, value, run.DevRows) : "";

    // The number of correct rows stands for the accuracy before training.
    private static string[] TestFields(ReportedRun run) => run.Curves.ZeroShot is not { } start ? [] :
        [.. start.Fields.Where(f => f.Name != TotalField && f.Name.StartsWith(ZeroShotPrefix, StringComparison.Ordinal)).Select(
            f => f.Name == CorrectField ? AccuracyField : f.Name[ZeroShotPrefix.Length..])];

    private static ReportCell ZeroShot(ReportedRun run, string field)
    {
        var start = run.Curves.ZeroShot!.Value;
        int? rows = start[TotalField] is >= 1 and <= int.MaxValue and var total ? (int)total : null;
        double? value = field == AccuracyField && rows is { } all ? start[CorrectField] / all : start[ZeroShotPrefix + field];
        return value is { } known ? RunValues.Cell(field, known, rows) : "";
    }

    private static ReportCell Test(ReportedRun run, string field) =>
        run.Outcome is { } outcome && outcome.Test.TryGetValue(field, out double value)
            ? RunValues.Cell(field, value, outcome.TestExamples)
            : "";
}
