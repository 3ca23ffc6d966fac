using IlZo.Optimizers;
using Xunit;

namespace IlZo.Core.Tests.Optimizers;

/// <summary>A Kalman filter over the directions of a step.</summary>
public sealed class BszoTests : IDisposable
{
    private static readonly double[] s_gradient = [1, -2, 0.5, 0.25, 3, -1];

    private readonly TestSpace _space = new([2, 2], [2]);

    public void Dispose() => _space.Dispose();

    [Fact]
    public void With_a_fixed_noise_each_coefficient_is_the_quotient_times_the_prior_share()
    {
        var (mean, variance) = Create("sigma_p=3,sigma_e=2,alpha=0,repeats=0").Filter([5, -7, 0.5]);
        Assert.Equal(4, variance);
        Assert.All(mean.Zip((double[])[5, -7, 0.5]), pair => Near.Equal(9.0 / 13 * pair.Second, pair.First, 1e-12));
    }

    [Fact]
    public void A_quotient_that_is_taken_again_counts_as_a_second_observation()
    {
        // The batch form: Σ⁻¹ = 1/9 + n/4 with n observations, μ = Σ n y/4.
        var (mean, _) = Create("sigma_p=3,sigma_e=2,alpha=0,repeats=2").Filter([5, -7, 0.5]);
        Assert.All(
            mean.Zip((double[])[5, -7, 0.5], (double[])[2, 2, 1]),
            x => Near.Equal(x.Third * x.Second / 4 / ((1.0 / 9) + (x.Third / 4)), x.First, 1e-12));
    }

    [Fact]
    public void The_noise_follows_the_residuals_down_to_its_floor_and_from_step_to_step()
    {
        var estimator = Create("sigma_p=1,sigma_e=1,alpha=0.5,repeats=1");
        double variance = 1;
        for (int step = 1; step <= 12; step++)
        {
            // (1 − α)σ² + αr² by hand, for the two directions and the repeat of one of them.
            double[] losses = step < 4 ? [0, 0.03, -0.01] : [0, 0, 0];
            double[] y = [.. losses.Skip(1).Select(l => l / 1e-3)];
            double[] mean = new double[2];
            double[] covariance = [1, 1];
            for (int o = 0; o < 3; o++)
            {
                int i = o < 2 ? o : covariance[1] > covariance[0] ? 1 : 0;
                double residual = y[i] - mean[i];
                variance = Math.Max(0.01, (variance + (residual * residual)) / 2);
                double gain = covariance[i] / (covariance[i] + variance);
                mean[i] += gain * residual;
                covariance[i] -= gain * covariance[i];
            }

            double[] coefficients = estimator.Combine(step, losses);
            Assert.All(coefficients.Zip(mean), pair => Near.Equal(pair.Second, pair.First, 1e-9 * (1 + Math.Abs(pair.Second))));
            estimator.Learn(
                new StepRecord { Step = step, LearningRate = 1, Losses = losses, Coefficients = coefficients }, _space.Backend);
        }

        Assert.Equal(0.01, variance);
    }

    [Fact]
    public void Moments_on_a_linear_function_are_those_of_the_paper()
    {
        var estimator = Create("sigma_p=3,sigma_e=2,alpha=0,repeats=0", 2);
        var (mean, error, second) = _space.Moments(estimator, 40_000, x => x.Zip(s_gradient, (a, b) => a * b).Sum());
        double gamma = 9.0 / 13;
        for (int i = 0; i < 6; i++)
        {
            Near.Equal(2 * gamma * s_gradient[i], mean[i], 5 * error[i]);
        }

        double expected = gamma * gamma * 2 * (6 + 2 + 1) * s_gradient.Sum(g => g * g);
        Near.Equal(expected, second, 0.03 * expected);
    }

    [Fact]
    public void By_default_the_filter_believes_half_of_what_it_sees_at_first()
    {
        // 6 weights: σ_p² = σ_e² = 6e-6. A quotient far below its noise changes that by a tenth of what is missing.
        var (mean, _) = Create("repeats=0").Filter([1e-9]);
        Near.Equal(1e-9 / 1.9, mean[0], 1e-15);
    }

    private Bszo Create(string opt, int queries = 3) =>
        new(new OptimizerSettings(_space.Parameters) { Seed = 3, Queries = queries, Sides = 1, Options = MethodOptions.Parse(opt) });
}
