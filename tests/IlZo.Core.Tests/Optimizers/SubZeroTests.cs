using IlZo.Optimizers;
using Xunit;

namespace IlZo.Core.Tests.Optimizers;

/// <summary>Directions in a subspace of each matrix: their span, their moments, and how long the subspace stays.</summary>
public sealed class SubZeroTests : IDisposable
{
    private const int Rows = 4;
    private const int Columns = 5;
    private const int Rank = 2;
    private const int Samples = 20_000;

    private readonly TestSpace _space = new([Rows, Columns], [3]);
    private readonly double[] _g = [.. Enumerable.Range(0, (Rows * Columns) + 3).Select(i => Math.Cos(2 * i))];

    public void Dispose() => _space.Dispose();

    [Fact]
    public void For_given_bases_the_mean_is_the_projected_gradient_times_the_square_of_the_factor()
    {
        var estimator = Make(_space, "rank=2,interval=1000000");
        double[,] projected = Projected(estimator, _g);
        var (mean, error, _) = _space.Moments(estimator, Samples, Quadratic);
        for (int i = 0; i < _space.Count; i++)
        {
            // κ² = mn/r².
            double expected = i < Rows * Columns ? projected[i / Columns, i % Columns] * Rows * Columns / (Rank * Rank) : _g[i];
            Near.Equal(expected, mean[i], 5 * error[i]);
        }
    }

    [Fact]
    public void Over_all_bases_the_mean_is_the_gradient()
    {
        var (mean, error, _) = _space.Moments(Make(_space, "rank=2,interval=1"), Samples, Quadratic);
        for (int i = 0; i < _space.Count; i++)
        {
            Near.Equal(_g[i], mean[i], 5 * error[i]);
        }
    }

    [Fact]
    public void The_second_moment_is_mn_times_1_plus_2_over_the_square_of_the_rank()
    {
        using var space = new TestSpace([Rows, Columns]);
        var estimator = Make(space, "rank=2,interval=1");
        double[] squares = new double[Samples];
        for (int step = 1; step <= Samples; step++)
        {
            squares[step - 1] = space.Estimate(estimator, step, Linear).Sum(v => v * v);
        }

        double mean = squares.Average();
        double error = Math.Sqrt(squares.Sum(s => (s - mean) * (s - mean))) / Samples;
        double norm = _g.Take(Rows * Columns).Sum(v => v * v);
        Near.Equal(Rows * Columns * (1 + (2.0 / (Rank * Rank))) * norm, mean, 5 * error);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Bases_are_orthonormal_and_directions_lie_in_their_span(int rank)
    {
        var estimator = Make(_space, $"rank={rank},interval=2");
        var p = _space.Parameters.All[0];
        for (int step = 1; step <= 6; step++)
        {
            float[] u = estimator.Left(step, p);
            Assert.Equal(rank * Rows, u.Length);
            GramSchmidtTests.RequireOrthonormal(u, Rows);
            GramSchmidtTests.RequireOrthonormal(estimator.Basis(step, p), Columns);
            float[] direction = _space.Fill(estimator.Directions(step)[0]);
            double[,] projected = Projected(estimator, [.. direction.Select(d => (double)d)], step);
            for (int i = 0; i < Rows * Columns; i++)
            {
                Near.Equal(direction[i], projected[i / Columns, i % Columns], 1e-5);
            }
        }
    }

    [Fact]
    public void A_matrix_of_fewer_rows_or_columns_has_that_many_vectors_and_all_of_them_are_mezo()
    {
        // Elements of a direction are independent with variance 1 if, and only if, their covariance is I: they are normal given U and V.
        using var space = new TestSpace([3, 3], [2, 70], [70, 2]);
        var estimator = Make(space, "rank=16,interval=1000000");
        Assert.Equal([9, 4, 140], space.Parameters.All.Select(p => estimator.Left(1, p).Length));
        Assert.Equal([9, 140, 4], space.Parameters.All.Select(p => estimator.Basis(1, p).Length));
        double[,] second = new double[9, 9];
        for (int step = 1; step <= Samples; step++)
        {
            float[] d = space.Fill(estimator.Directions(step)[0]);
            for (int i = 0; i < 9; i++)
            {
                for (int j = 0; j < 9; j++)
                {
                    second[i, j] += (double)d[i] * d[j] / Samples;
                }
            }
        }

        for (int i = 0; i < 9; i++)
        {
            for (int j = 0; j < 9; j++)
            {
                Near.Equal(i == j ? 1 : 0, second[i, j], 5 * (i == j ? 1.5 : 1) / Math.Sqrt(Samples));
            }
        }
    }

    [Fact]
    public void A_subspace_stays_for_its_steps_and_probes_and_update_share_directions()
    {
        var estimator = Make(_space, "rank=2,interval=3", queries: 2);
        var again = Make(_space, "rank=2,interval=3", queries: 2);
        var p = _space.Parameters.All[0];
        float[] before = [];
        for (int step = 1; step <= 9; step++)
        {
            float[][] probed = [.. estimator.Plan(step).Select(probe => _space.Fill(probe.Direction!))];
            Assert.Equal(probed, estimator.Directions(step).Select(_space.Fill));
            Assert.NotEqual(probed[0], probed[1]);
            float[] u = estimator.Left(step, p);
            Assert.Equal(step % 3 != 1, u.SequenceEqual(before));
            before = u;

            // Whoever begins at this step, as a resumed run does, has the same.
            Assert.Equal(probed, Make(_space, "rank=2,interval=3", queries: 2).Directions(step).Select(_space.Fill));
        }

        // And so has who goes back.
        estimator.Directions(2);
        Assert.Equal(_space.Fill(again.Directions(2)[1]), _space.Fill(estimator.Directions(2)[1]));
    }

    [Theory]
    [InlineData("rank=0")]
    [InlineData("rank=65")]
    [InlineData("interval=0")]
    public void What_it_cannot_do_is_refused(string options)
    {
        var settings = new OptimizerSettings(_space.Parameters) { Options = MethodOptions.Parse(options) };
        var error = Assert.Throws<InvalidInputException>(() => OptimizerCatalog.Find("subzero").Create(settings));
        Assert.Contains(options.Split('=')[0], error.Message, StringComparison.Ordinal);
    }

    // UUᵀGVVᵀ.
    private double[,] Projected(SubZero estimator, double[] g, long step = 1)
    {
        var p = _space.Parameters.All[0];
        var (u, v) = (estimator.Left(step, p), estimator.Basis(step, p));
        int rank = u.Length / Rows;
        double[,] projected = new double[Rows, Columns];
        for (int a = 0; a < rank; a++)
        {
            for (int b = 0; b < rank; b++)
            {
                double inner = 0;
                for (int i = 0; i < Rows * Columns; i++)
                {
                    inner += u[(a * Rows) + (i / Columns)] * g[i] * v[(b * Columns) + (i % Columns)];
                }

                for (int i = 0; i < Rows * Columns; i++)
                {
                    projected[i / Columns, i % Columns] += inner * u[(a * Rows) + (i / Columns)] * v[(b * Columns) + (i % Columns)];
                }
            }
        }

        return projected;
    }

    // Their gradient at 0 is g.
    private double Quadratic(double[] x) => x.Select((v, i) => (_g[i] * v) + (0.5 * i * v * v)).Sum();

    private double Linear(double[] x) => x.Select((v, i) => _g[i] * v).Sum();

    private static SubZero Make(TestSpace space, string options, int queries = 1) =>
        new(new OptimizerSettings(space.Parameters) { Seed = 4, Queries = queries, Options = MethodOptions.Parse(options) });
}
