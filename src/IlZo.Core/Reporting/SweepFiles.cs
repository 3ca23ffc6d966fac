using System.Globalization;
using System.Text.Json;
using IlZo.Checkpoints;
using IlZo.Training;

namespace IlZo.Reporting;

/// <summary>What a sweep leaves: its numbers, a table, a figure, a page, and the best settings for a training.</summary>
internal static class SweepFiles
{
    /// <summary>The best settings, as <c>train --config</c> takes them.</summary>
    public const string BestFile = "best.json";

    internal const string NumbersFile = "sweep.json";
    private const string TableFile = "table.md";
    private const string ChartFile = "curves.svg";
    private const string ReportFile = "report.html";
    private const string RowsFile = "points.csv";

    // Curves of more are hard to tell apart.
    private const int MostCurves = 12;

    /// <summary>The names of the files.</summary>
    public static IReadOnlyList<string> Names { get; } = [BestFile, NumbersFile, TableFile, ChartFile, ReportFile, RowsFile];

    /// <summary>Writes the files; earlier ones are replaced.</summary>
    /// <param name="report">The sweep, with one combination at least.</param>
    /// <param name="folder">The folder.</param>
    /// <exception cref="IOException">Writing failed.</exception>
    public static void Write(SweepReport report, string folder)
    {
        AtomicFile.WriteAllText(Path.Combine(folder, NumbersFile), report.ToJson(indented: true) + "\n");
        AtomicFile.WriteAllText(Path.Combine(folder, TableFile), Markdown(report));
        AtomicFile.WriteAllText(Path.Combine(folder, ChartFile), SvgChart.Of(Curves(report)));
        HtmlReport.Write(Path.Combine(folder, ReportFile), Page(report));
        AtomicFile.WriteAllText(Path.Combine(folder, RowsFile), TrialCsv.Of(
            "trial", from round in report.Rounds from trial in round.Trials from run in trial.Runs select ($"{trial.Number}", run)));
        AtomicFile.WriteAllText(Path.Combine(folder, BestFile), Best(report));
    }

    /// <summary>All combinations, those of the longest trainings first and the best of them first, in Markdown.</summary>
    public static string Markdown(SweepReport report) => ComparisonTable.Markdown(Table(report));

    /// <summary>The report.</summary>
    public static ReportDocument Page(SweepReport report)
    {
        var longest = report.Rounds[^1];
        int count = report.Rounds[0].Trials.Count;
        string rounds = report.Rounds.Count == 1
            ? FormattableString.Invariant($"{longest.ForwardPasses:N0} forward passes each")
            : $"in rounds of {string.Join(", ", report.Rounds.Select(r => r.ForwardPasses.ToString("N0", CultureInfo.InvariantCulture)))} "
                + "forward passes";
        string interrupted = report.Interrupted ? " What is not done yet is missing." : "";
        return new ReportDocument(
            $"Sweep on {report.Settings["task"]}, model {report.Settings["model"]}",
            FormattableString.Invariant($"{count} combinations of settings, {rounds}; seeds of each: {report.Seeds}.{interrupted}"))
        {
            Facts =
            [
                ("lowest dev loss", report.Best!.DevLoss.ToString("F4", CultureInfo.InvariantCulture)),
                .. report.Best.Settings.Select(s => (s.Key, s.Value)),
            ],
            Results = Table(report),
            Charts = [Curves(report), .. Axes(report)],
            Sections =
            [
                new ReportDefinitions(
                    "Settings in common",
                    [.. report.Settings.Where(s => s.Value is not null && $"{s.Value}".Length > 0).Select(s => (s.Key, $"{s.Value}"))]),
                RunReport.EnvironmentOf(RunEnvironment.Current()),
            ],
        };
    }

    private static ReportTable Table(SweepReport report)
    {
        string[] axes = [.. report.Best!.Settings.Keys];
        bool hasAccuracy = report.Best.Runs.All(r => r.Points[^1].TestAccuracy is not null);
        var rows = from round in report.Rounds.Reverse()
                   from trial in round.Trials
                   select (ReportCell[])[
                       $"{trial.Number}", .. axes.Select(a => (ReportCell)trial.Settings[a]),
                       round.ForwardPasses.ToString(CultureInfo.InvariantCulture),
                       .. ComparisonTable.Outcome([.. trial.Runs.Select(r => r.Points[^1])], hasAccuracy),
                       trial.Diverged ? "yes" : "", FormattableString.Invariant($"{trial.Runs.Average(r => r.Seconds):F1}"),
                   ];
        string seeds = report.Seeds == 1 ? "" : $" {report.Seeds} seeds: mean ± sample standard deviation.";
        return new ReportTable(
            "Results",
            ["trial", .. axes, "forward passes", hasAccuracy ? "test accuracy, %" : "test perplexity", "dev loss", "diverged", "seconds"],
            [.. rows],
            $"Lowest dev loss after the last step first, longest trainings first.{seeds} Diverged: dev loss above the start's, or not "
                + "finite. Seconds: training only.");
    }

    // Of each combination its longest training, those that got furthest first.
    private static Chart Curves(SweepReport report)
    {
        var shown = report.Rounds.Reverse().SelectMany(r => r.Trials).DistinctBy(t => t.Number).Take(MostCurves).ToArray();
        double start = shown.Max(t => t.Runs.Max(r => r.Points[0].DevLoss));
        double least = shown.SelectMany(t => t.Runs).SelectMany(r => r.Points).Select(p => p.DevLoss).Where(double.IsFinite).Min();
        return new Chart(
            "dev-loss", "Dev loss", "forward passes", "dev loss, nats",
            [.. shown.Select((t, i) => new Curve(NameOf(t), i, ComparisonCharts.Points(t.Runs, p => p.DevLoss)))])
        {
            IsWide = true,

            // What diverges must not flatten what does not.
            YLimit = start + Math.Max(0.3 * (start - least), 0.05 * Math.Abs(start)),
        };
    }

    // For each setting that is a number, what its values came to in the round that tried most of them.
    private static IEnumerable<Chart> Axes(SweepReport report)
    {
        foreach (string axis in report.Best!.Settings.Keys)
        {
            var all = report.Rounds[0].Trials.Where(t => double.IsFinite(t.DevLoss)).ToArray();
            var values = all.Select(t => double.TryParse(t.Settings[axis], CultureInfo.InvariantCulture, out double x) ? x : -1).ToArray();
            if (values.All(x => x > 0) && values.Distinct().Count() > 1)
            {
                var points = values.Zip(all, (x, trial) => (X: x, Y: trial.DevLoss)).GroupBy(p => p.X).OrderBy(g => g.Key);
                yield return new Chart(
                    $"by-{axis}", $"Dev loss by {axis}: best, and up to the worst", axis, "dev loss, nats",
                    [
                        new Curve("dev loss", 0, [.. points.Select(g => new CurvePoint(
                            g.Key, g.Min(p => p.Y), g.Min(p => p.Y), g.Max(p => p.Y)))])
                        {
                            Kind = CurveKind.Marked,
                        },
                    ])
                {
                    HasLogarithmicX = true,
                };
            }
        }
    }

    private static string NameOf(SweepTrial trial) => string.Join(", ", trial.Settings.Select(s => $"{s.Key} {s.Value}"));

    // What the program decides where nothing is said is left to it.
    private static string Best(SweepReport report)
    {
        var options = JsonSerializer.SerializeToNode(report.BestTraining!, RunConfigurationJson.Default.TrainingOptions)!.AsObject();
        foreach (var (name, _) in options.Where(o => o.Value is null).ToArray())
        {
            options.Remove(name);
        }

        return options.ToJsonString(RunConfigurationJson.Default.Options) + "\n";
    }
}
