using IlZo.Optimizers;
using Xunit;

namespace IlZo.Core.Tests.Optimizers;

/// <summary>Which weights move: as many as asked for at the start, chosen by the weights as they are.</summary>
public sealed class SparseMezoTests : IDisposable
{
    private const int Samples = 40_000;

    private readonly TestSpace _space = new([4, 5], [3]);

    public SparseMezoTests()
    {
        for (int i = 0; i < _space.Count; i++)
        {
            _space.Weights[i] = (float)Math.Sin(7 * (i + 1));
        }
    }

    public void Dispose() => _space.Dispose();

    [Theory]
    [InlineData(0.0, 20)]
    [InlineData(0.75, 5)]
    [InlineData(0.5, 10)]
    [InlineData(1.0, 0)]
    public void The_threshold_keeps_the_wanted_number_of_the_smallest_weights(double sparsity, int kept)
    {
        using var estimator = Make(sparsity);
        float[] magnitudes = [.. _space.Weights[..20].ToArray().Select(MathF.Abs).Order()];
        Assert.Equal(kept == 0 ? -1 : magnitudes[kept - 1], estimator.Thresholds[0]);
        float[] z = _space.Fill(estimator.Directions(1)[0]);
        Assert.Equal(kept, z[..20].Count(v => v != 0));
        Assert.DoesNotContain(0, z[20..]);
    }

    [Fact]
    public void The_rank_of_a_magnitude_is_that_of_a_sort()
    {
        using var space = new TestSpace([30, 40]);
        for (int i = 0; i < space.Count; i++)
        {
            space.Weights[i] = (float)(Math.Sin(i) * Math.Pow(10, (i % 9) - 5)) * (i % 7 == 0 ? 0 : 1);
        }

        float[] values = [.. space.Weights];
        float[] sorted = [.. values.Select(MathF.Abs).Order()];
        foreach (int k in (int[])[1, 2, 171, 172, 500, 1199, 1200])
        {
            Assert.Equal(sorted[k - 1], MagnitudeRank.Of(space.Parameters.All[0], k, (row, to) => values.AsSpan(row * 40, 40).CopyTo(to)));
        }
    }

    [Fact]
    public void The_estimate_is_the_masked_gradient_with_the_variance_of_the_kept_weights()
    {
        double[] g = [.. Enumerable.Range(0, _space.Count).Select(i => Math.Cos(i))];
        using var estimator = Make(0.75);
        float[] z = _space.Fill(estimator.Directions(1)[0]);
        float[] start = [.. _space.Weights];
        var (mean, error, square) = _space.Moments(
            estimator, Samples, x => x.Select((v, i) => (g[i] * v) + (0.5 * (i + 1) * (v - start[i]) * (v - start[i]))).Sum());
        for (int i = 0; i < _space.Count; i++)
        {
            Near.Equal(z[i] != 0 ? g[i] : 0, mean[i], z[i] != 0 ? 5 * error[i] : 0);
        }

        int kept = z.Count(v => v != 0);
        double expected = (kept + 2) * g.Where((_, i) => z[i] != 0).Sum(v => v * v);
        Near.Equal(expected, square, 0.05 * expected);
    }

    [Fact]
    public void The_mask_follows_the_stored_weights_and_not_the_probes_and_the_thresholds_stay()
    {
        // With so large a radius every probed weight is beyond its threshold, yet the update moves the very weights that were probed.
        var settings = Settings(0.5) with { Epsilon = 100 };
        using var optimizer = OptimizerCatalog.Find("sparse-mezo").Create(settings);
        float[] thresholds = [.. Make(0.5).Thresholds];
        for (int step = 1; step <= 5; step++)
        {
            float[] before = [.. _space.Weights];
            var seen = new List<double[]>();
            var record = optimizer.Decide(step, _space.Oracle(x =>
            {
                seen.Add(x);
                return x.Sum();
            }), 1e-2);
            optimizer.Apply(record, _space.Backend);
            for (int i = 0; i < _space.Count; i++)
            {
                bool expected = i >= 20 || MathF.Abs(before[i]) <= thresholds[0];
                Assert.Equal(expected, _space.Weights[i] != before[i]);
                Assert.Equal(expected, seen[0][i] != before[i]);
            }
        }
    }

    private SparseMezo Make(double sparsity) => new(Settings(sparsity));

    private OptimizerSettings Settings(double sparsity) => new(_space.Parameters)
    {
        Seed = 3,
        OpenBase = _space.OpenBase,
        Options = MethodOptions.Parse(string.Create(System.Globalization.CultureInfo.InvariantCulture, $"sparsity={sparsity}")),
    };
}
