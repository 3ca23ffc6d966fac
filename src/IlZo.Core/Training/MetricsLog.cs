using System.Buffers;
using System.Text.Json;

namespace IlZo.Training;

/// <summary>
/// Appends to <c>metrics.jsonl</c>: one JSON object a line, in UTF-8, each with the <c>step</c> it is about as its first
/// field; steps never decrease. A resumed run first cuts what lies beyond the step it resumes from, so that the file ends
/// up as that of a run without interruption.
/// </summary>
public sealed class MetricsLog : IDisposable
{
    private readonly FileStream _stream;
    private readonly ArrayBufferWriter<byte> _line = new();
    private long _lastStep;

    private MetricsLog(FileStream stream, long lastStep)
    {
        _stream = stream;
        _lastStep = lastStep;
    }

    /// <summary>Creates the file, or opens it and cuts the lines about later steps and a last line that a crash left torn.</summary>
    /// <param name="path">The file.</param>
    /// <param name="keepThroughStep">The last step whose lines stay; -1 for a run that starts anew.</param>
    /// <exception cref="InvalidInputException">A line before the last is not an object with a step, or steps decrease.</exception>
    public static MetricsLog Open(string path, long keepThroughStep)
    {
        byte[] content = File.Exists(path) ? File.ReadAllBytes(path) : [];
        (int kept, long lastStep, bool lacksNewline) = Scan(path, content, keepThroughStep);
        var stream = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.Read, bufferSize: 0);
        try
        {
            stream.SetLength(kept);
            stream.Position = kept;
            if (lacksNewline)
            {
                stream.WriteByte((byte)'\n');
            }

            return new MetricsLog(stream, lastStep);
        }
        catch
        {
            stream.Dispose();
            throw;
        }
    }

    /// <summary>Appends a line in one write. A failed write is taken back.</summary>
    /// <param name="step">The step the line is about, not before that of the line before.</param>
    /// <param name="fields">Writes the other fields into the object that is open.</param>
    /// <exception cref="IOException">Writing failed.</exception>
    public void Write(long step, Action<Utf8JsonWriter> fields)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(step, _lastStep);
        _line.ResetWrittenCount();
        using (var writer = new Utf8JsonWriter(_line))
        {
            writer.WriteStartObject();
            writer.WriteNumber("step", step);
            fields(writer);
            writer.WriteEndObject();
        }

        _line.Write("\n"u8);
        long end = _stream.Position;
        try
        {
            _stream.Write(_line.WrittenSpan);
        }
        catch (IOException)
        {
            _stream.SetLength(end);
            _stream.Position = end;
            throw;
        }

        _lastStep = step;
    }

    /// <summary>With <paramref name="toDisk"/>, makes the lines outlive a failure of the machine.</summary>
    public void Flush(bool toDisk) => _stream.Flush(toDisk);

    public void Dispose() => _stream.Dispose();

    private static (int Kept, long LastStep, bool LacksNewline) Scan(string path, byte[] content, long keepThroughStep)
    {
        int start = 0;
        long last = long.MinValue;
        for (int number = 1; start < content.Length; number++)
        {
            int newline = content.AsSpan(start).IndexOf((byte)'\n');
            int length = newline < 0 ? content.Length - start : newline;
            int next = Math.Min(start + length + 1, content.Length);
            long? step = StepOf(content.AsMemory(start, length));
            if (step == null && next < content.Length)
            {
                throw new InvalidInputException($"'{path}': line {number} is not a JSON object with a whole number 'step'; one was expected on each line.");
            }

            if (step < last)
            {
                throw new InvalidInputException($"'{path}': line {number} is about step {step}, after one about step {last}; steps must not decrease.");
            }

            if (step == null || step > keepThroughStep)
            {
                break;
            }

            last = step.Value;
            start = next;

            // No proper beginning of an object is an object, so this line lacks nothing but its end.
            if (newline < 0)
            {
                return (start, last, true);
            }
        }

        return (start, last, false);
    }

    private static long? StepOf(ReadOnlyMemory<byte> line)
    {
        try
        {
            using var document = JsonDocument.Parse(line);
            return document.RootElement.ValueKind == JsonValueKind.Object
                && document.RootElement.TryGetProperty("step", out var step)
                && step.ValueKind == JsonValueKind.Number
                && step.TryGetInt64(out long value) ? value : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
