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

    private static void Require(int seed)
    {
        var schedule = new Schedule(seed);
        var (passes, items) = (1 + schedule.Next(4), 1 + schedule.Next(7));
        var numbers = new NumberRun(passes, items, Steps);
        var settings = new ClusterSettings((WorkSplit)schedule.Next(3), MarkEvery: 4);
        double audit = schedule.Next(2) * 0.3;
        var ends = new List<List<byte[]>>();
        void Live(IRunChannel channel)
        {
            using var run = new ClusterRun(_ => channel, settings, audit, schedule, (ulong)schedule.Next(int.MaxValue));
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
            schedule.Run(kills: schedule.Next(4), losses: schedule.Next(3), Live);
        }
        catch (Exception e)
        {
            throw new InvalidOperationException($"Schedule {seed} failed.", e);
        }

        var expected = numbers.Alone();
        Assert.True(ends.Count >= 1, $"Schedule {seed}: no worker came to the end.");
        foreach (var log in ends)
        {
            bool same = log.Count == Steps && log.Zip(expected).All(p => p.First.AsSpan().SequenceEqual(p.Second));
            Assert.True(same, $"Schedule {seed} differs.");
        }

        Assert.Equal(expected, schedule.Log.Skip(1).Take(Steps));
    }
}
