using IlZo.Optimizers;
using IlZo.Perturbations;
using IlZo.Tensors;
using Xunit;

namespace IlZo.Core.Tests.Optimizers;

/// <summary>The sampling distribution, the budget, and the moments of estimates and scores.</summary>
public sealed class CurvZoTests
{
    private const int Samples = 60_000;

    [Fact]
    public void Inclusion_probabilities_solve_the_problem_they_are_for()
    {
        double[] f = [.. Enumerable.Range(1, 12).Select(i => Math.Pow(i, 3))];
        double[] roots = [.. f.Select(Math.Sqrt)];
        double[] p = InclusionProbabilities.Of(roots, 8, cap: false);
        Near.Equal(8, p.Sum(), 1e-9);
        Assert.Contains(1.0, p);

        // Below 1 the ratio is one κ, and no pair of them can be shifted to advantage.
        double kappa = p[0] / roots[0];
        Assert.All(Enumerable.Range(0, 12), i => Near.Equal(Math.Min(1, kappa * roots[i]), p[i], 1e-9));
        double least = f.Zip(p, (v, q) => v / q).Sum();
        double[] other = [.. p];
        (other[0], other[1]) = (p[0] + 0.001, p[1] - 0.001);
        Assert.True(f.Zip(other, (v, q) => v / q).Sum() > least);

        // Where none saturates, the variance is d_eff/d of that of uniform sampling.
        double[] small = InclusionProbabilities.Of(roots, 1, cap: false);
        var (support, _) = PerturbationBudget.Shape(f);
        Near.Equal(support / 12, f.Zip(small, (v, q) => v / q).Sum() / (12 * f.Sum()), 1e-9);
    }

    [Fact]
    public void With_the_cap_of_the_code_only_the_largest_saturates()
    {
        double[] w = [8, 1, 1, 1, 1];
        Assert.Equal([1, 0.125, 0.125, 0.125, 0.125], InclusionProbabilities.Of(w, 4, cap: true));
        Near.Equal(1.2, InclusionProbabilities.Of(w, 1.2, cap: true).Sum(), 1e-9);
        Near.Equal(4, InclusionProbabilities.Of(w, 4, cap: false).Sum(), 1e-9);
        Assert.Equal([1, 1, 1, 1, 1], InclusionProbabilities.Of(w, 5, cap: false));
        Assert.Equal([1, 1], InclusionProbabilities.Of([0.3, 0.3], 2, cap: true));
    }

    [Fact]
    public void The_budget_stays_between_its_limits_and_follows_the_shape_of_the_scores()
    {
        Assert.Equal((4, 1), Rounded(PerturbationBudget.Shape([0.3, 0.3, 0.3, 0.3])));
        Assert.Equal((1, 0), Rounded(PerturbationBudget.Shape([5, 0, 0, 0])));
        foreach (var (support, entropy, limit) in new[] { (1.0, 1.0, 0.59), (0.01, 0.0, 0.3149), (5.0, 0.0, 0.8), (-9.0, 1.0, 0.1) })
        {
            var budget = new PerturbationBudget(0.4, adapts: true);
            for (int i = 0; i < 200; i++)
            {
                budget.Adapt(support, entropy);
                Assert.InRange(budget.Fraction, 0.1, 0.8);
            }

            Near.Equal(limit, budget.Fraction, 1e-6);
        }

        Assert.True(PerturbationBudget.IsDue(40));
        Assert.False(PerturbationBudget.IsDue(41));
        var still = new PerturbationBudget(0.4, adapts: false);
        still.Adapt(1, 1);
        Assert.Equal(0.4, still.Fraction);
        static (double, double) Rounded((double A, double B) v) => (Math.Round(v.A, 9), Math.Round(v.B, 9));
    }

    [Fact]
    public void Estimates_of_blocks_have_the_known_moments()
    {
        // The paper's weights √N_b make probabilities that differ; scores stay where they start. A block that is always in
        // keeps Poisson sampling from ever being empty, which would not be unbiased.
        using var space = new TestSpace([40, 10], [2], [3], [1]);
        var estimator = new CurvZo(Settings(space, "variant=paper,cap=false,budget=0.6,floor=0.1"));
        double[] p = estimator.Probabilities();
        Assert.Equal(1, p[0]);
        Assert.Equal([p.Sum(), (400 + (2 * p[1]) + (3 * p[2]) + p[3]) / 406, p.Min()], estimator.Diagnostics(1).Select(d => d.Value));
        double[] g = Gradient(space);
        double[] sums = new double[4];
        double[] squares = new double[4];
        double[] fourth = new double[4];
        double[] inside = new double[4];
        double[] outside = new double[4];
        int[] count = new int[4];
        for (int step = 1; step <= Samples; step++)
        {
            var (chosen, _) = estimator.Choose(step);
            double[] estimate = space.Estimate(estimator, step, x => x.Zip(g, (a, b) => a * b).Sum());
            float[] v = space.Fill(estimator.Plan(step)[0].Direction!);
            double slope = v.Zip(g, (a, b) => a * b).Sum();
            foreach (var (b, range) in Ranges(space))
            {
                double square = estimate[range].Sum(e => e * e);
                sums[b] += estimate[range.Start] / Samples;
                squares[b] += square / Samples;
                fourth[b] += square * square / Samples;
                count[b] += chosen[b] ? 1 : 0;
                inside[b] += chosen[b] ? slope * slope * v[range].Sum(e => (double)e * e) : 0;
                outside[b] += chosen[b] ? 0 : slope * slope;
            }
        }

        foreach (var (b, range) in Ranges(space))
        {
            double size = space.Parameters.All[b].Count;
            double own = g[range].Sum(e => e * e);
            double others = Ranges(space).Where(r => r.Block != b).Sum(r => p[r.Block] * g[r.Range].Sum(e => e * e));
            double expected = ((size * others) + ((size + 2) * own)) / p[b];
            Near.Equal(p[b], (double)count[b] / Samples, 5 * Math.Sqrt(0.25 / Samples));
            Near.Equal(g[range.Start], sums[b], 5 * Math.Sqrt(expected / size / Samples));
            Near.Equal(expected, squares[b], 5 * Math.Sqrt((fourth[b] - (squares[b] * squares[b])) / Samples));
            Near.Equal(expected * p[b], inside[b] / count[b], 0.06 * expected * p[b]);
            if (p[b] < 1)
            {
                Near.Equal(others, outside[b] / (Samples - count[b]), 0.06 * others);
            }
        }
    }

    [Fact]
    public void The_debiased_score_tends_to_the_blocks_own_gradient()
    {
        using var space = new TestSpace([20, 10], [20], [5]);
        var estimator = new CurvZo(Settings(space, "budget=0.67,cap=false"));
        var plain = new CurvatureScores([200, 20, 5], debiased: false);
        var scores = new CurvatureScores([200, 20, 5], debiased: true);
        double[] g = Gradient(space);
        double[] mean = new double[3];
        double[] square = new double[3];
        double[] biased = new double[3];
        const int every = 100;
        const int count = Samples / every;
        for (int step = 1; step <= Samples; step++)
        {
            var (chosen, p) = estimator.Choose(step);
            float[] v = space.Fill(estimator.Plan(step)[0].Direction!);
            double[] squares = [.. Ranges(space).Select(r => v[r.Range].Sum(e => (double)e * e))];
            double slope = v.Zip(g, (a, b) => a * b).Sum();
            scores.Learn(slope, chosen, squares, p);
            plain.Learn(slope, chosen, squares, p);
            for (int b = 0; b < 3 && step % every == 0; b++)
            {
                mean[b] += scores.Raw(b) / count;
                square[b] += scores.Raw(b) * scores.Raw(b) / count;
                biased[b] += plain.Raw(b) / count;
            }
        }

        foreach (var (b, range) in Ranges(space))
        {
            double own = (1 + (2.0 / (range.End.Value - range.Start.Value))) * g[range].Sum(e => e * e);
            Near.Equal(own, mean[b], 5 * Math.Sqrt((square[b] - (mean[b] * mean[b])) / count));
            Assert.True(biased[b] > mean[b]);
        }
    }

    [Fact]
    public void Scores_of_the_code_follow_its_formulas_and_stay_where_a_block_was_not_chosen()
    {
        var scores = new CodeScores(3);
        scores.Learn(-2, [true, false, true], [30, 0, 10], [0.5, 0.2, 1]);
        double e = (0.9 * 1e-8) + 0.2;
        double scale = 2 / (e + 1e-12);
        double[] expected = [0.009 + (0.1 * scale * 120 / 130), 0.01, 0.009 + (0.1 * scale * 10 / 130)];
        Assert.All(Enumerable.Range(0, 3), b => Near.Equal(expected[b], scores.SamplingWeights()[b], 1e-12));
    }

    [Theory]
    [InlineData("budget=1,adapt=false,cap=false")]
    [InlineData("budget=1,adapt=false,cap=false,variant=paper")]
    [InlineData("blocks=element,budget=1,adapt=false")]
    public void With_the_whole_budget_it_is_mezo(string options)
    {
        Assert.Equal(Run("mezo", string.Empty), Run("curvzo", options));

        static float[] Run(string method, string options)
        {
            using var space = new TestSpace([3, 70], [5]);
            using var optimizer = OptimizerCatalog.Find(method).Create(Settings(space, options));
            for (int step = 1; step <= 25; step++)
            {
                var oracle = space.Oracle(x => x.Select((v, i) => Math.Pow(v - i, 2)).Sum());
                optimizer.Apply(optimizer.Decide(step, oracle, 1e-4), space.Backend);
            }

            return space.Weights.ToArray();
        }
    }

    [Theory]
    [InlineData(0.5f, 0, 0, 32768)]
    [InlineData(0.5f, 0, 3, 65536)]
    [InlineData(0.5f, 0, -0.75f, 16384)]
    [InlineData(0.5f, 0.75f, -1, 49152)]
    [InlineData(0.5f, 0, -1, 1)]
    [InlineData(7, 0, 8, 65536)]
    [InlineData(0.50001f, 0, 0, 32769)]
    public void The_probability_of_an_element_is_the_root_of_its_score_rounded_up(float kappa, float floor, float excess, int level)
    {
        var rule = new InclusionRule(kappa, floor);
        Assert.Equal(level, rule.Level(excess));
        Assert.Equal(level == 65536 ? 1 : 0, rule.Factor(excess, 0xFFFF, weighted: true));
        Assert.Equal(1, rule.Factor(excess, (uint)(level - 1), weighted: false));
        Assert.Equal(65536f / level, rule.Factor(excess, 0, weighted: true));
    }

    [Fact]
    public void Estimates_of_elements_have_the_known_moments()
    {
        using var space = new TestSpace([2, 3]);
        var settings = Settings(space, "floor=0.2,budget=0.5");
        using var estimator = new CurvZoElements(settings);
        double[] g = Gradient(space);
        var oracle = space.Oracle(x => x.Select((v, i) => (g[i] * v) + (i * v * v)).Sum());
        var optimizer = new EstimatorOptimizer(settings, estimator, new Sgd());
        for (int step = 1; step <= 60; step++)
        {
            optimizer.Apply(optimizer.Decide(step, oracle, 0), space.Backend);
        }

        int[] levels = new int[6];
        estimator.Probabilities(new WeightSlice(space.Parameters.All[0], 0, 0), levels.AsSpan(0, 3));
        estimator.Probabilities(new WeightSlice(space.Parameters.All[0], 1, 0), levels.AsSpan(3, 3));
        double[] p = [.. levels.Select(l => l / 65536.0)];
        Assert.True(p.Distinct().Count() > 3);
        var (mean, error, _) = space.Moments(estimator, Samples, x => x.Select((v, i) => (g[i] * v) + (i * v * v)).Sum());
        double common = p.Zip(g, (a, b) => a * b * b).Sum();
        for (int i = 0; i < 6; i++)
        {
            double expected = (((3 - p[i]) * g[i] * g[i]) + common) / p[i];
            Near.Equal(g[i], mean[i], 5 * error[i]);
            Near.Equal(expected, (error[i] * error[i] * Samples) + (mean[i] * mean[i]), 0.08 * expected);
        }
    }

    [Fact]
    public void After_the_budget_changes_as_many_elements_as_it_says_are_chosen()
    {
        using var space = new TestSpace([50, 80]);
        var settings = Settings(space, "floor=0");
        var estimator = new CurvZoElements(settings);
        using var optimizer = new EstimatorOptimizer(settings, estimator, new Sgd());
        double[] g = Gradient(space);
        for (int step = 1; step <= 20; step++)
        {
            optimizer.Apply(optimizer.Decide(step, space.Oracle(x => x.Zip(g, (a, b) => a * b).Sum()), 0), space.Backend);
        }

        // f after one change: between 0.9·0.4 + 0.1·0.1 and 0.9·0.4 + 0.1·0.8.
        int[] levels = new int[80];
        double sum = 0;
        for (int row = 0; row < 50; row++)
        {
            estimator.Probabilities(new WeightSlice(space.Parameters.All[0], row, 0), levels);
            sum += levels.Sum(l => l / 65536.0);
        }

        Assert.InRange(sum / 4000, 0.37, 0.44);
    }

    private static OptimizerSettings Settings(TestSpace space, string options) =>
        new(space.Parameters) { Seed = 6, Epsilon = 0.01, Options = MethodOptions.Parse(options) };

    private static double[] Gradient(TestSpace space) => [.. Enumerable.Range(0, space.Count).Select(i => Math.Cos(3 * i) + 0.2)];

    // The elements of each block among those of all.
    private static IEnumerable<(int Block, Range Range)> Ranges(TestSpace space)
    {
        int at = 0;
        foreach (var p in space.Parameters.All)
        {
            yield return (p.Id, at..(at + (int)p.Count));
            at += (int)p.Count;
        }
    }
}
