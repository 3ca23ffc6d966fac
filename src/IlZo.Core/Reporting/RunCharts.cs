using IlZo.Training;

namespace IlZo.Reporting;

/// <summary>The charts of runs: of one against its steps, of several against forward passes, at which methods are compared.</summary>
/// <param name="runs">The runs.</param>
internal sealed class RunCharts(IReadOnlyList<ReportedRun> runs)
{
    private const int TrainStyle = 0;
    private const int DevStyle = 1;

    private static readonly string[] s_known =
        [RunCurves.Loss, RunCurves.DevLoss, RunCurves.ProjectedGradient, RunCurves.LearningRate];

    private bool IsOne => runs.Count == 1;

    private string XLabel => IsOne ? "step" : "forward passes";

    /// <summary>All charts that have anything to show.</summary>
    public IReadOnlyList<Chart> All => [.. new[]
        {
            Losses(), [.. DevMetrics()], Gradient(), LearningRate(), Skipped(), [.. Diagnostics()],
        }.SelectMany(charts => charts).Where(c => c.Curves.Any(curve => curve.Points.Count > 0))];

    private string LossUnit => runs.Select(r => r.Configuration.Options.Objective).Distinct().ToArray() is ["loss"] ? "nats" : "objective";

    private Chart[] Losses()
    {
        if (!IsOne)
        {
            return
            [
                New("dev-loss", "Dev loss", LossUnit, OfField(RunCurves.DevLoss, CurveKind.Marked)) with { IsWide = true },
                New("loss", "Training loss, smoothed", LossUnit, Each(r => r.Curves.SmoothedLoss, CurveKind.Line)) with { IsWide = true },
            ];
        }

        int steps = RunCurves.SmoothedSteps(runs[0].Configuration.Options.Steps);
        return
        [
            New("loss", "Loss", LossUnit, [
                .. OfField(RunCurves.DevLoss, CurveKind.Marked, DevStyle, "dev"),
                .. Each(r => r.Curves.SmoothedLoss, CurveKind.Line, TrainStyle, Smoothed("training", steps)),
                .. OfField(RunCurves.Loss, CurveKind.Faint, TrainStyle, "training"),
            ]) with { IsWide = true },
        ];
    }

    private IEnumerable<Chart> DevMetrics() =>
        from field in FieldNames(f => f.StartsWith(RunValues.DevPrefix, StringComparison.Ordinal))
        let metric = field[RunValues.DevPrefix.Length..]
        let curves = OfField(field, CurveKind.Marked, DevStyle, "dev", metric)
        let hasInterval = IsOne && curves.Any(c => c.Points.Any(p => double.IsFinite(p.Low)))
        select New(Id(field), RunValues.Title("Dev", metric), hasInterval ? "with 95 % interval" : "", curves) with
        {
            IsFraction = RunValues.IsFraction(metric),
        };

    private Chart[] Gradient()
    {
        var smoothed = Each(
            r => r.Curves.SmoothedGradient, CurveKind.Line, TrainStyle,
            Smoothed("size", RunCurves.SmoothedSteps(runs[0].Configuration.Options.Steps)));
        return
        [
            New("projected-gradient", "Projected gradient", IsOne ? "size" : "smoothed", IsOne
                ? [.. smoothed, .. OfField(RunCurves.ProjectedGradient, CurveKind.Faint, TrainStyle, "size")]
                : smoothed) with { IsMagnitude = true },
        ];
    }

    private Chart[] LearningRate() =>
        [New("learning-rate", "Learning rate", "", OfField(RunCurves.LearningRate, CurveKind.Line, TrainStyle, "learning rate"))];

    private Chart[] Skipped() => runs.All(r => r.Curves.SkippedSteps == 0)
        ? []
        : [New("skipped", "Skipped steps", "so far", Each(r => r.Curves.Skipped, CurveKind.Line, TrainStyle, "skipped"))];

    // What methods say of themselves.
    private IEnumerable<Chart> Diagnostics() =>
        from field in FieldNames(f => !f.StartsWith(RunValues.DevPrefix, StringComparison.Ordinal))
        let name = field.Replace('_', ' ')
        select New(Id(field), Capitalized(name), "", OfField(field, CurveKind.Line, TrainStyle, name));

    private string[] FieldNames(Predicate<string> isWanted) =>
        [.. runs.SelectMany(r => r.Curves.Series.Keys).Distinct().Where(f => !s_known.Contains(f) && isWanted(f))];

    private Chart New(string id, string title, string yLabel, IReadOnlyList<Curve> curves) => new(id, title, XLabel, yLabel, curves);

    private Curve[] OfField(string field, CurveKind kind, int style = 0, string name = "", string? metric = null) =>
        [.. Each(r => r.Curves.Series.GetValueOrDefault(field), kind, style, name, metric).Select(c => c with { Field = field })];

    // A curve for each run that has the series: of one run in the given style, of several each in its own.
    private Curve[] Each(
        Func<ReportedRun, DecimatedSeries?> series, CurveKind kind, int style = 0, string name = "", string? metric = null) =>
        [.. from run in runs.Index()
            let points = series(run.Item)
            where points is { Count: > 0 }
            select new Curve(IsOne ? name : run.Item.Name, IsOne ? style : run.Index, Points(points, run.Item, metric)) { Kind = kind }];

    private CurvePoint[] Points(DecimatedSeries series, ReportedRun run, string? metric) => [.. series.Points.Select(p =>
    {
        double x = IsOne ? p.Step : p.ForwardPasses;
        return metric is not null && RunValues.Interval(metric, p.Value, run.DevRows) is var (low, high)
            ? new CurvePoint(x, p.Value, low, high)
            : new CurvePoint(x, p.Value);
    })];

    private static string Capitalized(string name) => name.Length == 0 ? name : char.ToUpperInvariant(name[0]) + name[1..];

    private static string Smoothed(string what, int steps) => FormattableString.Invariant($"{what}, smoothed over about {steps} steps");

    // A name for elements and files, whatever a file calls its field.
    private static string Id(string field) =>
        string.Concat(field.ToLowerInvariant().Select(c => char.IsAsciiLetterOrDigit(c) ? c : '-'));
}
