using IlZo.Optimizers;
using IlZo.Perturbations;
using Xunit;

namespace IlZo.Core.Tests.Optimizers;

/// <summary>Projections on the span of the queries.</summary>
public sealed class ZoAlignTests : IDisposable
{
    private static readonly double[] s_gradient = [1, -2, 0.5, 0.25, 3, -1];

    private readonly TestSpace _space = new([2, 2], [2]);

    public void Dispose() => _space.Dispose();

    [Theory]
    [InlineData(DirectionKind.Gaussian, 6)]
    [InlineData(DirectionKind.Sphere, 6)]
    [InlineData(DirectionKind.Gaussian, 11)]
    public void As_many_queries_as_weights_give_the_gradient(DirectionKind kind, int queries)
    {
        for (int step = 1; step <= 20; step++)
        {
            double[] estimate = Estimate(step, queries, kind);
            Assert.All(estimate.Zip(s_gradient), pair => Near.Equal(pair.Second, pair.First, 2e-3));
        }
    }

    [Fact]
    public void Fewer_give_the_projection_on_their_span_times_its_inverse_share()
    {
        for (int step = 1; step <= 50; step++)
        {
            double[] projection = [.. Estimate(step, 3).Select(x => x * 3 / 6)];

            // The rest of the gradient is orthogonal to each direction, and so to the projection.
            for (int q = 0; q < 3; q++)
            {
                float[] s = _space.Fill(Settings(3).Direction(step, q));
                Near.Equal(0, s.Select((v, i) => v * (s_gradient[i] - projection[i])).Sum(), 1e-3);
            }

            double square = projection.Sum(x => x * x);
            Near.Equal(projection.Zip(s_gradient, (a, b) => a * b).Sum(), square, 1e-3 * square + 1e-4);
        }
    }

    [Fact]
    public void The_mean_is_the_gradient_and_the_squared_cosine_the_share_of_the_span()
    {
        const int Samples = 4000;
        double[] mean = new double[6];
        double cosine = 0;
        double norm = s_gradient.Sum(g => g * g);
        for (int step = 1; step <= Samples; step++)
        {
            double[] estimate = Estimate(step, 2);
            double square = estimate.Sum(x => x * x);
            double along = estimate.Zip(s_gradient, (a, b) => a * b).Sum();
            cosine += along * along / (square * norm) / Samples;
            for (int i = 0; i < 6; i++)
            {
                mean[i] += estimate[i] / Samples;
            }
        }

        // Beta(1, 2): the mean 1/3, the variance 1/18.
        Near.Equal(1.0 / 3, cosine, 5 * Math.Sqrt(1.0 / 18 / Samples));
        double error = Math.Sqrt(3 * norm / Samples);
        Assert.All(mean.Zip(s_gradient), pair => Near.Equal(pair.Second, pair.First, 5 * error));
    }

    [Fact]
    public void One_query_is_mezo_divided_by_its_squared_length_over_the_number_of_weights()
    {
        double[] align = Estimate(7, 1);
        float[] s = _space.Fill(Settings(1).Direction(7, 0));
        double[] mezo = _space.Estimate(new Spsa(Settings(1)), 7, Linear);
        double scale = 6 / s.Sum(x => (double)x * x);
        Assert.All(align.Zip(mezo), pair => Near.Equal(pair.Second * scale, pair.First, 1e-4));
    }

    [Fact]
    public void A_direction_in_the_span_of_others_is_left_out()
    {
        // The third vector is the sum of the first two.
        double[][] gram = [[2], [1, 3], [3, 4, 7]];
        var (alpha, dimension) = SpanProjection.Solve(gram, [1, -2, 50], 3);
        Assert.Equal(2, dimension);
        Near.Equal(1, (2 * alpha[0]) + alpha[1], 1e-12);
        Near.Equal(-2, alpha[0] + (3 * alpha[1]), 1e-12);
        Assert.Equal(0, alpha[2]);
        Assert.Equal(1, SpanProjection.Solve(gram, [1, -2, 50], 1).Dimension);
    }

    [Fact]
    public void Three_by_three_systems_are_solved()
    {
        double[][] full = [[4, 1, -2], [1, 5, 0.5], [-2, 0.5, 6]];
        double[] y = [3, -1, 2];
        var (alpha, dimension) = SpanProjection.Solve([[4], [1, 5], [-2, 0.5, 6]], y, 3);
        Assert.Equal(3, dimension);
        for (int i = 0; i < 3; i++)
        {
            Near.Equal(y[i], full[i].Zip(alpha, (a, b) => a * b).Sum(), 1e-12);
        }
    }

    private OptimizerSettings Settings(int queries, DirectionKind kind = DirectionKind.Gaussian) =>
        new(_space.Parameters) { Seed = 3, Queries = queries, Sides = 1, Directions = kind };

    private double[] Estimate(long step, int queries, DirectionKind kind = DirectionKind.Gaussian)
    {
        _space.Weights.Clear();
        using var optimizer = new ZoAlign(Settings(queries, kind));
        optimizer.Apply(optimizer.Decide(step, _space.Oracle(Linear), 1), _space.Backend);
        return [.. _space.Weights.ToArray().Select(w => -(double)w)];
    }

    private static double Linear(double[] x) => x.Zip(s_gradient, (a, b) => a * b).Sum();
}
