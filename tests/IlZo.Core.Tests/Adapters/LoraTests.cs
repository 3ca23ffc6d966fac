using IlZo.Adapters;
using IlZo.Core.Tests.Models;
using IlZo.Models;
using IlZo.Noise;
using IlZo.Perturbations;
using IlZo.Tensors;
using Xunit;

namespace IlZo.Core.Tests.Adapters;

public sealed class LoraTests
{
    private static readonly int[] s_ids = [.. Enumerable.Range(0, 37).Select(i => (i * 11) % 50)];

    [Theory]
    [MemberData(nameof(ForwardFixtureTests.All), MemberType = typeof(ForwardFixtureTests))]
    public void At_the_start_logits_equal_the_base_models_exactly(string folder)
    {
        using var fixture = new ForwardFixture(folder);
        var batch = ForwardFixture.Batch(s_ids);
        float[] before = fixture.Logits(batch);
        AdapterFactory.Attach(fixture.Model, new AdapterOptions("lora") { Targets = "all-linear" }, null);
        Assert.Equal(before, fixture.Logits(batch));
    }

    // The rounding of the merged weights' type is all that may differ; the logits of these models are within ±3.
    [Theory]
    [InlineData("opt-tiny", 2e-5)]
    [InlineData("opt-350m-style", 2e-5)]
    [InlineData("llama-gqa", 2e-5)]
    [InlineData("gpt2-tiny", 2e-5)]
    [InlineData("roberta-tiny", 2e-5)]
    [InlineData("gemma2-tiny", 2e-5)]
    [InlineData("phi3-longrope", 2e-5)]
    [InlineData("opt-tiny-fp16", 5e-3)]
    [InlineData("llama-gqa-bf16", 5e-2)]
    public void Merged_weights_give_the_same_logits(string folder, double tolerance)
    {
        using var fixture = new ForwardFixture(folder);
        var batch = ForwardFixture.Batch(s_ids);
        float[] start = fixture.Logits(batch);
        var lora = Random(fixture, "all-linear");
        float[] unmerged = fixture.Logits(batch);
        lora.Merge();
        Near.Equal(unmerged, fixture.Logits(batch), tolerance);
        Assert.True(Distance(start, unmerged) > 4 * tolerance);
    }

    [Fact]
    public void The_product_is_scaled_by_alpha_over_the_rank_or_its_root()
    {
        using var fixture = new ForwardFixture("opt-tiny");
        var targets = TargetModules.QueriesAndValues(fixture.Model);
        Assert.Equal(["q_proj", "v_proj"], targets.Names);
        using var plain = new LoraAdapter(fixture.Model, targets, 8, 16);
        using var stabilized = new LoraAdapter(fixture.Model, targets, 4, 16, rankStabilized: true);
        Assert.Equal((2, 8), (plain.Scale, stabilized.Scale));
        Assert.Equal(2 * 2 * fixture.Model.Shape.Layers, plain.Parameters.Count);
        Assert.All(plain.Parameters, p => Assert.Equal(DType.F32, p.Type));
        Assert.Equal(2 * 16L * fixture.Model.Shape.Layers * fixture.Model.Shape.Hidden, plain.Parameters.Sum(p => p.Count));
    }

    [Fact]
    public void A_starts_uniform_and_B_at_zero_and_both_follow_from_the_seed()
    {
        float[][] first = Start(3);
        Assert.Equal(first, Start(3));
        float[][] other = Start(4);
        for (int i = 0; i < first.Length; i++)
        {
            if (i % 2 == 1)
            {
                Assert.All(first[i], v => Assert.Equal(0f, v));
                continue;
            }

            // [1024, in]: the mean of n uniform numbers has deviation b/√(3n), that of their squares b²√(4/45n).
            double n = first[i].Length;
            double bound = 1 / Math.Sqrt(n / 1024);
            Assert.All(first[i], v => Assert.InRange(v, -bound, bound));
            Near.Equal(0, first[i].Average(), 5 * bound / Math.Sqrt(3 * n));
            Near.Equal(bound * bound / 3, first[i].Average(v => (double)v * v), 5 * bound * bound * Math.Sqrt(4 / (45 * n)));
            Assert.True(first[i].Distinct().Count() > n / 4);
            Assert.NotEqual(first[i], other[i]);
            Assert.All(first[..i].Where((_, j) => j % 2 == 0), earlier => Assert.NotEqual(earlier, first[i]));
        }
    }

    [Theory]
    [InlineData("opt-tiny")]
    [InlineData("llama-gqa-bf16")]
    public void A_probe_sees_the_factors_shifted_and_the_base_as_it_is(string folder)
    {
        using var fixture = new ForwardFixture(folder);
        var lora = Random(fixture, "q_proj,v_proj");
        var z = new GaussianDirection(new NoiseKey(2, NoiseStream.Direction, 1, 0));
        double[][] probed = fixture.LogProbabilities(s_ids, Probe.Pair(z, 0.01));
        foreach (var p in lora.Parameters)
        {
            float[] noise = new float[p.Columns];
            for (int row = 0; row < p.Rows; row++)
            {
                z.Fill(p, row, 0, noise);
                var values = Adapter.Row(p, row);
                for (int i = 0; i < noise.Length; i++)
                {
                    values[i] = float.FusedMultiplyAdd(noise[i], 0.01f, values[i]);
                }
            }
        }

        Assert.Equal(fixture.LogProbabilities(s_ids, Probe.Unperturbed)[0], probed[0]);
        Assert.NotEqual(probed[0], probed[1]);
    }

    [Fact]
    public void Numbers_of_the_base_tensors_and_the_choice_of_trained_ones_are_as_documented()
    {
        using var fixture = new ForwardFixture("opt-tiny");
        var set = fixture.Model.Parameters;
        string[] names = [.. set.All.Select(p => p.Name)];
        AdapterFactory.Attach(fixture.Model, new AdapterOptions("lora"), null);
        Assert.Equal(names, set.All.Take(names.Length).Select(p => p.Name));
        Assert.Equal(Enumerable.Range(0, set.All.Count), set.All.Select(p => p.Id));
        Assert.Equal(
            fixture.Model.Adapter!.Parameters.Order(Comparer<Parameter>.Create((a, b) => string.CompareOrdinal(a.Name, b.Name))),
            set.Trained);
        Assert.Equal("model.decoder.layers.0.self_attn.q_proj.lora_A.weight", set.Trained[0].Name);
    }

    [Theory]
    [InlineData("q_proj,w_proj", "'w_proj', which is the name of no linear layer; one of fc1, fc2, k_proj")]
    [InlineData("", "Targets has ''")]
    [InlineData("proj", "'proj'")]
    public void A_target_that_is_no_layer_is_refused(string targets, string message)
    {
        using var fixture = new ForwardFixture("opt-tiny");
        var error = Assert.Throws<InvalidInputException>(
            () => AdapterFactory.Attach(fixture.Model, new AdapterOptions("lora") { Targets = targets }, null));
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
    }

    private static float[][] Start(uint seed)
    {
        using var fixture = new ForwardFixture("opt-tiny");
        AdapterFactory.Attach(fixture.Model, new AdapterOptions("lora") { Seed = seed, Rank = 1024 }, null);
        return [.. fixture.Model.Adapter!.Parameters.Select(p => Adapter.Values(p).ToArray())];
    }

    private static LoraAdapter Random(ForwardFixture fixture, string targets)
    {
        AdapterFactory.Attach(fixture.Model, new AdapterOptions("lora") { Targets = targets, Alpha = 3 }, null);
        var normal = new GaussianDirection(new NoiseKey(7, NoiseStream.Direction, 1, 0));
        foreach (var p in fixture.Model.Adapter!.Parameters)
        {
            for (int row = 0; row < p.Rows; row++)
            {
                normal.Fill(p, row, 0, Adapter.Row(p, row));
                System.Numerics.Tensors.TensorPrimitives.Multiply(Adapter.Row(p, row), 0.1f, Adapter.Row(p, row));
            }
        }

        return (LoraAdapter)fixture.Model.Adapter;
    }

    private static double Distance(float[] a, float[] b) => a.Zip(b, (x, y) => Math.Abs((double)x - y)).Max();
}
