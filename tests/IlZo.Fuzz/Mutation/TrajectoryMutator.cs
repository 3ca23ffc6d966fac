using IlZo.Optimizers;
using IlZo.Training;

namespace IlZo.Fuzz.Mutation;

/// <summary>Changes a run log: its entries with checksums that fit, or its bytes with checksums that do not.</summary>
internal sealed class TrajectoryMutator : IMutator
{
    private static readonly ByteMutator s_bytes = new("ILZOTRJ1");

    /// <summary>A log of these entries.</summary>
    public static byte[] Make(IEnumerable<LogEntry> entries)
    {
        byte[] header = TrajectoryFormat.Header(new byte[TrajectoryFormat.FingerprintBytes]);
        uint chain = TrajectoryFormat.HeaderChecksum(header);
        return [.. header, .. entries.Index().SelectMany(e => TrajectoryFormat.Encode(e.Item, e.Index, ref chain))];
    }

    public byte[] Mutate(Random random, byte[] input, byte[] other)
    {
        if (random.Next(2) == 0 || !TryRead(input, out var entries))
        {
            return s_bytes.Mutate(random, input, other);
        }

        entries.Insert(random.Next(entries.Count + 1), Entry(random));
        return Make(entries);
    }

    private static LogEntry Entry(Random random)
    {
        long step = Interesting.Integer(random);
        string hash = new("0123456789abcdef"[random.Next(16)], 64);
        return random.Next(4) switch
        {
            0 => new SelectionEntry(step, hash),
            1 => new EvaluationEntry(
                step, (EvaluationSplit)random.Next(2),
                new Evaluation(Number(random), (int)Interesting.Integer(random), (int)Interesting.Integer(random)),
                random.Next(2) == 0 ? hash : null),
            _ => new StepEntry(
                new StepRecord
                {
                    Step = step,
                    Skipped = random.Next(2) == 0,
                    LearningRate = Number(random),
                    Losses = [.. Enumerable.Range(0, random.Next(4)).Select(_ => Number(random))],
                    Coefficients = [.. Enumerable.Range(0, random.Next(1 << random.Next(8))).Select(_ => Number(random))],
                },
                Interesting.Integer(random),
                Interesting.Integer(random)),
        };
    }

    private static double Number(Random random) => BitConverter.Int64BitsToDouble(Interesting.Integer(random));

    private static bool TryRead(byte[] input, out List<LogEntry> entries)
    {
        entries = [];
        try
        {
            using var stream = new MemoryStream(input, writable: false);
            entries.AddRange(TrajectoryReader.Read("input", stream, out _).Entries);
            return true;
        }
        catch (InvalidInputException)
        {
            return false;
        }
    }
}
