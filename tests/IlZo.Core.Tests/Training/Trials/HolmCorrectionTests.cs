using IlZo.Training;
using Xunit;

namespace IlZo.Core.Tests.Training.Trials;

public sealed class HolmCorrectionTests
{
    [Fact]
    public void Each_value_is_multiplied_by_the_number_of_those_not_yet_rejected_and_none_falls_below_the_one_before()
    {
        // In rising order 4 × 0.005, 3 × 0.01, 2 × 0.03, and 1 × 0.04, which is below the one before.
        double[] adjusted = HolmCorrection.Adjust([0.01, 0.04, 0.03, 0.005]);
        foreach (var (expected, actual) in ((double[])[0.03, 0.06, 0.06, 0.02]).Zip(adjusted))
        {
            Near.Equal(expected, actual, 1e-15);
        }
    }

    [Fact]
    public void One_test_is_left_as_it_is_and_no_value_exceeds_one()
    {
        Assert.Equal([0.2], HolmCorrection.Adjust([0.2]));
        Assert.Equal([1, 1, 1], HolmCorrection.Adjust([0.5, 0.9, 1]));
        Assert.Empty(HolmCorrection.Adjust([]));
    }

    [Theory]
    [InlineData(double.NaN)]
    [InlineData(-0.1)]
    [InlineData(1.1)]
    public void What_is_no_probability_is_refused(double value) =>
        Assert.Throws<ArgumentException>(() => HolmCorrection.Adjust([0.5, value]));
}
