using IlZo.Backends;
using IlZo.Core.Tests.Models;
using IlZo.Noise;
using IlZo.Perturbations;
using IlZo.Tensors;
using Xunit;

namespace IlZo.Core.Tests.Backends;

/// <summary>What is equal for all probes is computed once, and that changes no bit.</summary>
public sealed class SharedActivationTests
{
    private static readonly int[] s_ids = [.. Enumerable.Range(0, 45).Select(i => (i * 7) % 50)];

    public static TheoryData<string, string> Choices
    {
        get
        {
            var data = new TheoryData<string, string>();
            foreach (string folder in new[]
            {
                "opt-tiny", "opt-tiny-fp16", "opt-350m-style", "llama-gqa", "llama-mha", "gpt2-tiny", "roberta-tiny", "gemma2-tiny",
                "phi3-tiny",
            })
            {
                foreach (string pattern in new[]
                {
                    "*", "*.1.*", "*.1.*[nN]orm*,*h.1.ln_*", "*embed*,*wte*", "*.0.*[kv]_proj.weight,*.0.*value*,*.0.*c_attn.bias",
                    "*.1.*q_proj*,*.1.*query*,*.1.*c_attn*,*.1.*qkv_proj*", "*orm.weight,*orm.bias,*ln_2*",
                    "*.1.*down*,*.1.*fc2*,*.1.output.dense*,*.1.mlp.c_proj*",
                })
                {
                    data.Add(folder, pattern);
                }
            }

            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Choices))]
    public void Freezing_equals_perturbing_by_zero_bit_for_bit(string folder, string pattern)
    {
        using var fixture = new ForwardFixture(folder);
        string[] trained = [.. Chosen(fixture, pattern)];
        var z = new GaussianDirection(new NoiseKey(11, NoiseStream.Direction, 1, 0));
        var masked = new Masked(z, trained);
        foreach (var probes in new[] { new[] { (1, 1e-2), (1, -1e-2) }, [(0, 0), (1, 1e-2)] })
        {
            double[][] expected = fixture.LogProbabilities(
                s_ids, [.. probes.Select(p => new Probe(p.Item1 == 0 ? null : masked, p.Item2))]);
            long all = Products(fixture);
            fixture.Model.Parameters.Train(p => trained.Contains(p.Name));
            double[][] actual = fixture.LogProbabilities(s_ids, [.. probes.Select(p => new Probe(p.Item1 == 0 ? null : z, p.Item2))]);
            Assert.Equal(expected, actual);
            Assert.NotEqual(actual[0], actual[1]);
            Assert.InRange(Products(fixture), 1, all);
            fixture.Model.Parameters.Train(_ => true);
        }
    }

    [Theory]
    [InlineData("*", 3, 0)]
    [InlineData("*layers.0.*", 3, 0)]
    [InlineData("*layers.1.*", 2, 0)]
    [InlineData("*layers.2.*", 1, 0)]
    [InlineData("*layers.1.fc2.weight", 1, 1)]
    [InlineData("*layers.2.fc2.bias", 0, 1)]
    [InlineData("*layers.2.fc?.weight", 0, 2)]
    public void Layers_below_the_first_perturbed_weight_are_computed_once(string pattern, int layersTwice, int halfMlpsTwice)
    {
        using var fixture = new ForwardFixture("opt-tiny");
        var shape = fixture.Model.Shape;
        double mlp = 2.0 * shape.Intermediate / ((4.0 * shape.Hidden) + (2 * shape.Intermediate));
        double expected = 1 + ((layersTwice + (halfMlpsTwice * mlp / 2)) / shape.Layers);
        string[] trained = [.. Chosen(fixture, pattern)];
        fixture.Model.Parameters.Train(p => trained.Contains(p.Name));
        long Layers(params Probe[] probes)
        {
            // Without outputs the head has no part.
            fixture.Backend.Profile.Reset();
            var pass = fixture.Backend.Begin(Batch(), probes);
            fixture.Model.Forward(pass);
            return fixture.Backend.Profile.Products;
        }

        long once = Layers(Probe.Unperturbed);
        var z = new GaussianDirection(new NoiseKey(1, NoiseStream.Direction, 1, 0));
        Near.Equal(expected, (double)Layers(Probe.Pair(z, 1e-3)) / once, 1e-12);
    }

    [Fact]
    public void A_pass_in_which_no_probe_perturbs_anything_costs_one_forward()
    {
        using var fixture = new ForwardFixture("opt-tiny");
        double[][] one = fixture.LogProbabilities(s_ids, Probe.Unperturbed);
        long once = Products(fixture);
        double[][] two = fixture.LogProbabilities(s_ids, Probe.Unperturbed, Probe.Unperturbed);
        Assert.Equal(once, Products(fixture));
        Assert.Equal(one[0], two[0]);
        Assert.Equal(one[0], two[1]);
    }

    private static TokenBatch Batch()
    {
        var builder = new TokenBatchBuilder();
        builder.AddText(s_ids);
        return builder.Build();
    }

    // Products since this was last asked.
    private static long Products(ForwardFixture fixture)
    {
        long products = fixture.Backend.Profile.Products;
        fixture.Backend.Profile.Reset();
        return products;
    }

    internal static IEnumerable<string> Chosen(ForwardFixture fixture, string patterns)
    {
        var set = fixture.Model.Parameters;
        foreach (string pattern in patterns.Split(','))
        {
            string[] found = [];
            try
            {
                NamePatterns.Choose(set, pattern, null);
                found = [.. set.Trained.Select(p => p.Name)];
            }
            catch (InvalidInputException)
            {
                // Families name their tensors differently; one of the patterns has to match.
            }

            set.Train(_ => true);
            foreach (string name in found)
            {
                yield return name;
            }
        }
    }

    // Zero outside some tensors, without saying so.
    internal sealed class Masked(Direction inner, string[] names) : Direction
    {
        public override void Fill(Parameter parameter, int row, int column, Span<float> destination)
        {
            if (names.Contains(parameter.Name))
            {
                inner.Fill(parameter, row, column, destination);
            }
            else
            {
                destination.Clear();
            }
        }
    }
}
