using System.Text;
using System.Text.Json;

namespace IlZo.Training;

/// <summary>
/// The two logs of a run, kept in step: the trajectory, which decides, and the metrics, which say how it went. A step's metrics are
/// written before its record, and lines beyond the last record are cut when the run is continued, so that no line is lost or doubled
/// wherever the process ends.
/// </summary>
internal sealed class RunLog : IDisposable
{
    private readonly TrajectoryWriter _trajectory;
    private readonly MetricsLog _metrics;

    private RunLog(TrajectoryWriter trajectory, MetricsLog metrics, MetricsHistory history)
    {
        _trajectory = trajectory;
        _metrics = metrics;
        History = history;
    }

    /// <summary>The steps of the run when it was opened.</summary>
    public IReadOnlyList<StepRecord> Records => _trajectory.Records;

    public MetricsHistory History { get; }

    public static RunLog Open(RunFolder folder, RunConfiguration configuration)
    {
        var trajectory = TrajectoryWriter.Open(folder.TrajectoryFile, Fingerprint(configuration));
        try
        {
            var metrics = MetricsLog.Open(folder.MetricsFile, trajectory.Records.Count == 0 ? 0 : trajectory.Records[^1].Step);
            return new RunLog(trajectory, metrics, MetricsHistory.Read(folder.MetricsFile));
        }
        catch
        {
            trajectory.Dispose();
            throw;
        }
    }

    /// <summary>What ties a trajectory to its configuration.</summary>
    public static byte[] Fingerprint(RunConfiguration configuration) =>
        Sha256.Hash(Encoding.UTF8.GetBytes(string.Join('\n', configuration.Identity().Select(p => $"{p.Name}={p.Value}"))));

    public void ZeroShot(Evaluation evaluation)
    {
        History.Note(evaluation);
        _metrics.Write(0, json =>
        {
            Number(json, "zero_shot_loss", evaluation.Loss);
            if (evaluation.Perplexity is { } perplexity)
            {
                Number(json, "zero_shot_perplexity", perplexity);
            }
            else
            {
                json.WriteNumber("zero_shot_correct", evaluation.Correct);
            }

            json.WriteNumber("zero_shot_total", evaluation.Total);
            if (evaluation.F1 is { } f1)
            {
                json.WriteNumber("zero_shot_f1", f1);
            }
        });
    }

    /// <summary>Logs a step.</summary>
    /// <param name="record">What it does.</param>
    /// <param name="gradient">The scalar that stands for the gradient.</param>
    /// <param name="diagnostics">What the method shows of itself.</param>
    /// <param name="forwardPasses">Forward passes it took.</param>
    /// <param name="tokens">Tokens that went through the model in them.</param>
    public void Step(StepRecord record, double gradient, IReadOnlyList<(string Name, double Value)> diagnostics, long forwardPasses, long tokens)
    {
        History.NoteWork(History.ForwardPasses + forwardPasses, History.Tokens + tokens);
        _metrics.Write(record.Step, json =>
        {
            Number(json, "loss", record.Losses.Average());
            if (record.Skipped)
            {
                json.WriteBoolean("skipped", true);
            }
            else
            {
                Number(json, "projected_gradient", gradient);
            }

            Number(json, "learning_rate", record.LearningRate);
            foreach (var (name, value) in diagnostics)
            {
                Number(json, name, value);
            }

            json.WriteNumber("forward_passes", History.ForwardPasses);
            json.WriteNumber("tokens", History.Tokens);
        });
        _trajectory.Append(record);
    }

    public void DevEvaluation(long step, Evaluation evaluation)
    {
        _metrics.Write(step, json =>
        {
            Number(json, "dev_loss", evaluation.Loss);
            Number(json, evaluation.Perplexity is null ? "dev_accuracy" : "dev_perplexity", evaluation.Perplexity ?? evaluation.Accuracy ?? double.NaN);
            if (evaluation.F1 is { } f1)
            {
                json.WriteNumber("dev_f1", f1);
            }
        });
    }

    public void Flush()
    {
        _metrics.Flush(toDisk: true);
        _trajectory.Flush(toDisk: true);
    }

    public void Dispose()
    {
        _metrics.Dispose();
        _trajectory.Dispose();
    }

    private static void Number(Utf8JsonWriter json, string name, double value)
    {
        if (double.IsFinite(value))
        {
            json.WriteNumber(name, value);
        }
        else
        {
            json.WriteNull(name);
        }
    }
}
