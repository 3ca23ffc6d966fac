using IlZo.Functions;
using IlZo.Optimizers;
using Xunit;

namespace IlZo.Core.Tests.Optimizers;

/// <summary>What the papers say of the methods on functions that are known in closed form.</summary>
public sealed class TestFunctionTests
{
    private const int Dimension = 1000;

    private static readonly Dictionary<string, Func<double[], double[]>> s_gradients = new()
    {
        ["sphere"] = x => [.. x.Select(v => 2 * v)],
        ["rastrigin"] = x => [.. x.Select(v => (2 * v) + (20 * Math.PI * Math.Sin(2 * Math.PI * v)))],
        ["rosenbrock"] = RosenbrockGradient,
    };

    [Theory]
    [InlineData("sphere")]
    [InlineData("rastrigin")]
    [InlineData("rosenbrock")]
    public void The_leave_one_out_baseline_lowers_the_error_of_the_gradient(string name)
    {
        // Errors relative to (d + 1)‖g‖², that of one two-sided direction, are 1/(K − 1) with the baseline, 1/(K/2) for as many forwards
        // in pairs, and f²/(ε²K‖g‖²) and more where the same losses are used without a baseline.
        const int queries = 6;
        const int samples = 500;
        var function = TestFunction.Find(name);
        var value = function.Value;
        using var space = new TestSpace([Dimension]);
        for (int i = 0; i < Dimension; i++)
        {
            space.Weights[i] = (float)function.Start(i);
        }

        double[] g = s_gradients[name]([.. space.Weights.ToArray()]);
        double unit = (Dimension + 1) * g.Sum(v => v * v);
        var settings = new OptimizerSettings(space.Parameters) { Seed = 1, Epsilon = 1e-4, Queries = queries, Sides = 1 };
        var (withBaseline, error) = Error(
            space, new Loren(settings with { Options = MethodOptions.Parse("init=zero,lr_a=0") }), samples, value, g);
        var (pairs, pairsError) = Error(space, new Spsa(settings with { Sides = 2, Queries = queries / 2 }), samples, value, g);
        Near.Equal(1.0 / (queries - 1), withBaseline / unit, 5 * error / unit);
        Near.Equal(2.0 / queries, pairs / unit, 5 * pairsError / unit);
        Assert.True(withBaseline + (5 * error) < pairs - (5 * pairsError));

        double without = Math.Pow(value([.. space.Weights.ToArray()]) / settings.Epsilon, 2) * Dimension / queries;
        Assert.True(withBaseline < 1e-3 * without);
    }

    [Fact]
    public void From_the_monkey_saddle_loren_leaves_in_steps_that_do_not_take_mezo_away()
    {
        // f = x³ − 3xy² from (2.9, −0.01): the way down starts at the flat of the origin, which the gradient's flow needs a time of about 1
        // to pass, 1000 steps at this rate. Momentum makes LOREN's steps ten times as long and the baseline keeps them steady. (MeZO
        // leaves too, later: for as many forwards, it had three times as many steps.)
        const int seeds = 40;
        int[] left = [.. new[] { ("loren", 6), ("mezo", 1) }.Select(
            m => Enumerable.Range(0, seeds).Count(seed => Lowest(m.Item1, m.Item2, (ulong)seed) < -1))];

        // Five standard errors of the difference of two counts, at the most.
        Assert.True(
            left[0] - left[1] > 5 * Math.Sqrt(seeds / 2.0), $"LOREN left the saddle {left[0]} times of {seeds} and MeZO {left[1]}.");

        static double Lowest(string method, int queries, ulong seed)
        {
            using var space = new TestSpace([1, 2]);
            var saddle = TestFunction.Find("saddle");
            (space.Weights[0], space.Weights[1]) = ((float)saddle.Start(0), (float)saddle.Start(1));
            var made = OptimizerCatalog.Find(method);
            using var optimizer = made.Create(new OptimizerSettings(space.Parameters)
            {
                Seed = seed,
                Queries = queries,
                Sides = made.Sides[0],
                Options = MethodOptions.Parse(method == "loren" ? "source=false,init=fan,lr_a=1e-4" : string.Empty),
            });
            var oracle = space.Oracle(saddle.Value);
            double lowest = double.PositiveInfinity;
            for (int step = 1; step <= 150 && lowest > -1; step++)
            {
                var record = optimizer.Decide(step, oracle, 1e-3);
                optimizer.Apply(record, space.Backend);
                lowest = Math.Min(lowest, record.Losses.Average());
            }

            return lowest;
        }
    }

    private static (double Mean, double StandardError) Error(
        TestSpace space, Estimator estimator, int samples, Func<double[], double> f, double[] gradient)
    {
        double sum = 0, square = 0;
        for (int step = 1; step <= samples; step++)
        {
            double error = space.Estimate(estimator, step, f).Zip(gradient, (a, b) => (a - b) * (a - b)).Sum();
            sum += error / samples;
            square += error * error / samples;
        }

        return (sum, Math.Sqrt((square - (sum * sum)) / samples));
    }

    private static double[] RosenbrockGradient(double[] x)
    {
        double[] g = new double[x.Length];
        for (int i = 0; i < x.Length - 1; i++)
        {
            double valley = x[i + 1] - (x[i] * x[i]);
            g[i] += (-400 * x[i] * valley) - (2 * (1 - x[i]));
            g[i + 1] += 200 * valley;
        }

        return g;
    }
}
