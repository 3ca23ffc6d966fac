using IlZo.Clusters;
using IlZo.Clusters.Planning;

namespace IlZo.Cluster.Tests;

/// <summary>Workers that are fast do more.</summary>
public sealed class PaceTests
{
    [Fact]
    public void A_pace_is_told_in_quarters_of_a_doubling_and_stays_until_it_is_off_by_two()
    {
        var pace = new Pace();
        Assert.Equal(0, pace.Told);
        pace.Measure(0, TimeSpan.Zero);
        Assert.Equal(0, pace.Told);
        pace.Measure(1024, TimeSpan.FromSeconds(1));
        Assert.Equal(40 + 40, pace.Told);

        // A quarter faster, for ever.
        for (int i = 0; i < 50; i++)
        {
            pace.Measure((long)(1024 * Math.Pow(2, 0.25)), TimeSpan.FromSeconds(1));
            Assert.Equal(80, pace.Told);
        }

        // Twice as fast.
        for (int i = 0; i < 50; i++)
        {
            pace.Measure(2048, TimeSpan.FromSeconds(1));
        }

        Assert.InRange(pace.Told, 82, 84);
        pace.Measure(long.MaxValue, TimeSpan.Zero);
        pace.Measure(1, TimeSpan.MaxValue);
        Assert.InRange(pace.Told, 1, 255);
    }

    [Fact]
    public void Who_has_nothing_to_do_is_tried_again()
    {
        var pace = new Pace();
        pace.Measure(1024, TimeSpan.FromSeconds(1));
        for (int i = 0; i < 32; i++)
        {
            Assert.Equal(80, pace.Told);
            pace.Measure(0, TimeSpan.Zero);
        }

        Assert.Equal(82, pace.Told);
    }

    [Fact]
    public void Shares_are_equal_where_paces_are_about_equal_and_else_as_they_are()
    {
        Assert.Equal([1, 1, 1, 1], Pace.Shares([80, 82, 81, 0]));
        Assert.Equal([0.25, 1, 0.5, 1], Pace.Shares([72, 80, 76, 0]));
        Assert.Equal([1], Pace.Shares([0]));
    }

    [Fact]
    public void Parts_are_as_large_as_the_shares_and_each_item_is_in_one()
    {
        var random = new Random(1);
        for (int run = 0; run < 500; run++)
        {
            long[] weights = [.. Enumerable.Range(0, random.Next(1, 40)).Select(_ => (long)random.Next(0, 1000))];
            double[] shares = [.. Enumerable.Range(0, random.Next(1, 6)).Select(_ => Math.Pow(2, -random.Next(0, 20) / 4.0))];
            int passes = random.Next(1, 5);
            var split = (WorkSplit)random.Next(3);
            int[,] done = new int[passes, weights.Length];
            for (int rank = 0; rank < shares.Length; rank++)
            {
                foreach (var part in WorkPlan.Of(passes, weights, split, rank, shares))
                {
                    for (int i = part.First; i < part.First + part.Count; i++)
                    {
                        done[part.Pass, i]++;
                    }
                }
            }

            Assert.All(done.Cast<int>(), times => Assert.Equal(1, times));
        }

        int[] sizes = [.. Enumerable.Range(0, 2).Select(
            rank => WorkPlan.Of(1, [.. Enumerable.Repeat(1000L, 20)], WorkSplit.Examples, rank, [0.25, 1])[0].Count)];
        Assert.Equal([4, 16], sizes);
    }

    // Eight workers of which four take four times as long are worth five; with equal parts they are worth two.
    [Fact]
    public void Slow_workers_hold_up_nobody()
    {
        SimulationResult Run(int slow) => Simulation.Run(
            1e9, 80, 128, 8, 40, loss: 0, churn: 0, slow, MachineSpeed.Of("cpu"), NetworkSpeed.Of("10gbe"));

        var (equal, mixed) = (Run(0), Run(4));
        Assert.True(equal.Same && mixed.Same);
        Assert.InRange(mixed.StepsPerSecond / equal.StepsPerSecond, 0.45, 0.7);
    }
}
