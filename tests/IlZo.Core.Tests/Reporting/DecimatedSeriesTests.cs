using IlZo.Reporting;
using Xunit;

namespace IlZo.Core.Tests.Reporting;

public sealed class DecimatedSeriesTests
{
    private const int Capacity = 64;

    [Fact]
    public void Few_points_are_all_kept()
    {
        var points = Noise(Capacity);
        Assert.Equal(points, Series(points).Points);
    }

    [Theory]
    [InlineData(65)]
    [InlineData(1000)]
    [InlineData(100_000)]
    public void Many_points_are_thinned_to_the_ends_and_the_extremes_of_neighbours(int count)
    {
        var points = Noise(count);
        SeriesPoint[] kept = [.. Series(points).Points];
        Assert.InRange(kept.Length, Capacity / 2, (2 * Capacity) + 2);
        Assert.Empty(kept.Except(points));
        Assert.Equal(kept.OrderBy(p => p.Step), kept);
        Assert.Equal((points[0], points[^1]), (kept[0], kept[^1]));
        Assert.Equal(points.MinBy(p => p.Value), kept.MinBy(p => p.Value));
        Assert.Equal(points.MaxBy(p => p.Value), kept.MaxBy(p => p.Value));

        // So do all stretches: no bucket is wider than twice the points for each.
        int width = 2 * count / (Capacity / 2);
        Assert.All(kept.Zip(kept.Skip(1)), pair => Assert.InRange(pair.Second.Step - pair.First.Step, 1, 2 * width));
    }

    [Fact]
    public void Sizes_decide_where_signs_do_not_matter()
    {
        var series = new DecimatedSeries(2, byMagnitude: true);
        double[] values = [1, -0.5, 3, -9, 0.1, 2, -4, 7];
        foreach (var (i, value) in values.Index())
        {
            series.Add(new SeriesPoint(i, i, value));
        }

        // Buckets of four: 0.5 and 9, then 0.1 and 7, and the ends.
        Assert.Equal([1, -0.5, -9, 0.1, 7], series.Points.Select(p => p.Value));
    }

    [Fact]
    public void What_is_not_finite_is_a_gap_until_it_has_finite_neighbours()
    {
        Assert.Equal([1, double.NaN, 2], Values(1, double.NaN, 2));
        Assert.Equal([double.NaN, double.NaN], Values(double.NaN, double.NaN));
        var series = new DecimatedSeries(2);
        foreach (var (i, value) in ((double[])[1, double.NaN, double.PositiveInfinity, 2, 3]).Index())
        {
            series.Add(new SeriesPoint(i, i, value));
        }

        Assert.Equal([1, 2, 3], series.Points.Select(p => p.Value));
    }

    [Fact]
    public void The_mean_starts_at_the_first_value_and_forgets()
    {
        var mean = new ExponentialMean(0.5);
        Assert.True(double.IsNaN(mean.Value));
        mean.Add(4);
        Assert.Equal(4, mean.Value);
        mean.Add(double.NaN);
        mean.Add(1);

        // Weights 1/3 and 2/3.
        Near.Equal(2, mean.Value, 1e-12);
        for (int i = 0; i < 60; i++)
        {
            mean.Add(7);
        }

        Near.Equal(7, mean.Value, 1e-12);
    }

    private static double[] Values(params double[] values) =>
        [.. Series([.. values.Select((v, i) => new SeriesPoint(i, i, v))]).Points.Select(p => p.Value)];

    private static DecimatedSeries Series(SeriesPoint[] points)
    {
        var series = new DecimatedSeries(Capacity);
        Array.ForEach(points, series.Add);
        Assert.Equal(points.Length, series.Count);
        return series;
    }

    private static SeriesPoint[] Noise(int count)
    {
        var random = new Random(7);
        return [.. Enumerable.Range(1, count).Select(i => new SeriesPoint(i, 2 * i, random.NextDouble()))];
    }
}
