using IlZo.Training;

namespace IlZo.Reporting;

/// <summary>
/// The charts of a comparison: each method at its best learning rate against forward passes, the mean over seeds and from the lowest to the
/// highest.
/// </summary>
/// <param name="report">The comparison.</param>
internal sealed class ComparisonCharts(ComparisonReport report)
{
    /// <summary>The names of the methods in the order of their styles.</summary>
    public IReadOnlyList<string> Names => [.. report.Methods.Select(NameOf)];

    /// <summary>The chart that decides: dev loss, or the value of the function.</summary>
    public Chart Main
    {
        get
        {
            var curves = Curves(p => p.DevLoss);
            double start = curves.Select(c => c.Points[0].High).DefaultIfEmpty(1).Max();
            double least = curves.SelectMany(c => c.Points).Select(p => p.Low).Where(double.IsFinite).DefaultIfEmpty(0).Min();
            var (title, x, y) = report.Function is { } function
                ? ($"{function}, at equal evaluations", "evaluations", "value")
                : ("Dev loss at equal forward passes", "forward passes", "dev loss, nats");
            return new Chart("dev-loss", title + Band, x, y, curves)
            {
                IsWide = true,

                // What diverges must not flatten what does not.
                YLimit = start + Math.Max(0.3 * (start - least), 0.05 * Math.Abs(start)),
            };
        }
    }

    /// <summary>All charts.</summary>
    public IReadOnlyList<Chart> All => report.Function is not null ? [Main] :
    [
        Main,
        .. new[]
        {
            New("dev-accuracy", "Dev accuracy", p => p.DevAccuracy) with { IsFraction = true },
            New("test-accuracy", "Test accuracy", p => p.TestAccuracy) with { IsFraction = true },
            New("test-loss", "Test loss", p => p.TestLoss),
        }.Where(c => c.Curves.SelectMany(curve => curve.Points).Any(p => double.IsFinite(p.Y))),
    ];

    private string Band => report.Seeds > 1 ? FormattableString.Invariant($" ({report.Seeds} seeds: mean, lowest to highest)") : "";

    private static string NameOf(ComparedMethod method) => method.Diverged ? $"{method.Name} (diverged)" : method.Name;

    private Chart New(string id, string title, Func<TrialPoint, double?> value)
    {
        return new(id, title, "forward passes", "", [
            .. report.Methods.Index().Select(m => new Curve(
                NameOf(m.Item), m.Index, Points([.. m.Item.Best.Select(Measured)], p => value(p) ?? double.NaN))),
        ]);

        // Test examples may have been evaluated at the ends alone.
        TrialRun Measured(TrialRun run) => run with { Points = [.. run.Points.Where(p => value(p) is not null)] };
    }

    private Curve[] Curves(Func<TrialPoint, double> value) =>
        [.. report.Methods.Index().Select(m => new Curve(NameOf(m.Item), m.Index, Points(m.Item.Best, value)))];

    /// <summary>The mean of trials with other seeds, from the lowest to the highest.</summary>
    internal static CurvePoint[] Points(IReadOnlyList<TrialRun> runs, Func<TrialPoint, double> value) =>
        [.. Enumerable.Range(0, runs.Min(r => r.Points.Count)).Select(i =>
        {
            double[] values = [.. runs.Select(r => value(r.Points[i]))];
            double passes = runs.Average(r => (double)r.Points[i].ForwardPasses);
            return new CurvePoint(passes, values.Average(), values.Min(), values.Max());
        })];
}
