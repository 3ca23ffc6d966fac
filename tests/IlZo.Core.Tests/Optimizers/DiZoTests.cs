using IlZo.Adapters;
using IlZo.Models;
using IlZo.Optimizers;
using IlZo.Tensors;
using Xunit;

namespace IlZo.Core.Tests.Optimizers;

/// <summary>The projection: what it keeps, how far it goes, and the search for its ratios.</summary>
public sealed class DiZoTests
{
    private const string EveryStep = "interval=1";

    [Fact]
    public void A_projection_scales_distances_within_the_limits_and_keeps_directions()
    {
        using var space = new TestSpace([4, 70], [3, 3], [5]);
        var oracle = Quadratic(space);
        using var optimizer = Make(space, EveryStep + ",inner=6,step=50");
        float[] start = [.. space.Weights];
        Step(optimizer, 1, oracle, space, 1e-3);
        double[] lengths = new double[2];
        float[] before = [.. space.Weights];
        using var plain = Make(space, "interval=1000");
        var record = optimizer.Decide(2, oracle, 1e-3);
        plain.Apply(record with { Coefficients = record.Coefficients[..1] }, space.Backend);
        float[] updated = [.. space.Weights];
        before.CopyTo(space.Weights);
        optimizer.Apply(record, space.Backend);
        Assert.Equal(3, record.Coefficients.Length);
        Assert.Equal(2 + 12, record.Losses.Length);
        Assert.Equal(record.Coefficients[0], optimizer.ProjectedGradient(record));
        foreach (var (l, range) in Ranges(space).Take(2))
        {
            double ratio = record.Coefficients[1 + l];
            Assert.InRange(ratio, 0.8, 1.2);
            Assert.NotEqual(1, ratio);
            double[] moved = Difference(updated[range], start[range]);
            double[] scaled = Difference(space.Weights[range].ToArray(), start[range]);
            lengths[l] = Math.Sqrt(moved.Sum(v => v * v));
            Near.Equal(ratio * lengths[l], Math.Sqrt(scaled.Sum(v => v * v)), 1e-5 * lengths[l]);
            Near.Equal(ratio * lengths[l] * lengths[l], moved.Zip(scaled, (a, b) => a * b).Sum(), 1e-5 * lengths[l] * lengths[l]);
        }

        var last = Ranges(space).Last().Range;
        Assert.Equal(updated[last], space.Weights[last].ToArray());
    }

    [Theory]
    [InlineData("interval=1,clip=0")]
    [InlineData("interval=1,clip=1e-9")]
    [InlineData("interval=1,step=0")]
    public void With_no_room_for_the_ratios_it_is_mezo(string options)
    {
        Assert.Equal(Run("mezo", string.Empty), Run("dizo", options));

        static float[] Run(string method, string options)
        {
            using var space = new TestSpace([4, 70], [5]);
            using var optimizer = OptimizerCatalog.Find(method).Create(Settings(space, options));
            for (int step = 1; step <= 10; step++)
            {
                Step(optimizer, step, Quadratic(space), space, 1e-3);
            }

            return space.Weights.ToArray();
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Probes_see_the_weights_after_the_update_with_the_candidates(bool ratio)
    {
        using var space = new TestSpace([2, 3], [2]);
        using var optimizer = Make(space, $"{EveryStep},inner=1,ratio={(ratio ? "true" : "false")},step=0.5");
        Step(optimizer, 1, Quadratic(space), space, 1e-2);
        var seen = new List<double[]>();
        var record = optimizer.Decide(2, space.Oracle(x =>
        {
            seen.Add(x);
            return x[0];
        }), 1e-2);

        // Both candidates lie on the line from the start through the updated weights, at either side of its ratio 1.
        var free = record with { Coefficients = [record.Coefficients[0], 1] };
        optimizer.Apply(free, space.Backend);
        double length = Math.Sqrt(space.Weights[..6].ToArray().Sum(v => (double)v * v));
        double up = seen[2][0] / space.Weights[0];
        double down = seen[3][0] / space.Weights[0];
        for (int i = 0; i < 6; i++)
        {
            Near.Equal(up * space.Weights[i], seen[2][i], 1e-6 * length);
            Near.Equal(down * space.Weights[i], seen[3][i], 1e-6 * length);
        }

        Near.Equal(2, up + down, 1e-5);
        Near.Equal(space.Weights[6], seen[2][6], 1e-6 * length);
        Assert.InRange(Math.Abs(up - 1), 1e-6, 0.2 + 1e-6);

        // ψ = (L₊ − L₋)/2ε, and the step goes along the same number as the probe.
        double slope = (record.Losses[2] - record.Losses[3]) / 0.2;
        double zeta = (up - 1) / 0.1 * (ratio ? 1 : length);
        Near.Equal(Math.Clamp(1 - (0.5 * slope * zeta), 0.8, 1.2), record.Coefficients[1], 1e-5);
    }

    [Fact]
    public void The_search_is_unbiased_where_nothing_is_cut_and_keeps_its_sign_where_it_is()
    {
        // L = Σ aₗ γₗ in terms of γ = ρ s; ∂L/∂γ = a. One iteration moves ρ by −α ψ ζ, whose mean is −α a.
        using var space = new TestSpace([1, 1], [1, 1], [1, 1]);
        double[] a = [1, -0.5, 0.25];
        foreach (double s in new[] { 50.0, 0.05 })
        {
            double[] lengths = [s, s, s];
            const int samples = 20_000;
            double[] mean = new double[3];
            double[] square = new double[3];
            for (int step = 1; step <= samples; step++)
            {
                double[] ratios = new RatioSearch(4, 0.1, 1e-3, 0.2, 1, false).Find(
                    step, space.Parameters.All, lengths, (c, _) => [.. c.Select(r => r.Select((v, l) => a[l] * v * s).Sum())]);
                for (int l = 0; l < 3; l++)
                {
                    double g = (1 - ratios[l]) / 1e-3;
                    mean[l] += g / samples;
                    square[l] += g * g / samples;
                }
            }

            for (int l = 0; l < 3; l++)
            {
                double error = Math.Sqrt((square[l] - (mean[l] * mean[l])) / samples);

                // Cut at ±2s = ±0.1, E[ζ²] is about 0.0091.
                double shrink = s > 1 ? 1 : CutSquare(0.1);
                Near.Equal(shrink * a[l], mean[l], 5 * error);
                Assert.True(5 * error < shrink * Math.Abs(a[l]), "The test sees nothing.");
            }
        }

        // E[min(|ζ|, c)²].
        static double CutSquare(double c)
        {
            double sum = 0;
            for (double z = 0.00005; z < 8; z += 0.0001)
            {
                sum += 2 * 0.0001 * Math.Exp(-z * z / 2) / Math.Sqrt(2 * Math.PI) * Math.Min(z, c) * Math.Min(z, c);
            }

            return sum;
        }
    }

    [Fact]
    public void The_search_goes_to_the_ratio_that_is_best()
    {
        using var space = new TestSpace([1, 1], [1, 1]);
        double[] best = [0.9, 1.1];
        double[] ratios = new RatioSearch(4, 0.01, 0.05, 0.2, 400, true).Find(
            1, space.Parameters.All, [1, 1], (c, _) => [.. c.Select(r => r.Select((v, l) => Math.Pow(v - best[l], 2)).Sum())]);
        Near.Equal(0.9, ratios[0], 0.02);
        Near.Equal(1.1, ratios[1], 0.02);
        Assert.Equal([1, 1], new RatioSearch(4, 0.1, 2, 0.2, 3, false).Find(1, space.Parameters.All, [0, 0], (c, _) => [0.5, 0.5]));
    }

    [Fact]
    public void The_tensors_to_project_are_found_by_their_roles_or_names()
    {
        using var space = new TestSpace([2, 2]);
        Make(space, "source=true").Dispose();
        Make(space, "tensors=x+a").Dispose();
        Make(space, "tensors=role:norm+role:value").Dispose();
        Assert.Contains("'x_proj', which is", Refusal("tensors=x_proj"), StringComparison.Ordinal);
        Assert.Contains("'role:norm', which is not the role of a trained weight", Refusal("tensors=role:norm"), StringComparison.Ordinal);
        Assert.Contains("Opt tensors has 'role:v_proj', which is not a role", Refusal("tensors=role:v_proj"), StringComparison.Ordinal);

        string Refusal(string options) => Assert.Throws<InvalidInputException>(() => Make(space, options)).Message;
    }

    [Theory]
    [InlineData("opt-tiny", null, "", "q_proj.weight v_proj.weight")]
    [InlineData("opt-tiny", null, "source=true", "k_proj.weight v_proj.weight")]
    [InlineData("llama-gqa", null, "", "q_proj.weight v_proj.weight")]
    [InlineData("roberta-tiny", null, "", "query.weight value.weight")]
    [InlineData("gpt2-tiny", null, "", "c_attn.weight")]
    [InlineData("gpt2-tiny", null, "source=true", "c_attn.weight")]
    [InlineData("gpt2-tiny", null, "tensors=c_proj", "attn.c_proj.weight mlp.c_proj.weight")]
    [InlineData("gpt2-tiny", "lora", "", "c_attn.lora_A.weight c_attn.lora_B.weight")]
    [InlineData("roberta-tiny", "lora", "", "query.lora_A.weight query.lora_B.weight value.lora_A.weight value.lora_B.weight")]
    [InlineData("llama-gqa", "prefix", "", "values")]
    [InlineData("llama-gqa", "prefix", "source=true", "keys values")]
    [InlineData("llama-gqa", "prefix", "tensors=prefix", "keys values")]
    public void Of_every_family_the_tensors_of_the_paper_are_projected(string fixture, string? adapter, string options, string projected)
    {
        using var model = ModelLoader.Load(TestData.Path("fixtures", "forward", fixture));
        if (adapter is not null)
        {
            AdapterFactory.Attach(model, new AdapterOptions(adapter), backend: null);
        }

        using var optimizer = (DiZo)OptimizerCatalog.Find("dizo").Create(
            new OptimizerSettings(model.Parameters) { Options = MethodOptions.Parse(options) });
        string[] ends = projected.Split(' ');
        Assert.Equal(
            model.Parameters.Trained.Where(p => Array.Exists(ends, end => p.Name.EndsWith("." + end, StringComparison.Ordinal))),
            optimizer.Projected);
        Assert.Equal(ends.Length * model.Shape.Layers, optimizer.Projected.Count);
    }

    private static Optimizer Make(TestSpace space, string options) => OptimizerCatalog.Find("dizo").Create(Settings(space, options));

    private static OptimizerSettings Settings(TestSpace space, string options) => new(space.Parameters)
    {
        Seed = 6,
        Options = MethodOptions.Parse(options),
        OpenBase = space.OpenBase,
    };

    private static ILossOracle Quadratic(TestSpace space) => space.Oracle(x => x.Select((v, i) => Math.Pow(v - Math.Sin(i), 2)).Sum());

    private static void Step(Optimizer optimizer, long step, ILossOracle oracle, TestSpace space, double rate) =>
        optimizer.Apply(optimizer.Decide(step, oracle, rate), space.Backend);

    private static double[] Difference(float[] a, float[] b) => [.. a.Zip(b, (x, y) => (double)x - y)];

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
