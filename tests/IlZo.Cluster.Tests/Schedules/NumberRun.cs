using System.Buffers.Binary;
using IlZo.Backends;
using IlZo.Clusters;
using IlZo.Training;

namespace IlZo.Cluster.Tests.Schedules;

/// <summary>
/// A run of numbers instead of a model: each step's entry is the sum of the values of a few rounds of work, and the values follow from all
/// entries before.
/// </summary>
/// <param name="passes">Passes of each piece of work.</param>
/// <param name="items">Its items.</param>
/// <param name="steps">Steps.</param>
/// <param name="rounds">Pieces of work of a step: one to so many, in turn.</param>
internal sealed class NumberRun(int passes, int items, int steps, int rounds = 3)
{
    private static readonly Engine s_engine = new(EngineName.Managed, PrecisionName.Fp32);

    private static readonly RunConfiguration s_run = new(
        new TrainingOptions
        {
            Engine = s_engine.Name,
            Precision = s_engine.Precision,
            BatchSize = 4,
            LearningRate = 1,
            Epsilon = 1,
            Queries = 2,
        },
        new string('1', 64), new string('2', 64))
    {
        Arithmetic = s_engine.Arithmetic,
    };

    /// <summary>The entries, as a worker takes part in making them.</summary>
    /// <param name="run">The run.</param>
    /// <param name="schedule">Whose time the work takes; null for no time.</param>
    /// <param name="onBegun">Told before the first step.</param>
    /// <param name="onStep">Told after each step.</param>
    public List<byte[]> Train(ISharedRun run, Schedule? schedule = null, Action? onBegun = null, Action<int>? onStep = null)
    {
        run.Begin(s_run, s_engine, mayLackQueries: true, []);
        onBegun?.Invoke();
        var log = new List<byte[]>();
        double weights = 0;
        while (log.Count < steps)
        {
            byte[] entry;
            try
            {
                entry = run.Entry(log.Count) ?? run.Append(
                    log.Count, BitConverter.GetBytes(Sum(log.Count, weights, work => run.Share(work), schedule)));
            }
            catch (DecidedElsewhereException)
            {
                continue;
            }

            log.Add(entry);
            weights = Next(weights, entry);
            run.Mark(log.Count, () => Convert.ToHexStringLower(Sha256.Hash(BitConverter.GetBytes(weights))));
            onStep?.Invoke(log.Count);
        }

        return log;
    }

    /// <summary>The entries that one worker makes alone.</summary>
    public List<byte[]> Alone()
    {
        var log = new List<byte[]>();
        double weights = 0;
        while (log.Count < steps)
        {
            log.Add(BitConverter.GetBytes(Sum(
                log.Count, weights, work => [.. Enumerable.Range(0, passes).Select(p => work.Do(p, 0, items))], null)));
            weights = Next(weights, log[^1]);
        }

        return log;
    }

    private static double Next(double weights, byte[] entry) => Math.IEEERemainder(weights + BitConverter.ToDouble(entry), 1000);

    private double Sum(int step, double weights, Func<Numbers, double[][]> share, Schedule? schedule) =>
        Enumerable.Range(0, 1 + (step % rounds)).Select(
            round => share(new Numbers(passes, items, weights + round, schedule)).Sum(p => p.Sum())).Sum();

    private sealed class Numbers(int passes, int items, double weights, Schedule? schedule) : ISharedWork<double>
    {
        public int Passes => passes;

        public bool MayLackPasses => true;

        public int Items => items;

        public long TokensAtATime => 40;

        public long Weight(int item) => 10 + (item % 3);

        public double[] Do(int pass, int first, int count)
        {
            schedule?.Spend(TimeSpan.FromMilliseconds(schedule.Next(400)));
            return [.. Enumerable.Range(first, count).Select(item => Math.Sin((weights * 7) + (pass * 31) + item))];
        }

        public byte[] Encode(double value) => BitConverter.GetBytes(value);

        public bool TryDecode(int pass, int item, ReadOnlySpan<byte> bytes, out double value) =>
            BinaryPrimitives.TryReadDoubleLittleEndian(bytes, out value) && bytes.Length == sizeof(double);
    }
}
