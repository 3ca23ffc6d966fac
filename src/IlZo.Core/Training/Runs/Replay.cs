using System.Text.Json;
using IlZo.Backends.Cpu;
using IlZo.Files;
using IlZo.Optimizers;

namespace IlZo.Training;

/// <summary>Weights rebuilt from a run's base checkpoint and its log, without a forward pass.</summary>
/// <param name="Steps">Steps that were replayed.</param>
/// <param name="WeightsSha256">The weights after them.</param>
public sealed record Replay(long Steps, string WeightsSha256)
{
    /// <summary>Rebuilds the weights of a step.</summary>
    /// <param name="folder">The run.</param>
    /// <param name="toStep">The step, or null for the last one in the log.</param>
    /// <param name="output">A folder in which to save the weights, or the adapter if the run trains one; or null.</param>
    /// <param name="threads">Threads, or null for all processors.</param>
    /// <param name="model">The base checkpoint, if it is no longer where the run found it; otherwise null.</param>
    /// <param name="allowShortLog">Whether the log may have fewer steps than the run had.</param>
    /// <param name="methods">The program's own methods, as <see cref="TrainingOptions.Methods"/> had them.</param>
    /// <param name="cancellation">Cancels between two steps; nothing is saved then.</param>
    /// <exception cref="OperationCanceledException">The work was ended.</exception>
    /// <exception cref="InvalidInputException"> The run, its base checkpoint or the step cannot be used, or the weights differ from those
    /// that the run recorded. </exception>
    public static Replay Run(
        RunFolder folder,
        long? toStep = null,
        string? output = null,
        int? threads = null,
        string? model = null,
        bool allowShortLog = false,
        IReadOnlyList<OptimizerMethod>? methods = null,
        CancellationToken cancellation = default)
    {
        var run = SavedRun.Open(folder, allowShortLog);
        long last = toStep ?? run.Records.Count;
        if (last < 0 || last > run.Records.Count)
        {
            throw new InvalidInputException(
                $"{Setting.ToStep} is {last}; 0 to {run.Records.Count}, the steps in '{folder.TrajectoryFile}', was expected.");
        }

        var options = run.Configuration.Options with { Model = model ?? run.Configuration.Options.Model, Methods = methods ?? [] };
        using var backend = new CpuBackend(threads);
        using var start = run.LoadStart(model, cancellation);
        using var optimizer = TrainableModel.CreateOptimizer(options, start, run.Configuration.BegunInFormat);
        backend.Load(start.Parameters, cancellation);
        var records = new RecordQueue(optimizer, backend);
        foreach (var record in run.Records.Take((int)last))
        {
            cancellation.ThrowIfCancellationRequested();
            records.Apply(record, cancellation);
        }

        records.Flush(cancellation);

        string sha256 = start.Parameters.Sha256(cancellation);
        start.Checkpoint.RequireUnchanged();
        RequireResult(folder, last, sha256);
        if (output is not null)
        {
            start.SaveTrained(output, TrainableModel.ExtraFiles(options, folder), cancellation);
            if (run.Saved is { } saved && saved.Step == last)
            {
                SavedRun.RequireSaved(output, saved);
            }
        }

        return new Replay(last, sha256);
    }

    // The result of a run tells the weights after its last step.
    private static void RequireResult(RunFolder folder, long step, string sha256)
    {
        if (!File.Exists(folder.ResultFile))
        {
            return;
        }

        string? expected;
        try
        {
            using var json = JsonDocument.Parse(PlainFile.ReadAllBytes(folder.ResultFile));
            expected = json.RootElement.GetProperty("steps").GetInt64() == step
                ? json.RootElement.GetProperty("weights_sha256").GetString()
                : null;
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            throw new InvalidInputException($"'{folder.ResultFile}' is not as a run writes it; steps and weights_sha256 were expected.", e);
        }

        if (expected is not null && expected != sha256)
        {
            throw new InvalidInputException(
                $"'{folder.ResultFile}' has weights_sha256 {expected} for step {step}, and the replay came to {sha256}; the same was "
                    + "expected.");
        }
    }
}
