using IlZo.Optimizers;
using Xunit;

namespace IlZo.Core.Tests.Optimizers;

/// <summary>Directions of the same columns in every step: their moments, what weights can become, and momentum.</summary>
public sealed class TezoTests : IDisposable
{
    private const int Rows = 4;
    private const int Columns = 5;
    private const int Elements = Rows * Columns;
    private const double Rate = 1e-3;

    private readonly TestSpace _space = new([Rows, Columns], [3]);
    private readonly double[] _g = [.. Enumerable.Range(0, Elements + 3).Select(i => Math.Cos(2 * i))];

    public void Dispose() => _space.Dispose();

    [Fact]
    public void With_one_column_the_mean_is_the_part_of_the_gradient_along_it()
    {
        var estimator = Make("rank=1");
        double[] b = Column(estimator, 1);
        Near.Equal([.. b.Select(v => (float)v)], [.. Column(estimator, 7).Select(v => (float)v)], 1e-5);
        double along = b.Zip(_g, (x, y) => x * y).Sum();
        var (mean, error, _) = _space.Moments(estimator, 20_000, Quadratic);
        for (int i = 0; i < _space.Count; i++)
        {
            Near.Equal(i < Elements ? along * b[i] : _g[i], mean[i], 5 * error[i]);
        }
    }

    [Fact]
    public void Over_all_columns_the_mean_is_the_gradient_and_the_second_moment_what_theory_says()
    {
        const int samples = 20_000, rank = 3;
        using var space = new TestSpace([Rows, Columns]);
        double[] mean = new double[Elements], second = new double[Elements], squares = new double[samples];
        for (int seed = 0; seed < samples; seed++)
        {
            var settings = new OptimizerSettings(space.Parameters) { Seed = (ulong)seed, Options = MethodOptions.Parse("rank=3") };
            double[] estimate = space.Estimate(new Tezo(settings), 1, Linear);
            squares[seed] = estimate.Sum(v => v * v);
            for (int i = 0; i < Elements; i++)
            {
                mean[i] += estimate[i] / samples;
                second[i] += estimate[i] * estimate[i] / samples;
            }
        }

        for (int i = 0; i < Elements; i++)
        {
            Near.Equal(_g[i], mean[i], 5 * Math.Sqrt((second[i] - (mean[i] * mean[i])) / samples));
        }

        double square = squares.Average();
        double error = Math.Sqrt(squares.Sum(s => (s - square) * (s - square))) / samples;
        double expected = Elements + 2 + (((2.0 * Elements) + (6 * (Rows + Columns)) + 10) / rank);
        Near.Equal(expected * _g.Take(Elements).Sum(v => v * v), square, 5 * error);
    }

    [Theory]
    [InlineData("tezo")]
    [InlineData("tezo-m")]
    public void Weights_never_leave_the_span_of_the_columns(string method)
    {
        // Two directions span what two columns do; what weights have beside them is 0.
        var estimator = Make("rank=2");
        double[] first = Matrix(estimator, 1), second = Matrix(estimator, 2);
        double share = Dot(first, second) / Dot(first, first);
        second = [.. second.Zip(first, (a, b) => a - (share * b))];
        Assert.InRange(Dot(second, second), 0.1, double.MaxValue);
        using var optimizer = OptimizerCatalog.Find(method).Create(Settings("rank=2"));
        for (int step = 1; step <= 12; step++)
        {
            optimizer.Apply(optimizer.Decide(step, _space.Oracle(Quadratic), Rate), _space.Backend);
        }

        double[] rest = [.. _space.Weights[..Elements].ToArray().Select(w => (double)w)];
        double moved = Dot(rest, rest);
        foreach (double[] b in (double[][])[first, second])
        {
            double part = Dot(rest, b) / Dot(b, b);
            rest = [.. rest.Zip(b, (w, v) => w - (part * v))];
        }

        Assert.InRange(moved, 1e-6, double.MaxValue);
        Near.Equal(0, Dot(rest, rest), 1e-8 * moved);
    }

    [Fact]
    public void Momentum_of_the_weights_of_columns_is_the_average_of_whole_estimates()
    {
        const double beta = 0.8;
        var estimator = Make("rank=3", queries: 2);
        using var optimizer = OptimizerCatalog.Find("tezo-m").Create(Settings("rank=3,beta=0.8") with { Queries = 2 });
        double[] m = new double[_space.Count];
        for (int step = 1; step <= 6; step++)
        {
            float[] before = [.. _space.Weights];
            var record = optimizer.Decide(step, _space.Oracle(Quadratic), Rate);
            optimizer.Apply(record, _space.Backend);
            float[][] directions = [.. estimator.Directions(step).Select(_space.Fill)];
            for (int i = 0; i < m.Length; i++)
            {
                m[i] = (beta * m[i]) + ((1 - beta) * record.Coefficients.Select((c, q) => c * directions[q][i]).Sum());
                Near.Equal(before[i] - (Rate * m[i]), _space.Weights[i], 1e-6);
            }
        }
    }

    [Fact]
    public void Without_memory_momentum_is_tezo()
    {
        Near.Equal(Run("tezo", "rank=3"), Run("tezo-m", "rank=3,beta=0"), 1e-6);

        float[] Run(string method, string options)
        {
            _space.Weights.Clear();
            using var optimizer = OptimizerCatalog.Find(method).Create(Settings(options) with { Queries = 2 });
            for (int step = 1; step <= 8; step++)
            {
                optimizer.Apply(optimizer.Decide(step, _space.Oracle(Quadratic), Rate), _space.Backend);
            }

            return _space.Weights.ToArray();
        }
    }

    [Fact]
    public void A_rank_above_those_of_matrices_can_be_used()
    {
        using var optimizer = OptimizerCatalog.Find("tezo").Create(Settings("rank=64"));
        var record = optimizer.Decide(1, _space.Oracle(Quadratic), Rate);
        optimizer.Apply(record, _space.Backend);
        Assert.All(_space.Weights.ToArray(), w => Assert.True(float.IsFinite(w) && w != 0));
    }

    [Theory]
    [InlineData("tezo", "rank=0")]
    [InlineData("tezo", "rank=65")]
    [InlineData("tezo-m", "beta=1")]
    [InlineData("tezo-m", "rank=x")]
    public void What_it_cannot_do_is_refused(string method, string options)
    {
        var error = Assert.Throws<InvalidInputException>(() => OptimizerCatalog.Find(method).Create(Settings(options)));
        Assert.Contains(options.Split('=')[0], error.Message, StringComparison.Ordinal);
    }

    // u vᵀ, from a direction τ u vᵀ.
    private double[] Column(Tezo estimator, long step)
    {
        float[] weight = new float[1];
        estimator.FillWeights(step, 0, _space.Parameters.All[0], weight);
        return [.. Matrix(estimator, step).Select(d => d / weight[0])];
    }

    private double[] Matrix(Tezo estimator, long step) =>
        [.. _space.Fill(estimator.Plan(step)[0].Direction!)[..Elements].Select(d => (double)d)];

    private static double Dot(double[] a, double[] b) => a.Zip(b, (x, y) => x * y).Sum();

    // Their gradient at 0 is g.
    private double Quadratic(double[] x) => x.Select((v, i) => (_g[i] * v) + (0.5 * i * v * v)).Sum();

    private double Linear(double[] x) => x.Select((v, i) => _g[i] * v).Sum();

    private Tezo Make(string options, int queries = 1) => new(Settings(options) with { Queries = queries });

    private OptimizerSettings Settings(string options) => new(_space.Parameters) { Seed = 6, Options = MethodOptions.Parse(options) };
}
