using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json;
using IlZo.Files;

namespace IlZo.Training;

/// <summary>
/// How long a run has taken over all its parts, kept in <c>clock.json</c>: <c>{"seconds": …}</c>, padded so that one write of the same
/// length replaces it. A process that is killed loses less than a second and the step in flight.
/// </summary>
internal sealed class RunClock : IDisposable
{
    private static readonly TimeSpan s_interval = TimeSpan.FromSeconds(1);

    private readonly FileStream _stream;
    private readonly double _before;
    private readonly Stopwatch _watch;
    private TimeSpan _written;

    private RunClock(FileStream stream, double before, Stopwatch watch) => (_stream, _before, _watch) = (stream, before, watch);

    /// <summary>Seconds of the run so far.</summary>
    public double Seconds => _before + _watch.Elapsed.TotalSeconds;

    /// <summary>Continues the clock of a run.</summary>
    /// <param name="path">The file.</param>
    /// <param name="watch">What this part of the run has taken so far.</param>
    /// <exception cref="InvalidInputException">The file is not as a run writes it.</exception>
    public static RunClock Open(string path, Stopwatch watch)
    {
        // It is empty where a process was killed before its first second was over.
        double before = new FileInfo(path) is { Exists: true, Length: > 0 } ? Read(path) : 0;
        return new RunClock(new FileStream(path, FileMode.OpenOrCreate, FileAccess.Write, FileShare.Read, bufferSize: 0), before, watch);
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
        string line = string.Create(CultureInfo.InvariantCulture, $"{{\"seconds\": {Seconds,16:F3}}}\n");
        RandomAccess.Write(_stream.SafeFileHandle, Encoding.ASCII.GetBytes(line), 0);
    }

    private static double Read(string path)
    {
        try
        {
            using var json = JsonDocument.Parse(PlainFile.ReadAllBytes(path));
            double seconds = json.RootElement.GetProperty("seconds").GetDouble();
            return seconds >= 0 && double.IsFinite(seconds) ? seconds : throw new FormatException();
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            throw new InvalidInputException(
                $"'{path}' does not hold the seconds of a run; {{\"seconds\": 12.5}}, or no such file, was expected.", e);
        }
    }
}
