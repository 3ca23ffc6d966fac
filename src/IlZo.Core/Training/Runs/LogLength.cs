using System.Text;
using System.Text.Json;
using IlZo.Files;

namespace IlZo.Training;

/// <summary>How long a log ought to be, by what else a run leaves: its metrics, which are written after the log, and its result.</summary>
internal static class LogLength
{
    // More than any line of metrics.
    private const int TailBytes = 1 << 16;

    /// <summary>Refuses a log that is shorter than the run was.</summary>
    /// <param name="folder">The run.</param>
    /// <param name="steps">Steps in its log.</param>
    /// <exception cref="InvalidInputException">Steps are missing.</exception>
    public static void Require(RunFolder folder, long steps)
    {
        var (recorded, where) =
            new[] { (LastOfMetrics(folder.MetricsFile), folder.MetricsFile), (StepsOfResult(folder.ResultFile), folder.ResultFile) }.Max();
        if (recorded > steps)
        {
            throw new InvalidInputException(
                $"'{folder.TrajectoryFile}' holds {steps} steps and '{where}' says {recorded}: the last {recorded - steps} are missing; "
                + $"a copy of the whole log, or {Setting.AllowShortLog} to go on from what there is, was expected.");
        }
    }

    // What cannot be read says nothing: these files decide nothing else.
    private static long LastOfMetrics(string path)
    {
        if (!File.Exists(path))
        {
            return 0;
        }

        using var stream = PlainFile.OpenRead(path, FileShare.ReadWrite | FileShare.Delete);
        stream.Seek(-Math.Min(TailBytes, stream.Length), SeekOrigin.End);
        byte[] tail = new byte[(int)Math.Min(TailBytes, stream.Length)];
        int length = stream.ReadAtLeast(tail, tail.Length, throwOnEndOfStream: false);
        return Encoding.UTF8.GetString(tail, 0, length).Split('\n').Max(line => Number(line, "step"));
    }

    private static long StepsOfResult(string path) =>
        File.Exists(path) ? Number(Encoding.UTF8.GetString(PlainFile.ReadAllBytes(path)), "steps") : 0;

    private static long Number(string json, string field)
    {
        try
        {
            using var document = JsonDocument.Parse(json);
            return document.RootElement.ValueKind == JsonValueKind.Object
                && document.RootElement.TryGetProperty(field, out var value)
                && value.ValueKind == JsonValueKind.Number
                && value.TryGetInt64(out long number) ? number : 0;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            // The second is how a name with half of a surrogate pair is reported.
            return 0;
        }
    }
}
