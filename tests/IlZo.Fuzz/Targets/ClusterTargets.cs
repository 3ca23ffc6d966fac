using System.Diagnostics.CodeAnalysis;
using IlZo.Backends;
using IlZo.Clusters;
using IlZo.Fuzz.Mutation;
using IlZo.Training;

namespace IlZo.Fuzz.Targets;

/// <summary>What workers of a run send each other, and the entries of its common log.</summary>
internal static class ClusterTargets
{
    private static readonly Backends.Engine s_engine = new(EngineName.Managed, PrecisionName.Fp32);

    private static readonly RunConfiguration s_run = new(
        new TrainingOptions { Engine = s_engine.Name, Precision = s_engine.Precision }, new string('0', 64), new string('1', 64))
    {
        Arithmetic = s_engine.Arithmetic,
    };

    public static IEnumerable<FuzzTarget> All =>
    [
        new("cluster-message", "a message to a worker that waits for it", Messages, new ChecksumMutator("IZC1"), () => Receive),
        new("cluster-log", "the first entry of a common log", Beginnings, new ChecksumMutator("IZG1", "options", "engine"), () => Join),
    ];

    private static IEnumerable<byte[]> Messages() =>
    [
        new Message(MessageKind.Here, 7, 1, ReadOnlyMemory<byte>.Empty).Encode(),
        new Message(MessageKind.Values, 7, 1, new ValuesBody(0, 1, 2, [new byte[8], BitConverter.GetBytes(2.5)]).Encode()).Encode(),
        new Message(MessageKind.Mark, 7, 1, new MarkBody(2, new string('a', 64)).Encode()).Encode(),
        new Message(MessageKind.Stop, 7, 1, "why"u8.ToArray()).Encode(),
    ];

    private static IEnumerable<byte[]> Beginnings() => [new Genesis(new ClusterSettings(), s_run.ToJson()).Encode()];

    // The worker computes what the message does not have, and takes the rest: a value for each, of those that can be.
    private static void Receive(byte[] input)
    {
        ISharedRun run = new ClusterRun(_ => new Once(input, null), time: new Hurry());
        run.Begin(s_run, s_engine, mayLackQueries: true, []);
        double[][] values;
        try
        {
            values = run.Share(new Halves());
        }
        catch (OperationCanceledException)
        {
            return;
        }

        if (values.Any(pass => !pass.All(v => v is >= 0 and <= 8)))
        {
            throw new InvalidOperationException("A value was taken that its item cannot have.");
        }
    }

    private static void Join(byte[] input)
    {
        ISharedRun run = new ClusterRun(_ => new Once(null, input), time: new Hurry());
        run.Begin(s_run, s_engine, mayLackQueries: true, []);
    }

    private sealed class Halves : ISharedWork<double>
    {
        public int Passes => 2;

        public bool MayLackPasses => false;

        public int Items => 4;

        public long TokensAtATime => long.MaxValue;

        public long Weight(int item) => 1;

        public double[] Do(int pass, int first, int count) => new double[count];

        public byte[] Encode(double value) => BitConverter.GetBytes(value);

        public bool TryDecode(int pass, int item, ReadOnlySpan<byte> bytes, [MaybeNullWhen(false)] out double value)
        {
            value = bytes.Length == sizeof(double) ? BitConverter.ToDouble(bytes) : double.NaN;
            return value is >= 0 and <= 8;
        }
    }

    // A second for each look at the clock.
    private sealed class Hurry : TimeProvider
    {
        private long _seconds;

        public override long TimestampFrequency => 1;

        public override long GetTimestamp() => _seconds++;
    }

    // A message, or a log with a first entry; time that no one comes in passes at once.
    private sealed class Once(byte[]? message, byte[]? first) : IRunChannel
    {
        private readonly List<byte[]> _log = first is null ? [] : [first];
        private byte[]? _message = message;

        public long Length => _log.Count;

        public byte[]? Entry(long index, CancellationToken cancellation = default) => index < _log.Count ? _log[(int)index] : null;

        public bool Append(long index, ReadOnlyMemory<byte> entry, CancellationToken cancellation = default)
        {
            _log.Add(entry.ToArray());
            return true;
        }

        public void Send(ReadOnlyMemory<byte> message)
        {
        }

        public byte[]? Receive(long length, TimeSpan timeout, CancellationToken cancellation = default) =>
            Interlocked.Exchange(ref _message, null);

        public void Dispose()
        {
        }
    }
}
