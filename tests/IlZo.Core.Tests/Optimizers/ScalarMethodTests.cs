using IlZo.Optimizers;
using IlZo.Perturbations;
using IlZo.Training;
using IlZo.Updates;
using Xunit;

namespace IlZo.Core.Tests.Optimizers;

/// <summary>Methods that make other scalars of the same losses: sign, conservative choice, division by a deviation.</summary>
public sealed class ScalarMethodTests : IDisposable
{
    private static readonly double[] s_gradient = [1, -2, 0.5, 0.25, 3, -1];

    private readonly TestSpace _space = new([2, 2], [2]);

    private OptimizerSettings Settings => new(_space.Parameters) { Seed = 11 };

    public void Dispose() => _space.Dispose();

    [Fact]
    public void A_sign_step_has_the_length_of_the_direction_whatever_the_scale_of_the_loss()
    {
        var settings = Settings with { Directions = DirectionKind.Sphere };
        float[]? first = null;
        foreach (double scale in (double[])[1, 1e-6, 1e9])
        {
            _space.Weights.Clear();
            using var optimizer = OptimizerCatalog.Find("zo-sign").Create(settings);
            var record = optimizer.Decide(1, _space.Oracle(x => scale * Linear(x)), 0.01);
            Assert.Equal(1, Math.Abs(record.Coefficients[0]));
            optimizer.Apply(record, _space.Backend);
            Near.Equal(0.01 * Math.Sqrt(6), Math.Sqrt(_space.Weights.ToArray().Sum(w => (double)w * w)), 1e-8);
            Assert.Equal(first ??= _space.Weights.ToArray(), _space.Weights.ToArray());
        }
    }

    [Fact]
    public void The_mean_of_the_sign_estimate_is_along_the_gradient()
    {
        double norm = Math.Sqrt(s_gradient.Sum(g => g * g));
        var (mean, error, _) = _space.Moments(new ZoSign(Settings), 40_000, Linear);
        for (int i = 0; i < 6; i++)
        {
            Near.Equal(Math.Sqrt(2 / Math.PI) * s_gradient[i] / norm, mean[i], 5 * error[i]);
        }
    }

    [Fact]
    public void A_flat_loss_has_no_sign()
    {
        using var optimizer = OptimizerCatalog.Find("zo-sign").Create(Settings);
        Assert.Equal([0], optimizer.Decide(1, _space.Oracle(_ => 3), 1).Coefficients);
    }

    [Fact]
    public void Conservative_takes_the_best_of_three_and_never_raises_the_loss()
    {
        // Rates from far too small to far too large, so that all three are chosen.
        var chosen = new HashSet<int>();
        using var optimizer = OptimizerCatalog.Find("zo-conservative").Create(Settings with { Epsilon = 0.5 });
        var oracle = _space.Oracle(Bumpy);
        for (int step = 1; step <= 200; step++)
        {
            double before = Bumpy([.. _space.Weights.ToArray()]);
            var record = optimizer.Decide(step, oracle, Math.Pow(10, -(step % 5)));
            Assert.Equal(5, record.Losses.Length);
            optimizer.Apply(record, _space.Backend);
            double after = Bumpy([.. _space.Weights.ToArray()]);
            Near.Equal(record.Losses[2..].Min(), after, 1e-5);
            Near.Equal(before, record.Losses[2], 0);
            Assert.True(after <= before, $"{after:R} is above {before:R}.");
            double quotient = record.Losses[0] - record.Losses[1];
            chosen.Add(Math.Sign(record.Coefficients[0]) * Math.Sign(quotient));
        }

        Assert.Equal([-1, 0, 1], chosen.Order());
    }

    [Fact]
    public void Conservative_stays_without_decay_where_no_step_is_better()
    {
        _space.Weights.Fill(1);
        using var optimizer = OptimizerCatalog.Find("zo-conservative").Create(Settings with { WeightDecay = 0.5 });
        var record = optimizer.Decide(1, _space.Oracle(x => x.Sum(v => Math.Abs(v - 1))), 0.1);
        Assert.Equal([0], record.Coefficients);
        optimizer.Apply(record, _space.Backend);
        Assert.All(_space.Weights.ToArray(), w => Assert.Equal(1, w));
    }

    [Fact]
    public void Fzoo_divides_by_the_sample_deviation_so_that_the_scaled_losses_have_variance_1()
    {
        const int n = 5;
        const double epsilon = 0.01;
        var estimator = new Fzoo(Settings with { Queries = n, Epsilon = epsilon, Directions = DirectionKind.Rademacher });
        double[] losses = [2, 2.3, 1.9, 2.05, 2.6, 1.7];
        double[] scaled = [.. estimator.Combine(1, losses).Select(c => c * n * epsilon)];
        double mean = scaled.Average();
        Near.Equal(1, scaled.Sum(s => (s - mean) * (s - mean)) / (n - 1), 1e-12);
        Near.Equal(scaled[0] / 0.3, scaled[3] / 0.6, 1e-9);
        double[] other = [.. estimator.Combine(1, [.. losses.Select(l => (1000 * l) + 7)]).Select(c => c * n * epsilon)];
        for (int i = 0; i < n; i++)
        {
            Near.Equal(scaled[i], other[i], 1e-9);
        }

        Assert.Equal(n + 1, estimator.Plan(1).Count);
        Assert.All(estimator.Directions(3), u => Assert.All(_space.Fill(u), v => Assert.Equal(1, Math.Abs(v))));
    }

    [Fact]
    public void Fzoo_without_the_division_is_the_unbiased_one_sided_estimate()
    {
        // On a linear function ℓ_i − ℓ₀ = ε gᵀu_i, and σ is known from the losses.
        const int samples = 20_000;
        var estimator = new Fzoo(Settings with { Queries = 4 });
        double[] mean = new double[6], square = new double[6];
        for (int step = 1; step <= samples; step++)
        {
            double[] losses = _space.Oracle(Linear).Losses(estimator.Plan(step));
            double average = losses[1..].Average();
            double deviation = Math.Sqrt(losses[1..].Sum(l => (l - average) * (l - average)) / 3);
            if (deviation == 0)
            {
                Assert.Contains(estimator.Combine(step, losses), c => !double.IsFinite(c));
                continue;
            }

            double[] g = _space.Estimate(estimator, step, Linear);
            for (int i = 0; i < 6; i++)
            {
                mean[i] += g[i] * deviation / samples;
                square[i] += Math.Pow(g[i] * deviation, 2) / samples;
            }
        }

        for (int i = 0; i < 6; i++)
        {
            Near.Equal(s_gradient[i], mean[i], 5 * Math.Sqrt(square[i] / samples));
        }
    }

    [Theory]
    [InlineData(null, true)]
    [InlineData(DirectionKind.Rademacher, true)]
    [InlineData(DirectionKind.Gaussian, false)]
    public void Fzoo_takes_signs_unless_another_kind_is_asked_for(DirectionKind? asked, bool isSigns)
    {
        var settings = new TrainingOptions { Optimizer = "fzoo", Directions = asked }.ToSettings(_space.Parameters);
        float[] direction = _space.Fill(new Fzoo(settings).Directions(1)[0]);
        Assert.Equal(isSigns, direction.All(v => Math.Abs(v) == 1));
    }

    private static double Linear(double[] x) => x.Zip(s_gradient, (v, g) => v * g).Sum();

    private static double Bumpy(double[] x) => x.Select((v, i) => Math.Pow(v - i, 2) - (2 * Math.Cos(3 * v))).Sum();
}
