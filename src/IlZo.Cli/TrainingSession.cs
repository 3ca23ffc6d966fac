using System.Globalization;
using IlZo.Backends;
using IlZo.Reporting;
using IlZo.Tasks;
using IlZo.Training;

namespace IlZo.Cli;

/// <summary>A training that shows how it goes, writes its report, and says what came of it.</summary>
/// <param name="options">The training.</param>
/// <param name="folder">The folder of its run.</param>
/// <param name="policy">How a run that the folder holds may be resumed; null where it may not.</param>
/// <param name="cluster">Where others train the run too; null where none do.</param>
internal sealed class TrainingSession(TrainingOptions options, RunFolder folder, ResumePolicy? policy, ClusterRequest? cluster)
{
    private readonly TrainingDisplay _display = new();

    /// <summary>Whether the result is one JSON object.</summary>
    public bool Json { get; init; }

    /// <summary>Whether a run that ends worse than it began is a success.</summary>
    public bool AllowWorse { get; init; }

    /// <summary>Whether the run gets a page with its curves.</summary>
    public bool WritesReport { get; init; } = true;

    /// <summary>Trains.</summary>
    /// <param name="cancellation">Ends the run after the step in progress.</param>
    /// <returns>The exit code.</returns>
    public int Run(CancellationToken cancellation)
    {
        try
        {
            var result = Train(cancellation);
            Terminal.EndLiveLine();
            Print(result);
            SayHowItEnded(result);
            return result.EndedWorse && !AllowWorse ? Failure.Work : 0;
        }
        catch (OperationCanceledException)
        {
            Terminal.Say($"ilzo: stopped after step {_display.LastStep}{(folder.HasRun ? Continuation : string.Empty)}.");
            return Terminal.InterruptCode;
        }
        catch (DeviceException e) when (folder.HasRun)
        {
            throw new DeviceException($"{e.Message.TrimEnd('.')}{Continuation}.", e, e.Log);
        }
    }

    private string Continuation =>
        $"; 'ilzo train --run \"{folder.FullPath}\" --resume"
            + (cluster is null ? "' continues the run" : $" --cluster {cluster.Connection.Address}' continues the run");

    private TrainingResult Train(CancellationToken cancellation)
    {
        var report = WritesReport ? new LiveReport(_display, text => Terminal.Say($"note: {text}")) : null;
        using var shared = cluster?.Open(cancellation);
        try
        {
            return Trainer.TrainShared(
                options, folder, shared, policy, (IProgress<TrainingProgress>?)report ?? _display, cancellation, Device.Open);
        }
        finally
        {
            report?.End();
            if (shared is not null)
            {
                ClusterRequest.SayHowItWent(shared);
            }
        }
    }

    private static void SayHowItEnded(TrainingResult result)
    {
        if (result.Stopped is { } reason)
        {
            string why = reason == EarlyStop.Divergence
                ? "the loss diverged (--find-lr looks for a rate at which it does not)"
                : "the last --patience evaluations brought no improvement";
            Terminal.Say($"ilzo: ended after step {result.Steps} because {why}.");
        }

        if (result.EndedWorse)
        {
            string what = result.SkippedSteps == result.Steps
                ? "all steps were skipped because no loss was finite"
                : result.DevLossAtStart is null ? "the last step is not as good as the start on the test rows, or the loss diverged"
                : "no step was as good as the start";
            Terminal.Say($"ilzo: {what}: the initial weights are kept; a smaller --lr may help, which --find-lr looks for (--allow-worse "
                + "accepts this).");
        }
    }

    private void Print(TrainingResult result)
    {
        if (Json)
        {
            Terminal.Results.WriteLine(result.ToJson());
            return;
        }

        var rows = new List<(string, string)>();
        foreach (var (metric, _) in result.Test.Concat(result.ZeroShot).DistinctBy(v => v.Metric))
        {
            var (before, after) = metric is Accuracy
                ? ($"zero-shot {metric.Title}", $"final {metric.Title}")
                : ($"{metric.Title} before", $"{metric.Title} after");
            rows.AddRange(Metric(before, metric, result.ZeroShot, result.TestExamples).Concat(
                Metric(after, metric, result.Test, result.TestExamples)));
        }

        if (result.DevLoss is { } loss)
        {
            rows.Add(("dev loss", loss.ToString("F4", CultureInfo.InvariantCulture)));
        }

        if (result.SkippedRows is > 0 and int left)
        {
            rows.Add(("skipped rows", $"{left}"));
        }

        rows.Add(("selected step", $"{result.SelectedStep} of {result.Steps}"));
        if (result.SkippedSteps > 0)
        {
            rows.Add(("skipped steps", $"{result.SkippedSteps} (loss not finite)"));
        }

        rows.Add(("time", Format.Duration(result.Seconds)));
        rows.Add(("peak memory", Format.Bytes(result.PeakRssBytes)));
        rows.Add(("run", result.Run));
        rows.Add((options.Adapter is null ? "model" : "adapter", folder.TrainedFolder(options)));
        if (File.Exists(folder.ReportFile))
        {
            rows.Add(("report", folder.ReportFile));
        }

        Terminal.PrintTable(rows);
    }

    private static IEnumerable<(string, string)> Metric(string name, IMetric metric, MetricValues values, int examples) =>
        from v in values where v.Metric == metric select (name, metric is Accuracy ? Format.Accuracy(v, examples) : v.Text);
}
