using System.Globalization;
using System.Text;
using System.Text.Json;
using IlZo.Files;

namespace IlZo.Training;

/// <summary>What a run spends time on.</summary>
internal enum RunPhase
{
    /// <summary>Reading the model and the examples, and replaying the steps of a resumed run.</summary>
    Loading,

    /// <summary>Training steps.</summary>
    Steps,

    /// <summary>Evaluations on dev and test rows.</summary>
    Evaluation,

    /// <summary>Saving weights.</summary>
    Saving,

    /// <summary>All else, such as showing how the run goes.</summary>
    Other,
}

/// <summary>
/// How long a run has taken over all its parts, as <c>clock.json</c> has it: <c>{"seconds": …, "loading": …, "steps": …, "evaluation": …,
/// "saving": …}</c>, where what is missing in the sum is all else. Earlier versions wrote the first number alone.
/// </summary>
/// <param name="seconds">All seconds.</param>
/// <param name="ofPhases">The seconds of each phase but the last.</param>
internal sealed class RunTimes(double seconds, IReadOnlyList<double> ofPhases)
{
    private const string TotalField = "seconds";

    private static readonly RunPhase[] s_written = [RunPhase.Loading, RunPhase.Steps, RunPhase.Evaluation, RunPhase.Saving];

    /// <summary>The times of a run that has not begun.</summary>
    public static RunTimes None { get; } = new(0, new double[s_written.Length]);

    /// <summary>All seconds.</summary>
    public double Seconds => seconds;

    /// <summary>Whether it is known what the seconds were spent on.</summary>
    public bool AreSplit => ofPhases.Any(s => s > 0);

    /// <summary>The seconds of a phase.</summary>
    public double this[RunPhase phase] =>
        phase == RunPhase.Other ? Math.Max(0, seconds - s_written.Sum(p => ofPhases[(int)p])) : ofPhases[(int)phase];

    /// <summary>The times with those of a further part of the run.</summary>
    /// <param name="all">All of its time.</param>
    /// <param name="phases">That of each phase.</param>
    public RunTimes Plus(TimeSpan all, IReadOnlyList<TimeSpan> phases) =>
        new(seconds + all.TotalSeconds, [.. s_written.Select(p => ofPhases[(int)p] + phases[(int)p].TotalSeconds)]);

    /// <summary>Reads the file of a run, also of one that goes on.</summary>
    /// <exception cref="InvalidInputException">It is not as a run writes it.</exception>
    public static RunTimes Read(string path)
    {
        try
        {
            // It is empty where a process was killed before its first second was over, and missing before that.
            if (new FileInfo(path) is not { Exists: true, Length: > 0 })
            {
                return None;
            }

            using var stream = PlainFile.OpenRead(path, FileShare.ReadWrite | FileShare.Delete);
            using var json = JsonDocument.Parse(stream);
            var root = json.RootElement;
            return new RunTimes(
                Number(root.GetProperty(TotalField)),
                [.. s_written.Select(p => root.TryGetProperty(FieldOf(p), out var seconds) ? Number(seconds) : 0)]);
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            throw new InvalidInputException(
                $"'{path}' does not hold the seconds of a run; {{\"seconds\": 12.5}}, or no such file, was expected.", e);
        }
    }

    /// <summary>The content of the file, which always has the same length, so that one write replaces it.</summary>
    public byte[] ToJson()
    {
        var line = new StringBuilder();
        line.Append(CultureInfo.InvariantCulture, $"{{\"{TotalField}\": {Seconds,16:F3}");
        foreach (var phase in s_written)
        {
            line.Append(CultureInfo.InvariantCulture, $", \"{FieldOf(phase)}\": {this[phase],16:F3}");
        }

        return Encoding.ASCII.GetBytes(line.Append("}\n").ToString());
    }

    private static string FieldOf(RunPhase phase) => phase.ToString().ToLowerInvariant();

    private static double Number(JsonElement value) =>
        value.GetDouble() is >= 0 and var seconds && double.IsFinite(seconds) ? seconds : throw new FormatException();
}
