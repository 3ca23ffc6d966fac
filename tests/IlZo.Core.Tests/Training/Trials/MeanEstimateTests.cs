using IlZo.Training;
using Xunit;

namespace IlZo.Core.Tests.Training.Trials;

public sealed class MeanEstimateTests
{
    [Fact]
    public void With_two_values_the_distribution_is_Cauchys()
    {
        // 1 and 3: mean 2, standard error 1.
        var estimate = MeanEstimate.Of([1, 3])!;
        Near.Equal(2, estimate.Mean, 1e-15);
        Near.Equal(1, estimate.StandardError, 1e-15);
        Near.Equal(1 - (2 / Math.PI * Math.Atan(2)), estimate.PValue, 1e-14);
        var (low, high) = estimate.Interval(0.5);
        Near.Equal(1, low, 1e-12);
        Near.Equal(3, high, 1e-12);

        // The quantiles of level and power are tangents.
        double expected = Math.Tan(Math.PI / 2 * 0.95) + Math.Tan(Math.PI / 2 * 0.6);
        Near.Equal(expected, estimate.Detectable(0.05, 0.8), 1e-9);
    }

    [Fact]
    public void With_three_values_the_probability_is_a_root()
    {
        // 0, 0 and 3: mean 1, standard error 1, two degrees of freedom.
        Near.Equal(1 - (1 / Math.Sqrt(3)), MeanEstimate.Of([0, 0, 3])!.PValue, 1e-14);
    }

    [Fact]
    public void What_is_detectable_at_even_odds_is_what_is_significant()
    {
        var estimate = MeanEstimate.Of([1, 2, 3, 6])!;
        double barely = estimate.Detectable(0.05, 0.5 + 1e-9);
        Near.Equal(0.05, new MeanEstimate(barely, estimate.StandardError, estimate.Degrees).PValue, 1e-7);
    }

    [Fact]
    public void Groups_count_alike_and_have_Satterthwaites_degrees()
    {
        var mean = MeanEstimate.OfMeans([new MeanEstimate(1, 3, 5), new MeanEstimate(3, 4, 5)]);
        Near.Equal(2, mean.Mean, 1e-15);
        Near.Equal(2.5, mean.StandardError, 1e-15);
        Assert.Equal(9, mean.Degrees); // 25² / (81 / 5 + 256 / 5) = 9.27

        // Groups of the same spread and size have the degrees of all together, one group its own.
        Assert.Equal(12, MeanEstimate.OfMeans([.. Enumerable.Repeat(new MeanEstimate(1, 0.3, 4), 3)]).Degrees);
        Assert.Equal(new MeanEstimate(1, 0.5, 7), MeanEstimate.OfMeans([new MeanEstimate(1, 0.5, 7)]));
    }

    [Fact]
    public void Values_that_do_not_differ_leave_no_doubt()
    {
        Assert.Equal(1, MeanEstimate.Of([0, 0, 0])!.PValue);
        var two = MeanEstimate.Of([2, 2, 2])!;
        Assert.Equal(0, two.PValue);
        Assert.Equal((2, 2), two.Interval(0.05));
        Assert.Equal(4, MeanEstimate.OfMeans([two, two]).Degrees);
    }

    [Fact]
    public void One_value_is_no_estimate_and_one_that_is_no_number_is_refused()
    {
        Assert.Null(MeanEstimate.Of([1]));
        Assert.Throws<ArgumentException>(() => MeanEstimate.Of([1, double.NaN]));
    }
}
