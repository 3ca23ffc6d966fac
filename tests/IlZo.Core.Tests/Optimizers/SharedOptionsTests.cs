using IlZo.Optimizers;
using IlZo.Perturbations;
using Xunit;

namespace IlZo.Core.Tests.Optimizers;

/// <summary>What all methods share: kinds of directions, sides, clipping.</summary>
public sealed class SharedOptionsTests : IDisposable
{
    private const int Samples = 20_000;
    private static readonly double[] s_gradient = [1, -2, 0.5, 0.25, 3, -1];

    private readonly TestSpace _space = new([2, 2], [2]);

    public void Dispose() => _space.Dispose();

    [Theory]
    [InlineData(DirectionKind.Gaussian)]
    [InlineData(DirectionKind.Rademacher)]
    [InlineData(DirectionKind.Sphere)]
    public void Elements_of_a_direction_have_mean_0_and_variance_1_and_are_not_correlated(DirectionKind kind)
    {
        var settings = Settings with { Directions = kind };
        double[,] second = new double[6, 6];
        double[] mean = new double[6];
        for (int step = 1; step <= Samples; step++)
        {
            float[] z = _space.Fill(settings.Direction(step, 0));
            if (kind == DirectionKind.Sphere)
            {
                Near.Equal(6, z.Sum(v => (double)v * v), 1e-5);
            }

            for (int i = 0; i < 6; i++)
            {
                mean[i] += z[i] / Samples;
                for (int j = 0; j < 6; j++)
                {
                    second[i, j] += (double)z[i] * z[j] / Samples;
                }
            }
        }

        for (int i = 0; i < 6; i++)
        {
            Near.Equal(0, mean[i], 5 / Math.Sqrt(Samples));
            for (int j = 0; j < 6; j++)
            {
                Near.Equal(i == j ? 1 : 0, second[i, j], 5 * (i == j ? 1.5 : 1) / Math.Sqrt(Samples));
            }
        }
    }

    [Theory]
    [InlineData(1, DirectionKind.Gaussian)]
    [InlineData(2, DirectionKind.Rademacher)]
    [InlineData(1, DirectionKind.Sphere)]
    public void The_estimate_is_unbiased_on_a_quadratic(int sides, DirectionKind kind)
    {
        var estimator = new Spsa(Settings with { Sides = sides, Directions = kind, Epsilon = 0.1, Queries = 2 });
        var (mean, error, _) = _space.Moments(
            estimator, Samples, x => x.Select((v, i) => (s_gradient[i] * v) + (0.5 * (1 + i) * v * v)).Sum());
        for (int i = 0; i < 6; i++)
        {
            Near.Equal(s_gradient[i], mean[i], 5 * error[i]);
        }

        Assert.Equal(sides == 2 ? 4 : 3, ProbePoints.Count(estimator.Plan(1)));
    }

    [Fact]
    public void Clipping_limits_each_coefficient()
    {
        var oracle = _space.Oracle(x => 1000 * x[0]);
        var free = new EstimatorOptimizer(Settings, new Spsa(Settings), new Sgd()).Decide(1, oracle, 1e-3);
        Assert.True(Math.Abs(free.Coefficients[0]) > 5);
        var clipped = Settings with { ClipAt = 5 };
        var record = new EstimatorOptimizer(clipped, new Spsa(clipped), new Sgd()).Decide(1, oracle, 1e-3);
        Assert.Equal(5 * Math.Sign(free.Coefficients[0]), record.Coefficients[0]);
        Assert.Equal(free.Losses, record.Losses);
    }

    [Fact]
    public void Losses_that_are_not_finite_make_a_step_a_skipped_one()
    {
        var optimizer = new EstimatorOptimizer(Settings, new Spsa(Settings), new Sgd());
        var record = optimizer.Decide(1, _space.Oracle(_ => double.NaN), 1);
        Assert.True(record.Skipped);
        Assert.Empty(record.Coefficients);
        optimizer.Apply(record, _space.Backend);
        Assert.All(_space.Weights.ToArray(), w => Assert.Equal(0, w));
    }

    private OptimizerSettings Settings => new(_space.Parameters) { Seed = 5 };
}
