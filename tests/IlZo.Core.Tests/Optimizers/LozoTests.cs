using IlZo.Optimizers;
using Xunit;

namespace IlZo.Core.Tests.Optimizers;

/// <summary>Moments of low-rank directions, the factor that is kept, and momentum in the other one.</summary>
public sealed class LozoTests : IDisposable
{
    private const int Rows = 4;
    private const int Columns = 5;
    private const int Rank = 2;
    private const int Samples = 40_000;

    private readonly TestSpace _space = new([Rows, Columns], [3]);
    private readonly double[] _g = [.. Enumerable.Range(0, (Rows * Columns) + 3).Select(i => Math.Cos(2 * i))];

    public void Dispose() => _space.Dispose();

    [Fact]
    public void For_a_fixed_factor_the_mean_is_G_V_Vt()
    {
        using var estimator = Make("interval=1000000");
        float[] v = estimator.Factors.Right(0)[0]!;
        var (mean, error, _) = _space.Moments(estimator, Samples, Quadratic);
        for (int i = 0; i < Rows; i++)
        {
            for (int j = 0; j < Columns; j++)
            {
                double expected = 0;
                for (int l = 0; l < Columns; l++)
                {
                    expected += _g[(i * Columns) + l] * Enumerable.Range(0, Rank).Sum(k => v[(k * Columns) + l] * v[(k * Columns) + j]);
                }

                int at = (i * Columns) + j;
                Near.Equal(expected, mean[at], 5 * error[at]);
            }
        }

        for (int i = Rows * Columns; i < _space.Count; i++)
        {
            Near.Equal(_g[i], mean[i], 5 * error[i]);
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Over_all_factors_the_mean_is_r_times_the_gradient_or_the_gradient(bool divide)
    {
        using var estimator = Make($"interval=1,divide={(divide ? "true" : "false")}");
        var (mean, error, _) = _space.Moments(estimator, Samples, Quadratic);
        for (int i = 0; i < _space.Count; i++)
        {
            Near.Equal(_g[i] * (i < Rows * Columns && !divide ? Rank : 1), mean[i], 5 * error[i]);
        }
    }

    [Fact]
    public void The_mean_square_of_a_direction_is_r_m_n()
    {
        using var estimator = Make("interval=1");
        double sum = 0, square = 0;
        for (int step = 1; step <= Samples; step++)
        {
            double norm = _space.Fill(estimator.Directions(step)[0])[..(Rows * Columns)].Sum(d => (double)d * d);
            sum += norm / Samples;
            square += norm * norm / Samples;
        }

        Near.Equal(Rank * Rows * Columns, sum, 5 * Math.Sqrt((square - (sum * sum)) / Samples));
    }

    [Fact]
    public void A_factor_stays_for_its_steps_and_probes_and_update_share_both()
    {
        using var estimator = Make("interval=3");
        float[][] v = [.. Enumerable.Range(1, 9).Select(step => estimator.Factors.Right(estimator.Factors.Period(step))[0]!.ToArray())];
        for (int step = 1; step < 9; step++)
        {
            Assert.Equal(step % 3 != 0, v[step].SequenceEqual(v[step - 1]));
        }

        // Also in the first step of a new V, where the authors' code has another U.
        for (int step = 1; step <= 9; step++)
        {
            float[] probed = _space.Fill(estimator.Plan(step)[0].Direction!);
            Assert.Equal(probed, _space.Fill(estimator.Directions(step)[0]));
            Assert.NotEqual(probed, _space.Fill(estimator.Directions(step + 1)[0]));
        }
    }

    [Fact]
    public void Directions_have_the_rank_r()
    {
        // All 3×3 minors of a matrix of rank 2 are 0.
        using var estimator = Make("interval=2");
        float[] d = _space.Fill(estimator.Directions(5)[0]);
        double At(int i, int j) => d[(i * Columns) + j];
        double minor = (At(0, 0) * ((At(1, 1) * At(2, 2)) - (At(1, 2) * At(2, 1))))
            - (At(0, 1) * ((At(1, 0) * At(2, 2)) - (At(1, 2) * At(2, 0))))
            + (At(0, 2) * ((At(1, 0) * At(2, 1)) - (At(1, 1) * At(2, 0))));
        Near.Equal(0, minor, 1e-5);
        Assert.NotEqual(0, (At(0, 0) * At(1, 1)) - (At(0, 1) * At(1, 0)), 1e-3);
    }

    [Fact]
    public void Without_memory_momentum_is_lozo() => Near.Equal(Run("lozo", string.Empty, 12), Run("lozo-m", ",beta=0", 12), 1e-5);

    [Fact]
    public void Momentum_is_the_average_in_factor_space_and_is_projected_on_a_new_factor()
    {
        const double beta = 0.8;
        using var reference = Make("interval=2");
        using var optimizer = OptimizerCatalog.Find("lozo-m").Create(Settings("interval=2,beta=0.8"));
        double[,] n = new double[Rows, Rank];
        double[] m = new double[3];
        for (int step = 1; step <= 6; step++)
        {
            var record = optimizer.Decide(step, _space.Oracle(Quadratic), 0.01);
            float[] before = [.. _space.Weights];
            optimizer.Apply(record, _space.Backend);
            double keep = step == 1 ? 0 : beta;
            float[] v = reference.Factors.Draw((step - 1) / 2)[0]!;
            if (step is 3 or 5)
            {
                n = Projected(n, reference.Factors.Draw((step - 2) / 2)[0]!, v);
            }

            float[] u = new float[Rank];
            for (int i = 0; i < Rows; i++)
            {
                reference.Factors.Left(step, 0).Fill(_space.Parameters.All[0], i, u);
                for (int k = 0; k < Rank; k++)
                {
                    n[i, k] = (keep * n[i, k]) + ((1 - keep) * record.Coefficients[0] * u[k]);
                }

                for (int j = 0; j < Columns; j++)
                {
                    int at = (i * Columns) + j;
                    double move = Enumerable.Range(0, Rank).Sum(k => n[i, k] * v[(k * Columns) + j]);
                    Near.Equal(before[at] - (0.01 * move), _space.Weights[at], 1e-5);
                }
            }

            float[] z = _space.Fill(Settings(string.Empty).Direction(step, 0))[(Rows * Columns)..];
            for (int i = 0; i < m.Length; i++)
            {
                m[i] = (keep * m[i]) + ((1 - keep) * record.Coefficients[0] * z[i]);
                int at = (Rows * Columns) + i;
                Near.Equal(before[at] - (0.01 * m[i]), _space.Weights[at], 1e-5);
            }
        }
    }

    private static double[,] Projected(double[,] n, float[] from, float[] to)
    {
        double[,] result = new double[Rows, Rank];
        for (int i = 0; i < Rows; i++)
        {
            for (int j = 0; j < Rank; j++)
            {
                for (int k = 0; k < Rank; k++)
                {
                    result[i, j] +=
                        n[i, k] * Enumerable.Range(0, Columns).Sum(l => (double)from[(k * Columns) + l] * to[(j * Columns) + l]) / Columns;
                }
            }
        }

        return result;
    }

    private float[] Run(string method, string more, int steps)
    {
        _space.Weights.Clear();
        using var optimizer = OptimizerCatalog.Find(method).Create(Settings("interval=3" + more) with { Queries = 2 });
        for (int step = 1; step <= steps; step++)
        {
            optimizer.Apply(optimizer.Decide(step, _space.Oracle(Quadratic), 1e-3), _space.Backend);
        }

        return _space.Weights.ToArray();
    }

    // Its gradient at 0 is g.
    private double Quadratic(double[] x) => x.Select((v, i) => (_g[i] * v) + (0.5 * i * v * v)).Sum();

    private Lozo Make(string options) => new(Settings(options));

    private OptimizerSettings Settings(string options) => new(_space.Parameters) { Seed = 4, Options = MethodOptions.Parse(options) };
}
