using System.Globalization;
using IlZo.Noise;
using IlZo.Training;
using Xunit;

namespace IlZo.Core.Tests.Training.Trials;

public sealed class SweepOptionsTests
{
    private static readonly SweepAxis s_rates = Axis("lr", "1e-6..1e-2");

    [Fact]
    public void A_grid_has_all_combinations_in_order() => Assert.Equal(
        ["a 1", "a 2", "b 1", "b 2", "c 1", "c 2"],
        Options(SweepStrategy.Grid, Axis("x", "a,b,c"), Axis("y", "1,2")).Combinations.Select(c => string.Join(' ', c)));

    [Theory]
    [InlineData(27, 1000, new[] { 38, 112, 334, 1000 })]
    [InlineData(26, 900, new[] { 100, 300, 900 })]
    [InlineData(3, 90, new[] { 30, 90 })]
    [InlineData(2, 90, new[] { 90 })]
    [InlineData(1, 90, new[] { 90 })]
    [InlineData(1000, 5, new[] { 1, 2, 5 })]
    public void Rounds_of_halving_are_a_third_as_long_as_the_next(int trials, int forwardPasses, int[] expected) =>
        Assert.Equal(expected, (Options(SweepStrategy.Halving, s_rates) with { Trials = trials, ForwardPasses = forwardPasses }).Rounds);

    [Fact]
    public void Rates_are_drawn_uniformly_by_their_logarithm()
    {
        double[] drawn = [.. Draws(s_rates, 4000).Select(double.Parse)];
        Assert.All(drawn, rate => Assert.InRange(rate, 1e-6, 1e-2));
        for (int decade = -6; decade < -2; decade++)
        {
            // Each decade has a quarter; five standard errors of 4,000 draws are 137.
            Assert.InRange(drawn.Count(r => r >= Math.Pow(10, decade) && r < Math.Pow(10, decade + 1)), 1000 - 137, 1000 + 137);
        }
    }

    [Fact]
    public void Whole_numbers_are_drawn_from_both_ends_on()
    {
        int[] drawn = [.. Draws(Axis("queries", "1..4"), 1000).Select(text => int.Parse(text, CultureInfo.InvariantCulture))];
        Assert.Equal([1, 2, 3, 4], drawn.Distinct().Order());
    }

    [Fact]
    public void Values_are_drawn_with_the_same_probability() => Assert.All(
        Draws(Axis("optimizer", "mezo,lozo,fzoo"), 3000).CountBy(v => v), v => Assert.InRange(v.Value, 1000 - 130, 1000 + 130));

    [Fact]
    public void What_is_drawn_follows_from_the_seed_and_is_drawn_once()
    {
        var options = Options(SweepStrategy.Random, Axis("x", "a,b,c"), Axis("y", "1,2")) with { Trials = 100 };
        Assert.Equal(6, options.Combinations.Count);
        var few = Options(SweepStrategy.Random, s_rates) with { Trials = 5 };
        Assert.Equal(Text(few), Text(few));
        Assert.NotEqual(Text(few), Text(few with { SweepSeed = 1 }));

        static string Text(SweepOptions o) => string.Join(' ', o.Combinations.SelectMany(c => c));
    }

    [Theory]
    [InlineData("1e-3..1e-4")]
    [InlineData("0..1")]
    [InlineData("-1..1")]
    [InlineData("1..1")]
    [InlineData("1..2..3")]
    [InlineData("a..b")]
    [InlineData("1..NaN")]
    [InlineData("1..Infinity")]
    [InlineData("..")]
    [InlineData("")]
    [InlineData(",")]
    [InlineData("1,1")]
    public void What_is_neither_values_nor_a_range_is_refused(string text) =>
        Assert.StartsWith("Axes x is ", Assert.Throws<InvalidInputException>(() => Axis("x", text)).Message, StringComparison.Ordinal);

    private static SweepAxis Axis(string name, string text) => SweepAxis.Parse(name, text, (options, _) => options);

    private static SweepOptions Options(SweepStrategy strategy, params SweepAxis[] axes) =>
        new(new TrainingOptions(), axes) { Strategy = strategy };

    private static IEnumerable<string> Draws(SweepAxis axis, int count) =>
        Enumerable.Range(0, count).Select(i => axis.Draw(new NoiseKey(7, NoiseStream.Sweep, (uint)i, 0), 0));
}
