using System.Diagnostics;

namespace IlZo.Training;

/// <summary>
/// How long a run has taken over all its parts, and on what (<see cref="RunTimes"/>), kept in <c>clock.json</c>. A process that is killed
/// loses less than a second and the step in flight.
/// </summary>
internal sealed class RunClock : IDisposable
{
    private static readonly TimeSpan s_interval = TimeSpan.FromSeconds(1);

    private readonly FileStream _stream;
    private readonly RunTimes _before;
    private readonly Stopwatch _watch;
    private readonly TimeSpan[] _phases = new TimeSpan[Enum.GetValues<RunPhase>().Length];
    private TimeSpan _lap;
    private TimeSpan _written;

    private RunClock(FileStream stream, RunTimes before, Stopwatch watch) => (_stream, _before, _watch) = (stream, before, watch);

    /// <summary>Seconds of the run so far.</summary>
    public double Seconds => _before.Seconds + _watch.Elapsed.TotalSeconds;

    /// <summary>Continues the clock of a run.</summary>
    /// <param name="path">The file.</param>
    /// <param name="watch">What this part of the run has taken so far.</param>
    /// <exception cref="InvalidInputException">The file is not as a run writes it.</exception>
    public static RunClock Open(string path, Stopwatch watch)
    {
        var before = RunTimes.Read(path);
        return new RunClock(new FileStream(path, FileMode.OpenOrCreate, FileAccess.Write, FileShare.Read, bufferSize: 0), before, watch);
    }

    /// <summary>Counts the time since the lap before, or since the start, as that of a phase.</summary>
    public void Lap(RunPhase phase)
    {
        var now = _watch.Elapsed;
        _phases[(int)phase] += now - _lap;
        _lap = now;
    }

    /// <summary>Notes the time now and then.</summary>
    public void Tick()
    {
        if (_watch.Elapsed - _written >= s_interval)
        {
            Write();
        }
    }

    public void Dispose()
    {
        Write();
        _stream.Dispose();
    }

    private void Write()
    {
        _written = _watch.Elapsed;
        RandomAccess.Write(_stream.SafeFileHandle, _before.Plus(_written, _phases).ToJson(), 0);
    }
}
