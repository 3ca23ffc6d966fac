using IlZo.Reporting;
using Xunit;

namespace IlZo.Core.Tests.Reporting;

public sealed class AxisTests
{
    public static TheoryData<double, double> Ranges => new()
    {
        { 0, 1 }, { 0.4, 1.97 }, { -3, 1e6 }, { 5e-5, 5e-5 }, { 0, 0 }, { -2, -2 }, { 1e-12, 3e-12 }, { 1, 1 + 1e-15 },
        { -double.MaxValue, double.MaxValue }, { double.Epsilon, double.Epsilon }, { 123456789, 123456790 }, { 0, 1e-310 },
    };

    [Theory]
    [MemberData(nameof(Ranges))]
    public void Ticks_rise_within_the_axis_and_are_few(double low, double high)
    {
        foreach (var axis in new[] { Axis.Linear(low, high), Axis.Tight(low, high) })
        {
            Assert.True(axis.From < axis.To, $"{axis.From} to {axis.To}");
            Assert.InRange(axis.Ticks.Count, 1, 10);
            Assert.All(axis.Ticks.Zip(axis.Ticks.Skip(1)), t => Assert.True(t.First < t.Second));
            Assert.All(axis.Ticks, t => Assert.InRange(axis.Share(t), -1e-6, 1 + 1e-6));
        }
    }

    [Fact]
    public void A_linear_axis_is_linear_and_has_round_ends()
    {
        var axis = Axis.Linear(0.42, 1.45);
        Assert.Equal((0.4, 1.6), (Math.Round(axis.From, 12), Math.Round(axis.To, 12)));
        Near.Equal(0.5, axis.Share(1), 1e-12);
    }

    [Fact]
    public void A_tight_axis_ends_where_the_values_do()
    {
        var axis = Axis.Tight(0, 1473);
        Assert.Equal((0, 1473), (axis.From, axis.To));
        Assert.Equal([0, 500, 1000], axis.Ticks);
    }

    [Theory]
    [InlineData(0.003, 40, 0.002, 50)]
    [InlineData(1, 1000, 1, 1000)]
    [InlineData(2, 4.5, 2, 5)]
    [InlineData(1e-300, 1e300, 1e-300, 1e300)]
    public void Equal_factors_are_equal_distances_on_a_logarithmic_axis(double low, double high, double from, double to)
    {
        var axis = Axis.Logarithmic(low, high);
        Near.Equal(1, axis.From / from, 1e-9);
        Near.Equal(1, axis.To / to, 1e-9);
        double step = axis.Share(axis.From * 1.5) - axis.Share(axis.From);
        Near.Equal(step, axis.Share(axis.From * 1.5 * 1.5) - axis.Share(axis.From * 1.5), 1e-9);
        Assert.InRange(axis.Ticks.Count, 1, 8);
        Assert.All(axis.Ticks, t => Assert.InRange(axis.Share(t), -1e-9, 1 + 1e-9));
    }

    [Theory]
    [InlineData(double.Epsilon, 1)]
    [InlineData(1e303, 1e308)]
    [InlineData(7, 7)]
    public void A_logarithmic_axis_has_a_length_at_the_ends_of_the_range_of_numbers(double low, double high)
    {
        var axis = Axis.Logarithmic(low, high);
        Assert.True(axis.From < axis.To);
        Assert.NotEmpty(axis.Ticks);
    }

    [Theory]
    [InlineData(0, "0")]
    [InlineData(0.30000000000000004, "0.3")]
    [InlineData(5e-5, "5e-5")]
    [InlineData(1500, "1500")]
    [InlineData(20000, "20k")]
    [InlineData(1.5e6, "1.5M")]
    [InlineData(-2e9, "-2G")]
    [InlineData(1e300, "1e300")]
    public void Labels_are_short(double value, string expected) => Assert.Equal(expected, Quantity.Short(value));
}
