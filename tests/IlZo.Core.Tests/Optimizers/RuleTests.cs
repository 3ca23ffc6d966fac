using IlZo.Arithmetic;
using IlZo.Noise;
using IlZo.Optimizers;
using IlZo.Perturbations;
using IlZo.Tensors;
using IlZo.Updates;
using Xunit;

namespace IlZo.Core.Tests.Optimizers;

/// <summary>Momentum and Adam on estimates that are known.</summary>
public sealed class RuleTests
{
    private static readonly NoiseKey s_rounding = new(1, NoiseStream.StochasticRounding, 1, 0);

    [Fact]
    public void Momentum_adds_up_the_estimates_with_decaying_weights()
    {
        using var space = new TestSpace([2, 3], [3]);
        using var rule = new Momentum(space.Parameters.All.Take(1), 0.9, 0);
        var one = new GradientEstimate([(1.0, new Ones())]);
        for (int step = 0; step < 3; step++)
        {
            space.Backend.Update(space.Parameters.All, one, rule, 0.1, s_rounding);
        }

        // 1 + 1.9 + 2.71 with momentum, 3 without.
        Near.Equal([.. Enumerable.Repeat(-0.561f, 6), .. Enumerable.Repeat(-0.3f, 3)], space.Weights, 1e-6);
        Assert.Equal(6 * sizeof(float), rule.StateBytes);
    }

    [Fact]
    public void Adam_moves_by_the_rate_against_the_sign_of_a_constant_estimate()
    {
        using var space = new TestSpace([4]);
        using var rule = new Adam(space.Parameters.All, 0.9, 0.999, 1e-8, 0);
        for (int step = 1; step <= 20; step++)
        {
            rule.Advance();
            space.Backend.Update(space.Parameters.All, new GradientEstimate([(-0.02, new Ones())]), rule, 0.1, s_rounding);
            Near.Equal([.. Enumerable.Repeat(0.1f * step, 4)], space.Weights, 1e-5 * step);
        }
    }

    [Fact]
    public void With_decay_Adam_shrinks_weights_beside_the_step()
    {
        using var space = new TestSpace([1]);
        space.Weights[0] = 2;
        using var rule = new Adam(space.Parameters.All, 0.9, 0.999, 1e-8, 0.5);
        rule.Advance();
        space.Backend.Update(space.Parameters.All, new GradientEstimate([(3.0, new Ones())]), rule, 0.1, s_rounding);
        Near.Equal(2 - (0.1 * (1 + (0.5 * 2))), space.Weights[0], 1e-6);
    }

    [Fact]
    public void In_a_thousand_dimensions_Adams_second_moments_are_nearly_equal()
    {
        const int dimension = 1000;
        using var space = new TestSpace([dimension]);
        var settings = new OptimizerSettings(space.Parameters) { Seed = 4, Epsilon = 1e-3 };
        using var rule = new Adam(space.Parameters.All, 0.9, 0.999, 1e-8, 0);
        using var optimizer = new EstimatorOptimizer(settings, new Spsa(settings), rule);
        double[] g = [.. Enumerable.Range(0, dimension).Select(i => 1 + (0.1 * Math.Sin(i)))];
        double norm = g.Sum(v => v * v);
        var oracle = space.Oracle(x => x.Zip(g, (a, b) => a * b).Sum());
        const int steps = 4000;
        for (int step = 1; step <= steps; step++)
        {
            optimizer.Apply(optimizer.Decide(step, oracle, 0), space.Backend);
        }

        // The mean of c²zᵢ² with weights of effective number 1/(1 − β₂) = 1000 … 2000; its relative deviation is √(8/1000) at most.
        float[] v = rule.SecondMoment(new WeightSlice(space.Parameters.All[0], 0, 0), dimension);
        double common = v.Average(x => (double)x);
        Near.Equal(1, common / norm, 5 * Math.Sqrt(2.0 / 1900));
        double spread = Math.Sqrt(v.Average(x => Math.Pow((x / common) - 1, 2)));
        Assert.InRange(spread, 0.01, Math.Sqrt(8.0 / 1000));
    }

    private sealed class Ones : Direction
    {
        public override void Fill(Parameter parameter, int row, int column, Span<float> destination) => destination.Fill(1);
    }
}
