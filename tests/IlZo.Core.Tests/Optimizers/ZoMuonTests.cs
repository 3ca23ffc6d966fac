using IlZo.Backends.Cpu;
using IlZo.Optimizers;
using IlZo.Perturbations;
using Xunit;

namespace IlZo.Core.Tests.Optimizers;

/// <summary>Orthogonalized estimates in a subspace: how far steps go, where, and what they depend on.</summary>
public sealed class ZoMuonTests : IDisposable
{
    private const int Rows = 6;
    private const int Columns = 9;
    private const int Elements = Rows * Columns;
    private const double Rate = 0.1;

    private readonly TestSpace _space = new([Rows, Columns], [2, 70], [3]);
    private readonly double[] _g;

    public ZoMuonTests() => _g = [.. Enumerable.Range(0, _space.Count).Select(i => Math.Cos(2 * i))];

    public void Dispose() => _space.Dispose();

    [Fact]
    public void Exactly_a_step_has_singular_values_of_the_rate_and_lies_in_the_subspace()
    {
        using var optimizer = Make("rank=3,interval=2,exact=true");
        for (int step = 1; step <= 4; step++)
        {
            double[,] move = Move(optimizer, step, Linear);
            double[,] projected = Product(move, Product(Transposed(Basis(optimizer, step)), Basis(optimizer, step)));
            double[,] cube = Product(move, Product(Transposed(move), move));
            double square = 0;
            for (int i = 0; i < Rows; i++)
            {
                for (int j = 0; j < Columns; j++)
                {
                    square += move[i, j] * move[i, j];
                    Near.Equal(move[i, j], projected[i, j], 1e-6);
                    Near.Equal(Rate * Rate * move[i, j], cube[i, j], 1e-7);
                }
            }

            Near.Equal(Rate * Math.Sqrt(3), Math.Sqrt(square), 1e-6);
        }
    }

    [Fact]
    public void A_matrix_of_fewer_rows_than_the_rank_moves_by_as_many_singular_values_as_it_has_rows()
    {
        using var optimizer = Make("exact=true");
        Move(optimizer, 1, Linear);
        double Length(int from, int count) => Math.Sqrt(_space.Weights.Slice(from, count).ToArray().Sum(w => (double)w * w));
        Near.Equal(Rate * Math.Sqrt(Rows), Length(0, Elements), 1e-6);
        Near.Equal(Rate * Math.Sqrt(2), Length(Elements, 140), 1e-6);
    }

    [Fact]
    public void A_step_is_that_of_the_published_iterations_on_the_whole_matrix()
    {
        using var optimizer = Make("rank=4");
        var record = optimizer.Decide(1, _space.Oracle(Linear), Rate);
        Assert.Equal(5, record.Losses.Length);
        Assert.Equal(4, record.Coefficients.Length);
        double[,] x = new double[Rows, Columns];
        var directions = Directions(optimizer);
        for (int i = 0; i < Elements; i++)
        {
            x[i / Columns, i % Columns] = record.Coefficients.Select((c, q) => c * directions[q][i]).Sum();
        }

        x = Combined(1 / Math.Sqrt(Enumerable.Range(0, Elements).Sum(i => Math.Pow(x[i / Columns, i % Columns], 2))), x, 0, x);
        for (int iteration = 0; iteration < 5; iteration++)
        {
            double[,] a = Product(x, Transposed(x));
            double[,] b = Combined(-4.7750, a, 2.0315, Product(a, a));
            x = Combined(3.4445, x, 1, Product(b, x));
        }

        optimizer.Apply(record, _space.Backend);
        for (int i = 0; i < Elements; i++)
        {
            Near.Equal(-Rate * x[i / Columns, i % Columns], _space.Weights[i], 1e-6);
        }
    }

    [Fact]
    public void Vectors_move_by_the_estimate_at_a_rate_of_their_own()
    {
        using var optimizer = Make("vector_rate=0.5");
        var record = optimizer.Decide(1, _space.Oracle(Linear), Rate);
        optimizer.Apply(record, _space.Backend);
        float[][] z = [.. Enumerable.Range(0, 4).Select(q => _space.Fill(Settings(string.Empty).Direction(1, q)))];
        for (int i = _space.Count - 3; i < _space.Count; i++)
        {
            Near.Equal(-Rate * 0.5 * record.Coefficients.Select((c, q) => c * z[q][i]).Sum(), _space.Weights[i], 1e-6);
        }
    }

    [Theory]
    [InlineData(1e6)]
    [InlineData(1e-30)]
    [InlineData(1e60)]
    [InlineData(-1)]
    public void A_loss_of_another_scale_makes_the_same_step_of_a_matrix(double scale)
    {
        float[] one = Step([3, -1, 0.5, 2]);
        float[] other = Step([3 * scale, -scale, 0.5 * scale, 2 * scale]);
        Near.Equal(one[..^3], [.. other[..^3].Select(w => w * Math.Sign(scale))], 1e-7);
    }

    [Fact]
    public void Of_a_single_query_only_the_sign_counts()
    {
        float[] one = Step([0.3])[..^3];
        Assert.Equal(one, Step([7])[..^3]);
        Assert.Equal(one.Select(w => -w), Step([-1e-9])[..^3]);
    }

    [Fact]
    public void Equal_losses_leave_weights_where_they_are()
    {
        Assert.All(Step([0, 0, 0, 0]), w => Assert.Equal(0, w));
    }

    [Fact]
    public void A_subspace_stays_for_its_steps()
    {
        using var optimizer = Make("rank=3,interval=4");
        float[] before = [];
        for (int step = 1; step <= 12; step++)
        {
            float[] basis = optimizer.Basis(step, _space.Parameters.All[0]);
            GramSchmidtTests.RequireOrthonormal(basis, Columns);
            Assert.Equal(step % 4 != 1, basis.SequenceEqual(before));
            before = basis;
        }
    }

    [Fact]
    public void Threads_do_not_change_a_bit()
    {
        Assert.Equal(Run(1), Run(3));

        static float[] Run(int threads)
        {
            using var space = new TestSpace([300, 7], [20, 90], [90, 3], [3]);
            using var backend = new CpuBackend(threads);
            using var optimizer = new ZoMuon(new OptimizerSettings(space.Parameters) { Seed = 2, Queries = 2, Sides = 1 });
            for (int step = 1; step <= 2; step++)
            {
                optimizer.Apply(
                    new StepRecord { Step = step, LearningRate = Rate, Losses = [1, 2, 3], Coefficients = [0.3, -0.2] }, backend);
            }

            return space.Weights.ToArray();
        }
    }

    [Fact]
    public void A_record_of_other_queries_is_refused()
    {
        using var optimizer = Make(string.Empty);
        var record = new StepRecord { Step = 3, LearningRate = Rate, Losses = [1, 2], Coefficients = [0.3] };
        var error = Assert.Throws<InvalidInputException>(() => optimizer.Apply(record, _space.Backend));
        Assert.Equal("Step 3 has 1 coefficients; 4 were expected of this optimizer.", error.Message);
    }

    [Theory]
    [InlineData("rank=65")]
    [InlineData("interval=0")]
    [InlineData("exact=perhaps")]
    [InlineData("vector_rate=-1")]
    [InlineData("vector_rate=NaN")]
    public void What_it_cannot_do_is_refused(string options)
    {
        var error = Assert.Throws<InvalidInputException>(() => OptimizerCatalog.Find("zo-muon").Create(Settings(options)));
        Assert.Contains(options.Split('=')[0], error.Message, StringComparison.Ordinal);
    }

    // The weights after a step from 0 with given coefficients.
    private float[] Step(double[] coefficients)
    {
        _space.Weights.Clear();
        using var optimizer = new ZoMuon(Settings("rank=3") with { Queries = coefficients.Length });
        optimizer.Apply(
            new StepRecord { Step = 1, LearningRate = Rate, Losses = [1], Coefficients = coefficients }, _space.Backend);
        return _space.Weights.ToArray();
    }

    // How the first matrix moves in a step.
    private double[,] Move(ZoMuon optimizer, long step, Func<double[], double> f)
    {
        float[] before = [.. _space.Weights];
        optimizer.Apply(optimizer.Decide(step, _space.Oracle(f), Rate), _space.Backend);
        double[,] move = new double[Rows, Columns];
        for (int i = 0; i < Elements; i++)
        {
            move[i / Columns, i % Columns] = (double)_space.Weights[i] - before[i];
        }

        return move;
    }

    private float[][] Directions(ZoMuon optimizer)
    {
        var seen = new RecordingOracle(_space.Oracle(Linear));
        optimizer.Decide(1, seen, Rate);
        return [.. seen.Probes.Where(p => p.Direction is not null).Select(p => _space.Fill(p.Direction!))];
    }

    private double[,] Basis(ZoMuon optimizer, long step)
    {
        float[] vectors = optimizer.Basis(step, _space.Parameters.All[0]);
        double[,] rows = new double[vectors.Length / Columns, Columns];
        for (int i = 0; i < vectors.Length; i++)
        {
            rows[i / Columns, i % Columns] = vectors[i];
        }

        return rows;
    }

    private static double[,] Product(double[,] a, double[,] b)
    {
        double[,] product = new double[a.GetLength(0), b.GetLength(1)];
        for (int i = 0; i < product.GetLength(0); i++)
        {
            for (int j = 0; j < product.GetLength(1); j++)
            {
                for (int k = 0; k < a.GetLength(1); k++)
                {
                    product[i, j] += a[i, k] * b[k, j];
                }
            }
        }

        return product;
    }

    private static double[,] Transposed(double[,] a)
    {
        double[,] transposed = new double[a.GetLength(1), a.GetLength(0)];
        for (int i = 0; i < transposed.GetLength(0); i++)
        {
            for (int j = 0; j < transposed.GetLength(1); j++)
            {
                transposed[i, j] = a[j, i];
            }
        }

        return transposed;
    }

    // fa + gb.
    private static double[,] Combined(double f, double[,] a, double g, double[,] b)
    {
        double[,] sum = new double[a.GetLength(0), a.GetLength(1)];
        for (int i = 0; i < sum.GetLength(0); i++)
        {
            for (int j = 0; j < sum.GetLength(1); j++)
            {
                sum[i, j] = (f * a[i, j]) + (g * b[i, j]);
            }
        }

        return sum;
    }

    private double Linear(double[] x) => x.Select((v, i) => _g[i] * v).Sum();

    private ZoMuon Make(string options) => new(Settings(options));

    private OptimizerSettings Settings(string options) =>
        new(_space.Parameters) { Seed = 8, Queries = 4, Sides = 1, Options = MethodOptions.Parse(options) };

    private sealed class RecordingOracle(ILossOracle oracle) : ILossOracle
    {
        public List<Probe> Probes { get; } = [];

        public IWeightSums Sums => oracle.Sums;

        public double[] Losses(IReadOnlyList<Probe> probes, int draw = 0)
        {
            Probes.AddRange(probes);
            return oracle.Losses(probes, draw);
        }

        public double[] LossesOfAll(IReadOnlyList<Probe> probes) => oracle.LossesOfAll(probes);
    }
}
