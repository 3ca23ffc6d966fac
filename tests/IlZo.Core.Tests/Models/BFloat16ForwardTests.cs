using IlZo.Backends.Cpu;
using IlZo.Backends.Cpu.Emitted;
using IlZo.Noise;
using IlZo.Perturbations;
using Xunit;

namespace IlZo.Core.Tests.Models;

/// <summary>Forward passes with products in bfloat16, by the kernels' twins in C#, which every machine has.</summary>
public class BFloat16ForwardTests
{
    [Theory]
    [MemberData(nameof(ForwardFixtureTests.All), MemberType = typeof(ForwardFixtureTests))]
    public void Logits_in_bf16x3_equal_the_reference_to_a_thousandth(string folder)
    {
        using var kernel = PanelFunction.Reference(TileKernel.Create(split: true));
        Near.Equal(0, LargestError(folder, kernel), 1e-3);
    }

    [Theory]
    [InlineData("opt-tiny-fp16")]
    [InlineData("llama-gqa-fp16")]
    public void Logits_in_bf16_differ_from_the_reference_by_what_eight_bits_make(string folder)
    {
        using var kernel = PanelFunction.Reference(TileKernel.Create(split: false));
        Assert.InRange(LargestError(folder, kernel), 1e-3, 0.2);
    }

    [Fact]
    public void Projected_gradients_in_bf16x3_are_those_of_fp32_to_a_thousandth()
    {
        using var kernel = PanelFunction.Reference(TileKernel.Create(split: true));
        using var managed = new ForwardFixture("llama-gqa");
        using var split = new ForwardFixture("llama-gqa", Backend(kernel));
        double error = 0;
        double size = 0;
        for (uint query = 0; query < 8; query++)
        {
            double expected = ProjectedGradient(managed, query);
            error += Math.Pow(ProjectedGradient(split, query) - expected, 2);
            size += expected * expected;
        }

        Near.Equal(0, Math.Sqrt(error / size), 1e-3);
    }

    private static double LargestError(string folder, PanelFunction kernel)
    {
        using var fixture = new ForwardFixture(folder, Backend(kernel));
        int vocabulary = fixture.Model.Shape.Vocabulary;
        double largest = 0;
        foreach (var input in fixture.Inputs)
        {
            float[] expected = fixture.Expected(input.Name + ".logits");
            float[] actual = fixture.Logits(ForwardFixture.Batch(input.Ids));
            for (int i = 0; i < actual.Length; i++)
            {
                double error = Math.Abs((double)expected[(input.Slots[i / vocabulary] * vocabulary) + (i % vocabulary)] - actual[i]);
                Assert.False(double.IsNaN(error));
                largest = Math.Max(largest, error);
            }
        }

        return largest;
    }

    private static double ProjectedGradient(ForwardFixture fixture, uint query)
    {
        const double epsilon = 1e-3;
        var z = new GaussianDirection(new NoiseKey(5, NoiseStream.Direction, 0, query));
        double[][] logprobs = fixture.LogProbabilities(fixture.Inputs[0].Ids, Probe.Pair(z, epsilon));
        return (logprobs[1].Average() - logprobs[0].Average()) / (2 * epsilon);
    }

    private static CpuBackend Backend(PanelFunction kernel) => new(2, new BFloat16Products(kernel));
}
