using System.Buffers.Binary;
using System.Text;
using IlZo.Optimizers;
using IlZo.Tasks;

namespace IlZo.Training;

/// <summary>
/// The payloads of the entries of <c>trajectory.bin</c>, version 2: u32 kind, i64 step, and
/// <list type="bullet">
/// <item>1, a step: f64 learning rate; u32 flags, bit 0 = skipped; i64 forward passes; i64 tokens; u32 number of losses; u32 number of
/// coefficients; the losses and then the coefficients as f64.</item>
/// <item>2, an evaluation: u32 flags, bit 0 = on the test examples, bit 1 = there is nothing to choose (perplexity is exp of the loss),
/// bit 2 = answers are generated and their F1 follows, bit 3 = a SHA-256 follows, bit 4 = other metrics follow; i32 correct; i32 total; f64
/// loss; the F1 as f64; the other metrics as u8 number of them, and of each u8 length of its name, the name in ASCII and the value as f64;
/// the SHA-256 of what was saved, 32 bytes.</item>
/// <item>3, what is kept: the SHA-256 of what was saved, 32 bytes.</item>
/// </list>
/// </summary>
internal static class EntryPayload
{
    private const uint StepKind = 1;
    private const uint EvaluationKind = 2;
    private const uint SelectionKind = 3;

    private const int HashBytes = 32;

    [Flags]
    private enum EvaluationFlags : uint
    {
        None = 0,
        OnTest = 1,
        NothingToChoose = 2,
        HasF1 = 4,
        Saved = 8,
        HasOtherMetrics = 16,
        All = 31,
    }

    public static void Write(BinaryWriter writer, LogEntry entry)
    {
        switch (entry)
        {
            case StepEntry step:
                writer.Write(StepKind);
                writer.Write(step.Step);
                WriteStep(writer, step);
                break;
            case EvaluationEntry evaluation:
                writer.Write(EvaluationKind);
                writer.Write(evaluation.Step);
                WriteEvaluation(writer, evaluation);
                break;
            case SelectionEntry selection:
                writer.Write(SelectionKind);
                writer.Write(selection.Step);
                writer.Write(Convert.FromHexString(selection.SavedSha256));
                break;
            default:
                throw new ArgumentException($"There is no payload for {entry.GetType().Name}.", nameof(entry));
        }
    }

    /// <summary>The entry of a payload, or null where it is none of this version.</summary>
    public static LogEntry? Read(ReadOnlySpan<byte> payload)
    {
        var rest = new PayloadReader(payload);
        uint kind = rest.UInt32();
        long step = rest.Int64();
        LogEntry? entry = kind switch
        {
            StepKind => ReadStep(step, ref rest),
            EvaluationKind => ReadEvaluation(step, ref rest),
            SelectionKind => new SelectionEntry(step, Convert.ToHexStringLower(rest.Bytes(HashBytes))),
            _ => null,
        };
        return rest.EndsHere ? entry : null;
    }

    /// <summary>The first numbers of bytes.</summary>
    public static double[] Doubles(ReadOnlySpan<byte> bytes, int count)
    {
        double[] values = new double[count];
        for (int i = 0; i < count; i++)
        {
            values[i] = BinaryPrimitives.ReadDoubleLittleEndian(bytes[(sizeof(double) * i)..]);
        }

        return values;
    }

    private static void WriteStep(BinaryWriter writer, StepEntry entry)
    {
        var record = entry.Record;
        writer.Write(record.LearningRate);
        writer.Write(record.Skipped ? 1u : 0u);
        writer.Write(entry.ForwardPasses);
        writer.Write(entry.Tokens);
        writer.Write(record.Losses.Length);
        writer.Write(record.Coefficients.Length);
        Array.ForEach(record.Losses, writer.Write);
        Array.ForEach(record.Coefficients, writer.Write);
    }

    private static StepEntry? ReadStep(long step, ref PayloadReader rest)
    {
        double rate = rest.Double();
        uint flags = rest.UInt32();
        long passes = rest.Int64();
        long tokens = rest.Int64();
        uint losses = rest.UInt32();
        uint coefficients = rest.UInt32();
        if (flags > 1)
        {
            return null;
        }

        return new StepEntry(
            new StepRecord
            {
                Step = step,
                LearningRate = rate,
                Skipped = flags == 1,
                Losses = rest.Doubles(losses),
                Coefficients = rest.Doubles(coefficients),
            },
            passes,
            tokens);
    }

    private static void WriteEvaluation(BinaryWriter writer, EvaluationEntry entry)
    {
        var evaluation = entry.Evaluation;
        bool chooses = evaluation.Metrics[Perplexity.Instance] is null;
        double? f1 = evaluation.Metrics[TokenF1.Instance];
        var said = Evaluation.Logged(evaluation.Loss, evaluation.Correct, evaluation.Total, chooses, f1).Metrics.Select(v => v.Metric);
        MetricValue[] others = [.. evaluation.Metrics.Where(v => !said.Contains(v.Metric))];
        var flags = (entry.Split == EvaluationSplit.Test ? EvaluationFlags.OnTest : 0)
            | (chooses ? 0 : EvaluationFlags.NothingToChoose)
            | (f1 is not null ? EvaluationFlags.HasF1 : 0)
            | (entry.SavedSha256 is not null ? EvaluationFlags.Saved : 0)
            | (others.Length > 0 ? EvaluationFlags.HasOtherMetrics : 0);
        writer.Write((uint)flags);
        writer.Write(evaluation.Correct);
        writer.Write(evaluation.Total);
        writer.Write(evaluation.Loss);
        if (f1 is { } value)
        {
            writer.Write(value);
        }

        if (others.Length > 0)
        {
            WriteMetrics(writer, others);
        }

        if (entry.SavedSha256 is { } hash)
        {
            writer.Write(Convert.FromHexString(hash));
        }
    }

    private static EvaluationEntry? ReadEvaluation(long step, ref PayloadReader rest)
    {
        var flags = (EvaluationFlags)rest.UInt32();
        int correct = rest.Int32();
        int total = rest.Int32();
        double loss = rest.Double();
        double? f1 = flags.HasFlag(EvaluationFlags.HasF1) ? rest.Double() : null;
        var others = flags.HasFlag(EvaluationFlags.HasOtherMetrics) ? ReadMetrics(ref rest) : [];
        string? hash = flags.HasFlag(EvaluationFlags.Saved) ? Convert.ToHexStringLower(rest.Bytes(HashBytes)) : null;
        if (flags > EvaluationFlags.All || others is null)
        {
            return null;
        }

        var evaluation = Evaluation.Logged(loss, correct, total, !flags.HasFlag(EvaluationFlags.NothingToChoose), f1);
        var metrics = new MetricValues([.. evaluation.Metrics, .. others]);
        return metrics.DistinctBy(v => v.Metric.Field).Count() < metrics.Count
            ? null
            : new EvaluationEntry(
                step, flags.HasFlag(EvaluationFlags.OnTest) ? EvaluationSplit.Test : EvaluationSplit.Dev,
                evaluation with { Metrics = metrics }, hash);
    }

    private static void WriteMetrics(BinaryWriter writer, MetricValue[] metrics)
    {
        writer.Write(checked((byte)metrics.Length));
        foreach (var (metric, value) in metrics)
        {
            writer.Write(checked((byte)metric.Name.Length));
            writer.Write(Encoding.ASCII.GetBytes(metric.Name));
            writer.Write(value);
        }
    }

    // Null where one of them is none that this version knows.
    private static List<MetricValue>? ReadMetrics(ref PayloadReader rest)
    {
        var values = new List<MetricValue>();
        for (int left = rest.Byte(); left > 0; left--)
        {
            int length = rest.Byte();
            if (length > PayloadReader.MostBytes || MetricCatalog.Find(Encoding.ASCII.GetString(rest.Bytes(length))) is not { } metric)
            {
                return null;
            }

            values.Add(new MetricValue(metric, rest.Double()));
        }

        return values;
    }
}
