using IlZo.Backends;

namespace IlZo.Training;

/// <summary>
/// The two logs of a run: the trajectory, which decides, and the metrics, which say how it went and follow from it. Entries that were there
/// when the log was opened are told again by <c>Write</c>, as far as metrics are concerned; <see cref="EndReplay"/> ends that.
/// </summary>
/// <remarks>Where others train the run too, what the common log has is written here, byte for byte.</remarks>
internal sealed class RunLog : IDisposable
{
    private readonly TrajectoryWriter _trajectory;
    private readonly MetricsFile _metrics;
    private readonly ISharedRun? _shared;

    private RunLog(TrajectoryWriter trajectory, IReadOnlyList<LogEntry> entries, MetricsFile metrics, ISharedRun? shared)
    {
        (_trajectory, Entries, _metrics, _shared) = (trajectory, entries, metrics, shared);
        foreach (var entry in entries)
        {
            History.Add(entry);
        }
    }

    /// <summary>The entries when the log was opened.</summary>
    public IReadOnlyList<LogEntry> Entries { get; }

    /// <summary>What the log says so far.</summary>
    public RunHistory History { get; } = new();

    /// <summary>Opens the logs of a run, which no other process may have open.</summary>
    /// <param name="folder">The run.</param>
    /// <param name="configuration">What it is.</param>
    /// <param name="engine">What computes here.</param>
    /// <param name="shared">The run as others train it too, of which the log gets what they have decided; null where none do.</param>
    /// <param name="mayLackQueries">Whether a step can do without the losses of some queries.</param>
    public static RunLog Open(
        RunFolder folder, RunConfiguration configuration, Engine engine, ISharedRun? shared, bool mayLackQueries)
    {
        byte[] fingerprint = RunIdentity.Fingerprint(configuration);
        var trajectory = TrajectoryWriter.Open(folder.TrajectoryFile, fingerprint);
        try
        {
            folder.RemoveTemporary();
            shared?.Begin(configuration, engine, mayLackQueries, TrajectoryFormat.EncodeAll(fingerprint, trajectory.Entries));
            var entries = new List<LogEntry>(trajectory.Entries);
            while (shared?.Entry(trajectory.Count) is { } decided)
            {
                entries.Add(trajectory.Append(decided));
            }

            return new RunLog(trajectory, entries, MetricsFile.Begin(folder.MetricsFile), shared);
        }
        catch
        {
            trajectory.Dispose();
            throw;
        }
    }

    /// <summary>Ends the replay: entries are appended from here on.</summary>
    public void EndReplay() => _metrics.Publish();

    /// <summary>Logs an entry.</summary>
    /// <typeparam name="T">What the entry must be.</typeparam>
    /// <param name="decide">Makes the entry; not asked where others have.</param>
    /// <returns>The entry of the log, which is another's where others were first.</returns>
    /// <exception cref="InvalidInputException">The log has an entry of another kind.</exception>
    public T Append<T>(Func<T> decide)
        where T : LogEntry
    {
        var entry = _shared is null ? AppendOwn(decide()) : AppendShared(_shared, decide);
        History.Add(entry);
        return entry as T ?? throw new InvalidInputException(
            $"The run's common log has an entry {_trajectory.Count - 1} of kind {entry.GetType().Name}; a {typeof(T).Name} was expected, "
                + "as the entries before it ask for.");
    }

    /// <summary>Writes the metrics of a step.</summary>
    /// <param name="entry">The step.</param>
    /// <param name="gradient">The scalar that stands for the gradient.</param>
    /// <param name="diagnostics">What the method shows of itself.</param>
    public void Write(StepEntry entry, double gradient, IReadOnlyList<(string Name, double Value)> diagnostics) =>
        _metrics.Write(entry, gradient, diagnostics);

    /// <summary>Writes the metrics of an evaluation.</summary>
    public void Write(EvaluationEntry entry) => _metrics.Write(entry);

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

    private LogEntry AppendOwn(LogEntry entry)
    {
        _trajectory.Append(entry);
        return entry;
    }

    private LogEntry AppendShared<T>(ISharedRun shared, Func<T> decide)
        where T : LogEntry
    {
        long index = _trajectory.Count;
        while (true)
        {
            try
            {
                return _trajectory.Append(shared.Entry(index) ?? shared.Append(index, _trajectory.Encode(decide())));
            }
            catch (DecidedElsewhereException)
            {
                // It is there now; or it was lost with the end of the log, and is decided anew.
            }
        }
    }
}
