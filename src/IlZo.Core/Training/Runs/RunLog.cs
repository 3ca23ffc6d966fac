namespace IlZo.Training;

/// <summary>
/// The two logs of a run: the trajectory, which decides, and the metrics, which say how it went and follow from it. Entries that were there
/// when the log was opened are told again by <c>Replay</c>, as far as metrics are concerned; <see cref="EndReplay"/> ends that.
/// </summary>
internal sealed class RunLog : IDisposable
{
    private readonly TrajectoryWriter _trajectory;
    private readonly MetricsFile _metrics;

    private RunLog(TrajectoryWriter trajectory, MetricsFile metrics)
    {
        _trajectory = trajectory;
        _metrics = metrics;
        foreach (var entry in trajectory.Entries)
        {
            History.Add(entry);
        }
    }

    /// <summary>The entries when the log was opened.</summary>
    public IReadOnlyList<LogEntry> Entries => _trajectory.Entries;

    /// <summary>What the log says so far.</summary>
    public RunHistory History { get; } = new();

    /// <summary>Opens the logs of a run, which no other process may have open.</summary>
    public static RunLog Open(RunFolder folder, RunConfiguration configuration)
    {
        var trajectory = TrajectoryWriter.Open(folder.TrajectoryFile, RunIdentity.Fingerprint(configuration));
        try
        {
            folder.RemoveTemporary();
            return new RunLog(trajectory, MetricsFile.Begin(folder.MetricsFile));
        }
        catch
        {
            trajectory.Dispose();
            throw;
        }
    }

    /// <summary>Writes the metrics of a step that the log has.</summary>
    public void Replay(StepEntry entry, double gradient, IReadOnlyList<(string Name, double Value)> diagnostics) =>
        _metrics.Write(entry, gradient, diagnostics);

    /// <summary>Writes the metrics of an evaluation that the log has.</summary>
    public void Replay(EvaluationEntry entry) => _metrics.Write(entry);

    /// <summary>Ends the replay: entries are appended from here on.</summary>
    public void EndReplay() => _metrics.Publish();

    /// <summary>Logs a step.</summary>
    /// <param name="entry">The step.</param>
    /// <param name="gradient">The scalar that stands for the gradient.</param>
    /// <param name="diagnostics">What the method shows of itself.</param>
    public void Append(StepEntry entry, double gradient, IReadOnlyList<(string Name, double Value)> diagnostics)
    {
        Append(entry);
        _metrics.Write(entry, gradient, diagnostics);
    }

    /// <summary>Logs an evaluation, lastingly.</summary>
    public void Append(EvaluationEntry entry)
    {
        Append((LogEntry)entry);
        _metrics.Write(entry);
        Flush();
    }

    /// <summary>Logs what is kept, lastingly.</summary>
    public void Append(SelectionEntry entry)
    {
        Append((LogEntry)entry);
        Flush();
    }

    /// <summary>Refuses to go on in a folder that was moved or deleted while the run went on.</summary>
    /// <exception cref="IOException">The log is no longer where it was.</exception>
    public void RequireInPlace(RunFolder folder)
    {
        if (!_trajectory.IsInPlace)
        {
            throw new IOException(
                $"'{folder.TrajectoryFile}' is no longer the log that this run writes: the folder was moved, deleted or written to "
                    + "meanwhile; "
                + $"{Setting.Resume} continues the run where it is now.");
        }
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

    private void Append(LogEntry entry)
    {
        _trajectory.Append(entry);
        History.Add(entry);
    }
}
