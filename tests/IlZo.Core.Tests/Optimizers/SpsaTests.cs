using IlZo.Optimizers;
using Xunit;

namespace IlZo.Core.Tests.Optimizers;

/// <summary>The two-point estimator on functions whose moments are known in closed form.</summary>
public sealed class SpsaTests : IDisposable
{
    private const int Dimension = 20;
    private const int Samples = 100_000;

    private readonly TestSpace _space = new([Dimension]);

    public void Dispose() => _space.Dispose();

    [Fact]
    public void On_a_quadratic_the_estimate_is_unbiased_with_the_known_second_moments()
    {
        // f = gᵀx + ½ xᵀ diag(a) x at 0: the difference quotient is exactly gᵀz whatever ε is.
        double[] g = [.. Enumerable.Range(0, Dimension).Select(i => Math.Sin(i + 1))];
        double[] a = [.. Enumerable.Range(0, Dimension).Select(i => 1.0 + i)];
        var (mean, second) = Moments(0.1, x => x.Select((v, i) => (g[i] * v) + (0.5 * a[i] * v * v)).Sum());
        double norm = g.Sum(v => v * v);
        for (int i = 0; i < Dimension; i++)
        {
            double variance = norm + (g[i] * g[i]);
            Near.Equal(g[i], mean[i], 5 * Math.Sqrt(variance / Samples));
            Near.Equal(norm + (2 * g[i] * g[i]), second[i], 0.04 * norm);
        }

        Near.Equal((Dimension + 2) * norm, second.Sum(), 0.02 * (Dimension + 2) * norm);
    }

    [Fact]
    public void On_Rastrigin_the_mean_is_the_gradient_of_the_smoothed_function()
    {
        const double epsilon = 0.1;
        double[] at = [0.3, -0.7];
        var (mean, second) = Moments(epsilon, z => 20 + at.Select((x, i) => Rastrigin(x + z[i])).Sum());
        for (int i = 0; i < at.Length; i++)
        {
            double expected =
                (2 * at[i]) + (20 * Math.PI * Math.Exp(-2 * Math.PI * Math.PI * epsilon * epsilon) * Math.Sin(2 * Math.PI * at[i]));
            Near.Equal(expected, mean[i], 5 * Math.Sqrt(second[i] / Samples));
        }

        Near.Equal(49.652, (2 * at[0]) + (20 * Math.PI * 0.82087 * Math.Sin(2 * Math.PI * at[0])), 0.01);
        static double Rastrigin(double x) => (x * x) - (10 * Math.Cos(2 * Math.PI * x));
    }

    [Fact]
    public void On_Rosenbrock_the_bias_is_the_known_one()
    {
        const double epsilon = 0.5;
        double[] at = [0.5, -0.3, 0.2];
        var (mean, second) = Moments(epsilon, z => Rosenbrock([.. at.Select((x, i) => x + z[i])]));
        double[] gradient =
        [
            (-400 * at[0] * (at[1] - (at[0] * at[0]))) - (2 * (1 - at[0])),
            (200 * (at[1] - (at[0] * at[0]))) - (400 * at[1] * (at[2] - (at[1] * at[1]))) - (2 * (1 - at[1])),
            200 * (at[2] - (at[1] * at[1])),
        ];
        double square = epsilon * epsilon;
        double[] bias = [1200 * square * at[0], (1200 * square * at[1]) - (200 * square), -200 * square];
        for (int i = 0; i < at.Length; i++)
        {
            Near.Equal(gradient[i] + bias[i], mean[i], 5 * Math.Sqrt(second[i] / Samples));
        }

        static double Rosenbrock(double[] x) =>
            Enumerable.Range(0, x.Length - 1).Sum(i => (100 * Math.Pow(x[i + 1] - (x[i] * x[i]), 2)) + Math.Pow(1 - x[i], 2));
    }

    [Fact]
    public void On_the_monkey_saddle_the_estimate_is_unbiased_and_its_square_has_the_known_mean()
    {
        const double epsilon = 0.7;
        double[] at = [1.3, -0.4];
        double[] gradient = [(3 * at[0] * at[0]) - (3 * at[1] * at[1]), -6 * at[0] * at[1]];
        double meanSquare = 0;
        var (mean, second) = Moments(epsilon, z => Saddle(at[0] + z[0], at[1] + z[1]), c => meanSquare += c * c / Samples);
        Near.Equal(gradient[0], mean[0], 5 * Math.Sqrt(second[0] / Samples));
        Near.Equal(gradient[1], mean[1], 5 * Math.Sqrt(second[1] / Samples));
        double expected = gradient.Sum(v => v * v) + (24 * Math.Pow(epsilon, 4));
        Near.Equal(expected, meanSquare, 0.05 * expected);
        static double Saddle(double x, double y) => (x * x * x) - (3 * x * y * y);
    }

    [Fact]
    public void Several_queries_divide_the_coefficients_and_keep_their_directions_apart()
    {
        var settings = new OptimizerSettings(_space.Parameters) { Seed = 3, Epsilon = 0.01 };
        var estimator = new Spsa(settings with { Queries = 3 });
        var directions = estimator.Directions(7);
        var plan = estimator.Plan(7);
        Assert.Equal([.. directions.Select(_space.Fill)], plan.Select(p => _space.Fill(p.Direction!)));
        Assert.All(plan, p => Assert.Equal((0.01, -0.01), (p.Radius, p.Second)));
        double[] coefficients = estimator.Combine(7, [1.0, 0.9, 2.0, 2.3, 5.0, 5.0]);
        Near.Equal(0.1 / 0.02 / 3, coefficients[0], 1e-12);
        Near.Equal(-0.3 / 0.02 / 3, coefficients[1], 1e-12);
        Assert.Equal(0, coefficients[2]);
        Assert.NotEqual(_space.Fill(directions[0]), _space.Fill(directions[1]));
        Assert.Equal(_space.Fill(directions[0]), _space.Fill(new Spsa(settings).Directions(7)[0]));
    }

    // Mean and second moment of each element of the estimate at 0 over many steps; f is a function of the displacement.
    private (double[] Mean, double[] Second) Moments(double epsilon, Func<double[], double> f, Action<double>? see = null)
    {
        var estimator = new Spsa(new OptimizerSettings(_space.Parameters) { Seed = 11, Epsilon = epsilon });
        var oracle = _space.Oracle(f);
        double[] mean = new double[Dimension];
        double[] second = new double[Dimension];
        for (int step = 1; step <= Samples; step++)
        {
            double c = estimator.Combine(step, oracle.Losses(estimator.Plan(step)))[0];
            see?.Invoke(c);
            float[] direction = _space.Fill(estimator.Directions(step)[0]);
            for (int i = 0; i < Dimension; i++)
            {
                mean[i] += c * direction[i] / Samples;
                second[i] += c * c * direction[i] * direction[i] / Samples;
            }
        }

        return (mean, second);
    }
}
