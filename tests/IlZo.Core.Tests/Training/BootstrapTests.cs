using IlZo.Tasks;
using Xunit;

namespace IlZo.Core.Tests.Training;

public sealed class BootstrapTests
{
    // numpy.percentile of 10,000 means v[RandomState(0).randint(0, n, n)].mean().
    [Theory]
    [InlineData(0.15829167, 0.62333333, 0.0, 0.0, 1.0, 0.5, 2.0 / 3, 0.0, 0.25, 1.0, 0.0, 0.4)]
    [InlineData(0.0, 1.0, 0.0, 0.0, 1.0)]
    [InlineData(0.3, 0.3, 0.3)]
    [InlineData(0.25, 0.25, 0.25, 0.25, 0.25)]
    public void The_interval_of_a_mean_is_that_of_NumPys_resamples(double low, double high, params double[] values)
    {
        var interval = Bootstrap.MeanInterval(values, 0);
        Near.Equal(low, interval.Low, 1e-8);
        Near.Equal(high, interval.High, 1e-8);
    }

    [Fact]
    public void The_seed_decides_the_interval()
    {
        double[] values = [.. Enumerable.Range(0, 50).Select(i => i / 49.0)];
        Assert.Equal(Bootstrap.MeanInterval(values, 3), Bootstrap.MeanInterval(values, 3));
        Assert.NotEqual(Bootstrap.MeanInterval(values, 3), Bootstrap.MeanInterval(values, 4));
        Assert.Throws<ArgumentOutOfRangeException>(() => Bootstrap.MeanInterval([], 0));

        // The standard error of the mean of 50 uniform numbers is 0.0417.
        var (low, high) = Bootstrap.MeanInterval(values, 0);
        Near.Equal(0.5 - (1.96 * 0.0417), low, 0.01);
        Near.Equal(0.5 + (1.96 * 0.0417), high, 0.01);
    }
}
