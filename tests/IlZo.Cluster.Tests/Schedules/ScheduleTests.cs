using IlZo.Clusters;

namespace IlZo.Cluster.Tests.Schedules;

/// <summary>Whatever becomes of messages, workers and the end of the log: all logs are that of one worker.</summary>
public sealed class ScheduleTests
{
    private const int Steps = 20;

    [Fact]
    public void Every_schedule_comes_to_the_log_of_one_worker()
    {
        int schedules = LongTests.Run ? 10_000 : 150;
        for (int seed = 0; seed < schedules; seed++)
        {
            Require(seed);
        }
    }

    [Fact]
    public void Steps_that_wait_for_the_first_queries_are_the_same_for_all()
    {
        int schedules = LongTests.Run ? 2_000 : 50;
        int parted = 0;
        for (int seed = 0; seed < schedules; seed++)
        {
            var schedule = new Schedule(seed);
            var numbers = new NumberRun(2 + schedule.Next(4), 1 + schedule.Next(4), Steps);
            var settings = new ClusterSettings(MarkEvery: 4, Quorum: 1);
            var log = Run(seed, schedule, numbers, settings, audit: 0, isOfOne: false);
            parted += log.SequenceEqual(numbers.Alone(), ByteArrays.Instance) ? 0 : 1;
        }

        // Which queries come first is the schedule's.
        Assert.True(parted > schedules / 2, $"Only {parted} of {schedules} runs did without a query.");
    }

    private static void Require(int seed)
    {
        var schedule = new Schedule(seed);
        var (passes, items) = (1 + schedule.Next(4), 1 + schedule.Next(7));
        var numbers = new NumberRun(passes, items, Steps);
        var settings = new ClusterSettings((WorkSplit)schedule.Next(3), MarkEvery: 4);
        var log = Run(seed, schedule, numbers, settings, schedule.Next(2) * 0.3, isOfOne: true);
        Assert.True(log.SequenceEqual(numbers.Alone(), ByteArrays.Instance), $"Schedule {seed} differs.");
    }

    // Runs all workers, of which some are killed and others begin, to one log.
    private static List<byte[]> Run(
        int seed, Schedule schedule, NumberRun numbers, ClusterSettings settings, double audit, bool isOfOne)
    {
        var ends = new List<List<byte[]>>();
        void Live(IRunChannel channel)
        {
            using var run = new ClusterRun(
                _ => channel, settings, audit, time: schedule, worker: (ulong)schedule.Next(int.MaxValue));
            var log = numbers.Train(run, schedule);
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
            // An entry that nobody computes again is not put back by those who have not seen it.
            schedule.Run(kills: schedule.Next(4), losses: isOfOne ? schedule.Next(3) : 0, Live);
        }
        catch (Exception e)
        {
            throw new InvalidOperationException($"Schedule {seed} failed.", e);
        }

        Assert.True(ends.Count >= 1, $"Schedule {seed}: no worker came to the end.");
        List<byte[]> common = [.. schedule.Log.Skip(1).Take(Steps)];
        Assert.Equal(Steps, common.Count);
        Assert.All(ends, log => Assert.True(log.SequenceEqual(common, ByteArrays.Instance), $"Schedule {seed}: logs differ."));
        return common;
    }

    private sealed class ByteArrays : IEqualityComparer<byte[]>
    {
        public static readonly ByteArrays Instance = new();

        public bool Equals(byte[]? x, byte[]? y) => x.AsSpan().SequenceEqual(y);

        public int GetHashCode(byte[] obj) => obj.Length;
    }
}
