using System.Runtime.InteropServices;
using System.Text.Json;
using IlZo.Checkpoints;
using IlZo.Noise;
using IlZo.Perturbations;
using IlZo.Tensors;
using Xunit;

namespace IlZo.Core.Tests.Models;

/// <summary>Losses at shifted weights: perturbing on read equals shifting the weights.</summary>
public class PerturbedLossTests
{
    private static readonly string[] s_firstLayer = ["layers.0.", "layer.0.", "h.0."];
    private static readonly string[] s_embedding = ["embed_tokens.weight", "word_embeddings.weight", "wte.weight"];

    [Theory]
    [MemberData(nameof(ForwardFixtureTests.All), MemberType = typeof(ForwardFixtureTests))]
    public void Losses_at_both_probes_equal_the_reference_at_shifted_weights(string folder)
    {
        using var fixture = new ForwardFixture(folder);
        using var json = JsonDocument.Parse(File.ReadAllText(Path.Combine(fixture.Folder, "directional.json")));
        foreach (var direction in json.RootElement.GetProperty("directions").EnumerateObject())
        {
            var sign = Direction(direction.Name);
            foreach (var evaluation in direction.Value.GetProperty("evaluations").EnumerateArray())
            {
                double epsilon = evaluation.GetProperty("eps").GetDouble();
                double[][] logprobs = fixture.LogProbabilities(
                    fixture.Inputs[0], Probe.Pair(sign, epsilon), Probe.Unperturbed);
                Near.Equal(evaluation.GetProperty("loss_plus").GetDouble(), -logprobs[0].Average(), 5e-6);
                Near.Equal(evaluation.GetProperty("loss_minus").GetDouble(), -logprobs[1].Average(), 5e-6);
                Near.Equal(json.RootElement.GetProperty("loss").GetDouble(), -logprobs[2].Average(), 5e-6);
            }
        }
    }

    [Fact]
    public void The_projected_gradient_is_the_derivative_along_the_direction()
    {
        // Small enough for the third derivative not to show, large enough for the rounding of fp32 losses not to.
        const double epsilon = 2e-4;
        using var fixture = new ForwardFixture("llama-gqa");
        using var gradient = SafetensorsFile.Open(Path.Combine(fixture.Folder, "gradient.safetensors"));
        double worst = 0;
        double largest = 0;
        for (uint query = 0; query < 8; query++)
        {
            var z = new GaussianDirection(new NoiseKey(5, NoiseStream.Direction, 0, query));
            double[][] logprobs = fixture.LogProbabilities(fixture.Inputs[0].Ids, Probe.Pair(z, epsilon));
            double projected = (logprobs[1].Average() - logprobs[0].Average()) / (2 * epsilon);
            double exact = fixture.Model.Parameters.All.Sum(p => Dot(p, z, gradient));
            worst = Math.Max(worst, Math.Abs(projected - exact));
            largest = Math.Max(largest, Math.Abs(exact));
        }

        Near.Equal(0, worst / largest, 0.02);
    }

    /// <summary>The fixtures' direction of a name.</summary>
    internal static Direction Direction(string name) => new HashSign(name switch
    {
        "all" => _ => true,
        "layer0" => tensor => s_firstLayer.Any(part => tensor.Contains(part, StringComparison.Ordinal)),
        _ => tensor => s_embedding.Any(end => tensor.EndsWith(end, StringComparison.Ordinal)),
    });

    /// <summary>The product of a direction's elements of a tensor with a gradient's.</summary>
    internal static unsafe double Dot(Parameter parameter, Direction direction, SafetensorsFile gradient)
    {
        var entry = gradient.Tensors.Single(t => t.Name == parameter.Name);
        var g = MemoryMarshal.Cast<byte, float>(new ReadOnlySpan<byte>(entry.Data, (int)entry.ByteCount));
        float[] z = new float[parameter.Columns];
        double sum = 0;
        for (int row = 0; row < parameter.Rows; row++)
        {
            direction.Fill(parameter, row, 0, z);
            for (int column = 0; column < z.Length; column++)
            {
                sum += (double)z[column] * g[(row * z.Length) + column];
            }
        }

        return sum;
    }

    /// <summary>The fixtures' direction: +1 or −1 by a hash of the flat index, 0 outside the chosen tensors.</summary>
    private sealed class HashSign(Func<string, bool> covers) : Direction
    {
        public override void Fill(Parameter parameter, int row, int column, Span<float> destination)
        {
            bool covered = covers(parameter.Name);
            for (int i = 0; i < destination.Length; i++)
            {
                ulong index = ((ulong)row * (ulong)parameter.Columns) + (ulong)(column + i) + 1;
                destination[i] = !covered ? 0 : (uint)(index * 2654435761) >= 1u << 31 ? 1 : -1;
            }
        }
    }
}
