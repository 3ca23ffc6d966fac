using IlZo.Checkpoints;
using IlZo.Files;
using IlZo.Training;

namespace IlZo.Reporting;

/// <summary>What a comparison leaves for people: a table, a figure, a page, and all of its numbers.</summary>
internal static class ComparisonFiles
{
    internal const string NumbersFile = "compare.json";
    private const string TableFile = "table.md";
    private const string ChartFile = "curves.svg";
    private const string ReportFile = "report.html";
    private const string RowsFile = "points.csv";

    /// <summary>The names of the files.</summary>
    public static IReadOnlyList<string> Names { get; } = [NumbersFile, TableFile, ChartFile, ReportFile, RowsFile];

    /// <summary>Writes the files; earlier ones are replaced.</summary>
    /// <exception cref="IOException">Writing failed.</exception>
    public static void Write(ComparisonReport report, string folder)
    {
        Directory.CreateDirectory(folder);
        AtomicFile.WriteAllText(Path.Combine(folder, NumbersFile), report.ToJson(indented: true) + "\n");
        AtomicFile.WriteAllText(Path.Combine(folder, TableFile), Table(report));
        AtomicFile.WriteAllText(Path.Combine(folder, ChartFile), SvgChart.Of(new ComparisonCharts(report).Main));
        HtmlReport.Write(Path.Combine(folder, ReportFile), Page(report));
        AtomicFile.WriteAllText(
            Path.Combine(folder, RowsFile), TrialCsv.Of("method", report.Methods.SelectMany(m => m.Runs.Select(r => (m.Name, r)))));
    }

    /// <summary>Reads the numbers of a comparison that <see cref="Write"/> left.</summary>
    /// <exception cref="InvalidInputException">They are not there, or not as written.</exception>
    public static ComparisonReport Read(string folder)
    {
        string path = Path.Combine(folder, NumbersFile);
        return File.Exists(path)
            ? ComparisonReport.Parse(PlainFile.ReadAllBytes(path), path)
            : throw new InvalidInputException($"{folder}: found no {NumbersFile}; the folder of a comparison was expected.");
    }

    /// <summary>One row for each method at its best learning rate, in Markdown.</summary>
    public static string Table(ComparisonReport report) => ComparisonTable.Markdown(ComparisonTable.Of(report));

    /// <summary>The report.</summary>
    public static ReportDocument Page(ComparisonReport report)
    {
        var charts = new ComparisonCharts(report);
        string subject = report.Function ?? $"{report.Settings["task"]}, model {report.Settings["model"]}";
        string interrupted = report.Interrupted ? " Methods that are not done yet are missing." : "";
        return new ReportDocument(
            $"Comparison on {subject}",
            FormattableString.Invariant(
                $"{report.Methods.Count} methods with {report.Seeds} seeds each and {report.ForwardPasses:N0} forward passes a run, ")
                + $"shown at the best of their learning rates.{interrupted}")
        {
            Results = ComparisonTable.Of(report),
            Legend = charts.Names,
            Charts = charts.All,
            Sections =
            [
                ComparisonTable.OfRates(report),
                new ReportDefinitions(
                    "Settings in common",
                    [.. report.Settings.Where(s => s.Value is not null && $"{s.Value}".Length > 0).Select(s => (s.Key, $"{s.Value}"))]),
                RunReport.EnvironmentOf(RunEnvironment.Current()),
            ],
        };
    }
}
