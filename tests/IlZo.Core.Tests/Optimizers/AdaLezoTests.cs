using IlZo.Optimizers;
using Xunit;

namespace IlZo.Core.Tests.Optimizers;

/// <summary>A bandit over layers; in this space without layers, over tensors.</summary>
public sealed class AdaLezoTests : IDisposable
{
    private static readonly double[] s_gradient = [1, -2, 0.5, 0.25, 3, -1, 2, 0.1, -0.3, 1];

    private readonly TestSpace _space = new([2, 2], [2], [3], [1]);

    public void Dispose() => _space.Dispose();

    [Theory]
    [InlineData(0.25, 0)]
    [InlineData(0.5, 0)]
    [InlineData(1, 0)]
    [InlineData(0.25, 2)]
    public void The_mean_is_the_gradient_times_what_the_limit_leaves(double share, double limit)
    {
        var estimator = Create($"share={share},limit={limit},temperature=2");
        Teach(estimator);
        double[] p = estimator.Probabilities();
        double[] kept = [.. p.Select(x => limit == 0 ? 1 : Math.Min(1, limit * estimator.Draws * x))];
        var (mean, error, _) = _space.Moments(estimator, 60_000, Linear);
        int[] groups = [0, 0, 0, 0, 1, 1, 2, 2, 2, 3];
        for (int i = 0; i < 10; i++)
        {
            Near.Equal(kept[groups[i]] * s_gradient[i], mean[i], 5 * error[i]);
        }
    }

    [Fact]
    public void The_second_moment_of_a_single_draw_is_the_sum_over_groups()
    {
        var estimator = Create("share=0.25,limit=0,temperature=2");
        Teach(estimator);
        double[] p = estimator.Probabilities();
        double[] squares = [1 + 4 + 0.25 + 0.0625, 9 + 1, 4 + 0.01 + 0.09, 1];
        double expected = squares.Zip((int[])[4, 2, 3, 1], p).Sum(x => (x.Second + 2) * x.First / x.Third);
        Near.Equal(expected, _space.Moments(estimator, 60_000, Linear).Square, 0.04 * expected);
    }

    [Fact]
    public void Groups_that_are_not_drawn_do_not_move()
    {
        using var optimizer = OptimizerCatalog.Find("adalezo").Create(Settings("share=0.5,temperature=2"));
        var estimator = Create("share=0.5,temperature=2");
        bool[] moved = new bool[4];
        for (int step = 1; step <= 30; step++)
        {
            int[] times = estimator.Drawn(step, estimator.Probabilities());
            Assert.Equal(2, times.Sum());
            float[] before = _space.Weights.ToArray();
            var record = optimizer.Decide(step, _space.Oracle(Linear), 0.1);
            optimizer.Apply(record, _space.Backend);
            estimator.Learn(record, _space.Backend);
            (int Start, int End)[] ranges = [(0, 4), (4, 6), (6, 9), (9, 10)];
            for (int group = 0; group < 4; group++)
            {
                var (start, end) = ranges[group];
                bool isSame = before.AsSpan(start..end).SequenceEqual(_space.Weights[start..end]);
                Assert.Equal(times[group] == 0, isSame);
                moved[group] |= !isSame;
            }
        }

        Assert.All(moved, Assert.True);
    }

    [Fact]
    public void A_first_reward_raises_the_odds_of_the_drawn_groups_by_the_temperature()
    {
        var estimator = Create("share=0.5,temperature=0.5,mix=0.1");
        Assert.All(estimator.Probabilities(), p => Near.Equal(0.25, p, 1e-15));
        int[] times = estimator.Drawn(1, estimator.Probabilities());
        Learn(estimator, 1, -3);
        double[] unmixed = [.. estimator.Probabilities().Select(p => (p - 0.025) / 0.9)];
        double drawn = unmixed[Array.FindIndex(times, t => t > 0)];
        double other = unmixed[Array.IndexOf(times, 0)];
        Near.Equal(Math.Exp(2), drawn / other, 1e-9);
        Near.Equal(1, unmixed.Sum(), 1e-12);
    }

    [Fact]
    public void A_single_group_is_mezo()
    {
        using var space = new TestSpace([3, 4]);
        var settings = new OptimizerSettings(space.Parameters) { Seed = 2 };
        double[] Of(Estimator estimator) => space.Estimate(estimator, 5, x => x.Select((v, i) => v * (i - 4)).Sum());
        Assert.Equal(Of(new Spsa(settings)), Of(new AdaLezo(settings)));
    }

    [Fact]
    public void Draws_go_by_the_probabilities()
    {
        var estimator = Create("share=1");
        double[] p = [0.1, 0.2, 0.3, 0.4];
        double[] mean = new double[4];
        const int Steps = 5000;
        for (int step = 1; step <= Steps; step++)
        {
            int[] times = estimator.Drawn(step, p);
            for (int i = 0; i < 4; i++)
            {
                mean[i] += (double)times[i] / (4 * Steps);
            }
        }

        Assert.All(mean.Zip(p), x => Near.Equal(x.Second, x.First, 5 * Math.Sqrt(x.Second * (1 - x.Second) / (4 * Steps))));
    }

    private static double Linear(double[] x) => x.Zip(s_gradient, (a, b) => a * b).Sum();

    private OptimizerSettings Settings(string opt) => new(_space.Parameters) { Seed = 4, Options = MethodOptions.Parse(opt) };

    private AdaLezo Create(string opt) => new(Settings(opt));

    // Different probabilities for all groups.
    private void Teach(AdaLezo estimator)
    {
        for (int step = 1; step <= 9; step++)
        {
            Learn(estimator, step, step);
        }

        Assert.True(estimator.Probabilities().Distinct().Count() > 2);
    }

    private void Learn(AdaLezo estimator, long step, double coefficient) => estimator.Learn(
        new StepRecord { Step = step, LearningRate = 1, Losses = [1, 1], Coefficients = [coefficient] }, _space.Backend);
}
