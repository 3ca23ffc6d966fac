using System.Buffers;
using System.Text.Json;
using IlZo.Tasks;

namespace IlZo.Training;

/// <summary>
/// Writes <c>metrics.jsonl</c>: one JSON object a line, in UTF-8, with the <c>step</c> it is about as its first field. The file follows
/// from the run's log and decides nothing: a continued run writes it anew while it replays, so that it ends up as that of a run without
/// interruption, whatever became of it in between.
/// </summary>
internal sealed class MetricsFile : IDisposable
{
    private readonly string _path;
    private readonly ArrayBufferWriter<byte> _line = new();
    private FileStream _stream;
    private bool _isPublished;
    private long _forwardPasses;
    private long _tokens;

    private MetricsFile(string path, FileStream stream) => (_path, _stream) = (path, stream);

    /// <summary>Begins a file that is not seen under its name before <see cref="Publish"/>.</summary>
    public static MetricsFile Begin(string path)
    {
        string temporary = Checkpoints.AtomicFile.TemporaryOf(path);
        return new MetricsFile(path, new FileStream(
            temporary, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.Read | FileShare.Delete, bufferSize: 1 << 16));
    }

    /// <summary>
    /// Gives the file its name, in the place of what was there. Each line is in the hands of the operating system from here on.
    /// </summary>
    public void Publish()
    {
        string temporary = _stream.Name;
        _stream.Dispose();
        File.Move(temporary, _path, overwrite: true);
        _isPublished = true;
        _stream = new FileStream(_path, FileMode.Open, FileAccess.ReadWrite, FileShare.Read | FileShare.Delete, bufferSize: 0);
        _stream.Seek(0, SeekOrigin.End);
    }

    /// <summary>Writes the line of a step.</summary>
    /// <param name="entry">The step.</param>
    /// <param name="gradient">The scalar that stands for the gradient.</param>
    /// <param name="diagnostics">What the method shows of itself.</param>
    public void Write(StepEntry entry, double gradient, IReadOnlyList<(string Name, double Value)> diagnostics)
    {
        _forwardPasses += entry.ForwardPasses;
        _tokens += entry.Tokens;
        Write(entry.Step, json =>
        {
            Number(json, "loss", entry.Record.MeanLoss);
            if (entry.Record.Skipped)
            {
                json.WriteBoolean("skipped", true);
            }
            else
            {
                Number(json, "projected_gradient", gradient);
            }

            Number(json, "learning_rate", entry.Record.LearningRate);
            foreach (var (name, value) in diagnostics)
            {
                Number(json, name, value);
            }

            json.WriteNumber("forward_passes", _forwardPasses);
            json.WriteNumber("tokens", _tokens);
        });
    }

    /// <summary>Writes the line of an evaluation.</summary>
    public void Write(EvaluationEntry entry)
    {
        var evaluation = entry.Evaluation;
        if (entry.Split == EvaluationSplit.Test)
        {
            Write(entry.Step, json => ZeroShot(json, evaluation));
            return;
        }

        Write(entry.Step, json =>
        {
            Number(json, "dev_loss", evaluation.Loss);
            foreach (var (metric, value) in evaluation.Metrics)
            {
                Number(json, $"dev_{metric.Field}", value);
            }
        });
    }

    /// <summary>With <paramref name="toDisk"/>, makes the lines outlive a failure of the machine.</summary>
    public void Flush(bool toDisk) => _stream.Flush(toDisk);

    public void Dispose()
    {
        _stream.Dispose();
        if (!_isPublished)
        {
            File.Delete(_stream.Name);
        }
    }

    private static void ZeroShot(Utf8JsonWriter json, Evaluation evaluation)
    {
        Number(json, "zero_shot_loss", evaluation.Loss);
        foreach (var (index, (metric, value)) in evaluation.Metrics.Index())
        {
            if (metric is Accuracy)
            {
                json.WriteNumber("zero_shot_correct", evaluation.Correct);
            }
            else
            {
                Number(json, $"zero_shot_{metric.Field}", value);
            }

            if (index == 0)
            {
                json.WriteNumber("zero_shot_total", evaluation.Total);
            }
        }
    }

    // One write a line; a failed one is taken back.
    private void Write(long step, Action<Utf8JsonWriter> fields)
    {
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
