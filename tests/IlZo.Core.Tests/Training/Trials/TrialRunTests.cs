using IlZo.Training;
using Xunit;

namespace IlZo.Core.Tests.Training.Trials;

public sealed class TrialRunTests
{
    [Fact]
    public void The_price_of_a_loss_lies_on_the_line_between_two_points()
    {
        var run = Run(0, 4, 3, 2, 1);
        Assert.Equal(150.0, run.ForwardPassesTo(2.5)!.Value);
        Assert.Equal(200.0, run.ForwardPassesTo(2)!.Value);
        Assert.Equal(300.0, run.ForwardPassesTo(1)!.Value);
        Assert.Null(run.ForwardPassesTo(0.9));
    }

    [Fact]
    public void A_loss_that_was_there_from_the_start_costs_nothing() => Assert.Equal(0.0, Run(0, 1, 5).ForwardPassesTo(1)!.Value);

    [Fact]
    public void Behind_a_loss_that_is_no_number_the_next_point_counts() =>
        Assert.Equal(200.0, Run(0, 4, double.NaN, 1).ForwardPassesTo(2)!.Value);

    [Fact]
    public void The_interval_of_differences_is_Students()
    {
        // Differences 1, 2, 3, 6: mean 3, deviation √(14/3), and 3.1824 is the quantile with three degrees of freedom.
        var difference = PairedDifference.Of([(2, 1), (5, 3), (10, 7), (7, 1), (double.NaN, 1)])!;
        Assert.Equal(4, difference.Pairs);
        Near.Equal(3, difference.Mean, 1e-12);
        double half = 3.18245 * Math.Sqrt(14 / 3.0) / 2;
        Near.Equal(3 - half, difference.Low!.Value, 1e-4);
        Near.Equal(3 + half, difference.High!.Value, 1e-4);
    }

    [Fact]
    public void One_pair_has_no_interval_and_none_no_difference()
    {
        Assert.Equal(new PairedDifference(2, null, null, 1), PairedDifference.Of([(3, 1)]));
        Assert.Null(PairedDifference.Of([(double.NaN, 1), (1, double.PositiveInfinity)]));
    }

    [Fact]
    public void Methods_differ_over_the_seeds_of_both_at_the_best_rate_of_each()
    {
        var mezo = new ComparedMethod("mezo", [Run(0, 9, 5), Run(1, 9, 4), Run(2, 0, [9, 7]), Run(2, 1, [9, 7])]);
        var other = new ComparedMethod("other", [Run(1, 9, 2), Run(2, 9, 1)]);
        var difference = other.DifferenceTo(mezo, 6).DevLoss!;
        Assert.Equal(1, difference.Pairs);
        Assert.Equal(-2, difference.Mean);

        // From 9 to 4 and from 9 to 2 on a line: 60 passes and 300 / 7.
        Near.Equal(Math.Log(300 / 7.0 / 60), other.DifferenceTo(mezo, 6).LogForwardPasses!.Mean, 1e-12);
    }

    [Fact]
    public void A_seed_that_is_no_number_makes_a_rate_the_worst()
    {
        var method = new ComparedMethod(
            "m", [Run(0, 9, 1), Run(1, 9, double.NaN), Run(2, 0, [9, 5]), Run(2, 1, [9, 5]), Run(3, 0, [9, 7])]);
        Assert.Equal(2, method.BestLearningRate);
        Assert.Equal(0, method.Edge);
    }

    private static TrialRun Run(uint seed, params double[] losses) => Run(1, seed, losses);

    private static TrialRun Run(double rate, uint seed, double[] losses) => new(
        rate, 1e-3, seed, 0, 0, 4, 1, [.. losses.Select((loss, i) => new TrialPoint(100 * i, 50 * i, loss, null, null, null))]);
}
