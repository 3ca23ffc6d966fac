using System.Buffers.Binary;
using IlZo.Backends;
using IlZo.Clusters;
using IlZo.Training;

namespace IlZo.Cluster.Tests.Schedules;

/// <summary>Whatever becomes of messages, workers and the end of the log: all logs are that of one worker.</summary>
public sealed class ScheduleTests
{
    private const int Steps = 20;

    private static readonly Engine s_engine = new(EngineName.Managed, PrecisionName.Fp32);

    private static readonly RunConfiguration s_run = new(
        new TrainingOptions { Engine = s_engine.Name, Precision = s_engine.Precision, BatchSize = 4, LearningRate = 1, Epsilon = 1 },
        new string('1', 64), new string('2', 64))
    {
        Arithmetic = s_engine.Arithmetic,
    };

    private static bool IsLong => Environment.GetEnvironmentVariable("ILZO_TEST_LONG") == "1";

    [Fact]
    public void Every_schedule_comes_to_the_log_of_one_worker()
    {
        int schedules = IsLong ? 10_000 : 300;
        for (int seed = 0; seed < schedules; seed++)
        {
            Require(seed);
        }
    }

    private static void Require(int seed)
    {
        var schedule = new Schedule(seed);
        var (passes, items) = (1 + schedule.Next(4), 1 + schedule.Next(7));
        var settings = new ClusterSettings((WorkSplit)schedule.Next(3), MarkEvery: 4);
        double audit = schedule.Next(2) * 0.3;
        var ends = new List<List<byte[]>>();
        void Live(IRunChannel channel)
        {
            using var run = new ClusterRun(_ => channel, settings, audit, schedule, (ulong)schedule.Next(int.MaxValue));
            var log = Train(run, passes, items, schedule);
            Assert.Equal(0, run.Differences);
            Assert.Equal(0, run.Refused);
            ends.Add(log);
        }

        int workers = 1 + schedule.Next(5);
        for (int w = 0; w < workers; w++)
        {
            schedule.Add(Live);
        }

        try
        {
            schedule.Run(kills: schedule.Next(4), losses: schedule.Next(3), Live);
        }
        catch (Exception e)
        {
            throw new InvalidOperationException($"Schedule {seed} failed.", e);
        }

        var expected = Alone(passes, items);
        Assert.True(ends.Count >= 1, $"Schedule {seed}: no worker came to the end.");
        foreach (var log in ends)
        {
            Assert.True(log.Count == Steps && log.Zip(expected).All(p => p.First.AsSpan().SequenceEqual(p.Second)), $"Schedule {seed} differs.");
        }

        Assert.Equal(expected, schedule.Log.Skip(1).Take(Steps));
    }

    // Each step's entry follows from its values, and its values from all entries before.
    private static List<byte[]> Train(ISharedRun run, int passes, int items, Schedule schedule)
    {
        run.Begin(s_run, s_engine, []);
        var log = new List<byte[]>();
        double weights = 0;
        double Decide(ISharedRun shared, int step) => Enumerable.Range(0, 1 + (step % 3))
            .Select(round => shared.Share(new Numbers(passes, items, weights + round, schedule)).Sum(pass => pass.Sum())).Sum();
        while (log.Count < Steps)
        {
            byte[] entry;
            try
            {
                entry = run.Entry(log.Count) ?? run.Append(log.Count, BitConverter.GetBytes(Decide(run, log.Count)));
            }
            catch (DecidedElsewhereException)
            {
                continue;
            }

            log.Add(entry);
            weights = Math.IEEERemainder(weights + BitConverter.ToDouble(entry), 1000);
            run.Mark(log.Count, () => Convert.ToHexStringLower(Sha256.Hash(BitConverter.GetBytes(weights))));
        }

        return log;
    }

    private static List<byte[]> Alone(int passes, int items)
    {
        var log = new List<byte[]>();
        double weights = 0;
        while (log.Count < Steps)
        {
            double sum = Enumerable.Range(0, 1 + (log.Count % 3)).Select(round => new Numbers(passes, items, weights + round, null))
                .Select(work => Enumerable.Range(0, passes).Select(p => work.Do(p, 0, items)).Sum(pass => pass.Sum())).Sum();

            log.Add(BitConverter.GetBytes(sum));
            weights = Math.IEEERemainder(weights + sum, 1000);
        }

        return log;
    }

    private sealed class Numbers(int passes, int items, double weights, Schedule? schedule) : ISharedWork<double>
    {
        public int Passes => passes;

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
