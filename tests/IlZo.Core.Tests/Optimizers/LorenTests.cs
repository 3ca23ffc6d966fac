using IlZo.Noise;
using IlZo.Optimizers;
using IlZo.Perturbations;
using IlZo.Tensors;
using Xunit;

namespace IlZo.Core.Tests.Optimizers;

/// <summary>The covariance, the score and the leave-one-out baseline in closed form.</summary>
public sealed class LorenTests
{
    private const double Rho = 0.1;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Rows_have_the_covariance_of_the_model_with_either_root(bool otherRoot)
    {
        const int rows = 64;
        const int steps = 4000;
        const double samples = (double)rows * steps;
        using var space = new TestSpace([rows, 4]);
        var curvature = new CurvatureVectors(space.Parameters.All, 3, Rho, "unit", otherRoot: otherRoot);
        float[] a = curvature.Vectors[0];
        double[,] covariance = new double[4, 4];
        for (uint step = 0; step < steps; step++)
        {
            float[] y = space.Fill(curvature.Directions([Noise(step)], space.Backend)[0]);
            for (int e = 0; e < y.Length; e++)
            {
                for (int j = 0; j < 4; j++)
                {
                    covariance[e % 4, j] += y[e] * y[(e / 4 * 4) + j] / samples;
                }
            }
        }

        double s = RowSums.Dot(a, a);
        for (int i = 0; i < 4; i++)
        {
            for (int j = 0; j < 4; j++)
            {
                double expected = (i == j ? 1 : 0) - (a[i] * a[j] / (Rho + s));
                Near.Equal(expected, covariance[i, j], 5 * Math.Sqrt(2 / samples));
            }
        }
    }

    [Fact]
    public void With_whole_tensors_as_blocks_only_one_direction_is_damped()
    {
        const int steps = 20_000;
        using var space = new TestSpace([3, 4]);
        var curvature = new CurvatureVectors(space.Parameters.All, 3, Rho, "unit", wholeTensors: true, otherRoot: true);
        double[] along = [.. Enumerable.Range(0, 12).Select(i => (double)curvature.Vectors[0][i % 4])];
        double s = along.Sum(v => v * v);
        double square = 0, total = 0;
        for (uint step = 0; step < steps; step++)
        {
            float[] y = space.Fill(curvature.Directions([Noise(step)], space.Backend)[0]);
            square += Math.Pow(y.Zip(along, (p, q) => p * q).Sum(), 2) / s / steps;
            total += y.Sum(v => (double)v * v) / steps;
        }

        double damped = Rho / (Rho + s);
        Near.Equal(damped, square, 5 * damped * Math.Sqrt(2.0 / steps));
        Near.Equal(11 + damped, total, 5 * Math.Sqrt(2 * 12.0 / steps));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void The_score_is_the_gradient_of_the_expectation(bool otherRoot)
    {
        // E f(δ) = tr(Q P⁻¹) for f = δᵀQδ, so E[(f − Ef) S] is its derivative by a.
        const int batches = 40;
        const int samples = 2000;
        double[] q = [1, -0.5, 2, 0.25];
        using var space = new TestSpace([1, 4]);
        double[][] scores = new double[batches][];
        float[] start = [];
        for (int batch = 0; batch < batches; batch++)
        {
            var curvature = new CurvatureVectors(space.Parameters.All, 8, 0.7, "unit", otherRoot: otherRoot);
            float[] a = curvature.Vectors[0];
            start = [.. a];
            double mean = Trace(q, [.. a.Select(v => (double)v)], 0.7);
            var terms = new List<(double, RankOneDirection)>();
            for (int i = 0; i < samples; i++)
            {
                var y = curvature.Directions([Noise((uint)((batch * samples) + i))], space.Backend)[0];
                terms.Add((space.Fill(y).Select((v, j) => q[j] * v * v / 0.7).Sum() - mean, y));
            }

            curvature.Move(terms, 1e-4);
            scores[batch] = [.. a.Zip(start, (now, before) => (before - now) / 1e-4 / samples)];
        }

        for (int i = 0; i < 4; i++)
        {
            double mean = scores.Average(s => s[i]);
            double error = Math.Sqrt(scores.Average(s => Math.Pow(s[i] - mean, 2)) / batches);
            double[] up = [.. start.Select((v, j) => v + (i == j ? 1e-4 : 0))];
            double[] down = [.. start.Select((v, j) => v - (i == j ? 1e-4 : 0))];
            Near.Equal((Trace(q, up, 0.7) - Trace(q, down, 0.7)) / 2e-4, mean, 5 * error);
            Assert.True(error < 0.1, "The test sees nothing.");
        }
    }

    [Fact]
    public void The_mean_of_the_estimate_is_the_gradient_through_the_covariance()
    {
        using var space = new TestSpace([2, 3], [2]);
        double[] g = [1, -2, 0.5, 0.3, 2, -1, 0.7, -0.4];
        var loren = new Loren(Settings(space, "lr_a=0"));
        var (mean, error, _) = space.Moments(loren, 40_000, x => x.Select((v, i) => (g[i] * v) + (0.5 * i * v * v)).Sum());
        int at = 0;
        foreach (var p in space.Parameters.All)
        {
            float[] a = loren.Curvature.Vectors[p.Id];
            double s = RowSums.Dot(a, a);
            for (int row = 0; row < p.Rows; row++, at += p.Columns)
            {
                double along = Enumerable.Range(0, p.Columns).Sum(i => a[i] * g[at + i]);
                for (int i = 0; i < p.Columns; i++)
                {
                    Near.Equal(g[at + i] - (a[i] * along / (Rho + s)), mean[at + i], 5 * error[at + i]);
                }
            }
        }
    }

    [Fact]
    public void Without_a_vector_it_is_rloo_to_the_bit()
    {
        float[] Run(string method, string opt)
        {
            using var space = new TestSpace([3, 70], [4]);
            var settings = new OptimizerSettings(space.Parameters)
            {
                Seed = 3,
                Queries = 4,
                Sides = 1,
                Options = MethodOptions.Parse(opt),
            };
            using var optimizer = OptimizerCatalog.Find(method).Create(settings);
            var oracle = space.Oracle(x => x.Select((v, i) => Math.Pow(v - i, 2)).Sum());
            for (int step = 1; step <= 6; step++)
            {
                optimizer.Apply(optimizer.Decide(step, oracle, 1e-4), space.Backend);
            }

            return space.Weights.ToArray();
        }

        Assert.Equal(Run("loren", "source=false,init=zero,lr_a=0"), Run("rloo", ""));
        Assert.NotEqual(Run("loren", "source=false"), Run("rloo", ""));
    }

    [Fact]
    public void By_default_it_is_what_its_authors_run()
    {
        using var space = new TestSpace([1, 2]);
        using var optimizer = OptimizerCatalog.Find("loren").Create(Settings(space, "") with { Queries = 6, Sides = 1 });
        Assert.IsType<LorenSource>(optimizer);
    }

    [Fact]
    public void Without_a_vector_it_is_the_leave_one_out_estimate_with_its_known_covariance()
    {
        const int queries = 4;
        const int samples = 50_000;
        using var space = new TestSpace([2, 2]);
        space.Weights[0] = 3;
        var settings = Settings(space, "init=zero,lr_a=0") with { Queries = queries };
        var loren = new Loren(settings);
        double[] g = [1, -2, 0.5, 0.3];
        double Linear(double[] x) => 100 + x.Zip(g, (a, b) => a * b).Sum();
        double[] estimate = space.Estimate(loren, 5, Linear);
        double[] losses = space.Oracle(Linear).Losses(loren.Plan(5));
        double[] expected = new double[4];
        for (int k = 0; k < queries; k++)
        {
            double others = losses.Where((_, j) => j != k).Average();
            float[] z = space.Fill(settings.Direction(5, k));
            for (int i = 0; i < 4; i++)
            {
                expected[i] += (losses[k] - others) * z[i] / queries / settings.Epsilon;
            }
        }

        for (int i = 0; i < 4; i++)
        {
            Near.Equal(expected[i], estimate[i], 1e-9 * Math.Abs(expected[i]) + 1e-9);
        }

        double[] coefficients = loren.Combine(5, losses);
        double average = losses.Average();
        Near.Equal(0, coefficients.Sum(), 1e-9 * coefficients.Max());
        Near.Equal(
            Math.Sqrt(losses.Sum(f => Math.Pow(f - average, 2)) / (queries - 1)) / settings.Epsilon, loren.ProjectedGradient(coefficients),
            1e-9);

        // Cov = (‖g‖²I + ggᵀ)/(K − 1): nothing of the 100 is left in it.
        double norm = g.Sum(v => v * v);
        var (mean, error, square) = space.Moments(loren, samples, Linear);
        for (int i = 0; i < 4; i++)
        {
            Near.Equal(g[i], mean[i], 5 * error[i]);
            Near.Equal((norm + (g[i] * g[i])) / (queries - 1), error[i] * error[i] * samples, 0.05 * norm);
        }

        Near.Equal(norm + (5 * norm / (queries - 1)), square, 0.03 * norm * 3);
    }

    [Theory]
    [InlineData("omega=eps2sqrtRho", 0, 1e-7)]
    [InlineData("omega=one,init=fan", 1e-5, 1)]
    public void The_factor_of_the_code_leaves_the_vector_where_it_starts(string options, double least, double most)
    {
        using var space = new TestSpace([20, 30]);
        var settings = Settings(space, options);
        var loren = new Loren(settings);
        float[] start = [.. loren.Curvature.Vectors[0]];
        using var optimizer = new EstimatorOptimizer(settings, loren, new Sgd());
        for (int step = 1; step <= 50; step++)
        {
            optimizer.Apply(
                optimizer.Decide(step, space.Oracle(x => x.Select((v, i) => (v - 1) * (v - 1) * i * 1e-3).Sum()), 1e-6), space.Backend);
        }

        double moved = Math.Sqrt(loren.Curvature.Vectors[0].Zip(start, (a, b) => Math.Pow(a - b, 2)).Sum() / start.Sum(v => (double)v * v));
        Assert.InRange(moved, least, most);
        Near.Equal(moved, optimizer.Diagnostics(51)[0].Value, 1e-6);
    }

    private static OptimizerSettings Settings(TestSpace space, string options) =>
        new(space.Parameters) { Seed = 6, Queries = 6, Sides = 1, Options = MethodOptions.Parse(options) };

    private static GaussianDirection Noise(uint step) => new(new NoiseKey(1, NoiseStream.Direction, step, 0));

    // tr(Q P⁻¹) for diagonal Q.
    private static double Trace(double[] q, double[] a, double rho)
    {
        double s = a.Sum(v => v * v);
        return q.Select((v, i) => v * (1 - (a[i] * a[i] / (rho + s))) / rho).Sum();
    }
}
