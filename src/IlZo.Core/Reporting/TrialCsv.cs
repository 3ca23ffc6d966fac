using System.Globalization;
using System.Text;
using IlZo.Training;

namespace IlZo.Reporting;

/// <summary>All points of trials as comma-separated values (RFC 4180), a row each.</summary>
internal static class TrialCsv
{
    private static readonly string[] s_columns =
    [
        "learning_rate", "epsilon", "seed", "forward_passes", "step", "dev_loss", "dev_accuracy", "test_loss", "test_accuracy",
    ];

    /// <summary>The rows, below one with the names of the columns. What is not finite or not there is empty.</summary>
    /// <param name="subject">What the first column is called.</param>
    /// <param name="runs">The trials with what the first column says of them.</param>
    public static string Of(string subject, IEnumerable<(string Name, TrialRun Run)> runs)
    {
        var text = new StringBuilder();
        text.Append(string.Join(',', [subject, .. s_columns])).Append("\r\n");
        foreach (var (name, run) in runs)
        {
            foreach (var point in run.Points)
            {
                text.AppendJoin(',', [
                    MetricsCsv.Quoted(name), Cell(run.LearningRate), Cell(run.Epsilon), Cell(run.Seed), Cell(point.ForwardPasses),
                    Cell(point.Step), Cell(point.DevLoss), Cell(point.DevAccuracy), Cell(point.TestLoss), Cell(point.TestAccuracy),
                ]).Append("\r\n");
            }
        }

        return text.ToString();
    }

    private static string Cell(double? value) =>
        value is { } number && double.IsFinite(number) ? number.ToString("R", CultureInfo.InvariantCulture) : string.Empty;
}
