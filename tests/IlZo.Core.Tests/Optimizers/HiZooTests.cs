using IlZo.Optimizers;
using IlZo.Tensors;
using IlZo.Updates;
using Xunit;

namespace IlZo.Core.Tests.Optimizers;

/// <summary>What the diagonal does to the estimate, and what it learns.</summary>
public sealed class HiZooTests : IDisposable
{
    private const int Samples = 40_000;
    private const int Dimension = 7;
    private static readonly double[] s_gradient = [.. Enumerable.Range(0, Dimension).Select(i => Math.Cos(2 * i))];
    private static readonly double[] s_hessian = [.. Enumerable.Range(0, Dimension).Select(i => 1.0 + i)];

    private readonly TestSpace _space = new([2, 2], [3]);

    public void Dispose() => _space.Dispose();

    [Fact]
    public void The_mean_is_the_gradient_over_the_diagonal()
    {
        using var optimizer = Make("alpha=0");
        double[] h = SetDiagonal(optimizer);
        double[] mean = new double[Dimension], square = new double[Dimension];
        for (int step = 1; step <= Samples; step++)
        {
            var record = optimizer.Decide(step, _space.Oracle(Quadratic), 1);
            Assert.Equal(3, record.Losses.Length);
            Assert.Equal(record.Coefficients[0], optimizer.ProjectedGradient(record));
            float[] d = _space.Fill(optimizer.Scaled(step));
            for (int i = 0; i < Dimension; i++)
            {
                mean[i] += record.Coefficients[0] * d[i] / Samples;
                square[i] += Math.Pow(record.Coefficients[0] * d[i], 2) / Samples;
            }
        }

        for (int i = 0; i < Dimension; i++)
        {
            Near.Equal(s_gradient[i] / h[i], mean[i], 5 * Math.Sqrt(square[i] / Samples));
        }
    }

    [Fact]
    public void The_second_difference_times_z_squared_shows_the_diagonal_and_a_common_growth()
    {
        using var optimizer = Make("alpha=0");
        double[] h = SetDiagonal(optimizer);
        double trace = s_hessian.Zip(h, (a, d) => a / d).Sum();
        double[] mean = new double[Dimension], square = new double[Dimension];
        for (int step = 1; step <= Samples; step++)
        {
            double curvature = optimizer.Decide(step, _space.Oracle(Quadratic), 1).Coefficients[1];
            float[] z = _space.Fill(Settings(string.Empty).Direction(step, 0));
            for (int i = 0; i < Dimension; i++)
            {
                double term = curvature * h[i] * z[i] * z[i];
                mean[i] += term / Samples;
                square[i] += term * term / Samples;
            }
        }

        for (int i = 0; i < Dimension; i++)
        {
            Near.Equal(s_hessian[i] + (0.5 * trace * h[i]), mean[i], 5 * Math.Sqrt(square[i] / Samples));
        }
    }

    [Fact]
    public void The_diagonal_moves_by_the_rule_before_the_weights_do()
    {
        const double alpha = 0.01, rate = 0.1;
        using var optimizer = Make("alpha=0.01");
        double[] h = SetDiagonal(optimizer);
        for (int step = 1; step <= 5; step++)
        {
            float[] before = [.. _space.Weights];
            float[] z = _space.Fill(Settings(string.Empty).Direction(step, 0));
            var record = optimizer.Decide(step, _space.Oracle(Quadratic), rate);
            optimizer.Apply(record, _space.Backend);
            float[] learned = Diagonal(optimizer);
            for (int i = 0; i < Dimension; i++)
            {
                h[i] = ((1 - alpha) * h[i]) + (alpha * record.Coefficients[1] * h[i] * z[i] * z[i]);
                Near.Equal(h[i], learned[i], 1e-5 * h[i]);
                Near.Equal(before[i] - (rate * record.Coefficients[0] * z[i] / Math.Sqrt(h[i])), _space.Weights[i], 1e-5);
            }
        }
    }

    [Fact]
    public void Changes_far_below_the_spacing_of_numbers_near_1_are_kept()
    {
        using var optimizer = Make("alpha=1e-10");
        optimizer.Apply(optimizer.Decide(1, _space.Oracle(Quadratic), 0), _space.Backend);
        Assert.All(
            optimizer.Excess(new WeightSlice(_space.Parameters.All[0], 0, 0), 2).ToArray(), e => Assert.InRange(Math.Abs(e), 1e-13, 1e-7));
    }

    [Fact]
    public void With_a_diagonal_of_1_it_is_mezo_bit_for_bit()
    {
        Assert.Equal(Run("mezo", string.Empty), Run("hizoo", "alpha=0"));

        static float[] Run(string method, string options)
        {
            using var space = new TestSpace([3, 70], [5]);
            using var optimizer = OptimizerCatalog.Find(method).Create(
                new OptimizerSettings(space.Parameters) { Seed = 8, WeightDecay = 0.1, Options = MethodOptions.Parse(options) });
            var oracle = space.Oracle(x => x.Select((v, i) => Math.Pow(v - Math.Sin(i), 2)).Sum());
            for (int step = 1; step <= 10; step++)
            {
                optimizer.Apply(optimizer.Decide(step, oracle, 1e-3), space.Backend);
            }

            return space.Weights.ToArray();
        }
    }

    private static double Quadratic(double[] x) => x.Select((v, i) => (s_gradient[i] * v) + (0.5 * s_hessian[i] * v * v)).Sum();

    private HiZoo Make(string options) => new(Settings(options));

    private OptimizerSettings Settings(string options) => new(_space.Parameters)
    {
        Seed = 6,
        Epsilon = 0.1,
        Options = MethodOptions.Parse(options),
    };

    private double[] SetDiagonal(HiZoo optimizer)
    {
        double[] h = [.. Enumerable.Range(0, Dimension).Select(i => 0.5 + (i * 0.5))];
        int at = 0;
        foreach (var p in _space.Parameters.All)
        {
            foreach (ref float e in optimizer.Excess(new WeightSlice(p, 0, 0), (int)p.Count))
            {
                e = (float)(h[at++] - 1);
            }
        }

        return h;
    }

    private float[] Diagonal(HiZoo optimizer) =>
        [.. _space.Parameters.All.SelectMany(p => optimizer.Excess(new WeightSlice(p, 0, 0), (int)p.Count).ToArray()).Select(e => 1 + e)];
}
