using IlZo.Noise;
using IlZo.Optimizers;
using Xunit;

namespace IlZo.Core.Tests.Optimizers;

public sealed class GramSchmidtTests
{
    [Theory]
    [InlineData(1, 1)]
    [InlineData(3, 3)]
    [InlineData(7, 20)]
    [InlineData(64, 301)]
    public void Vectors_become_orthonormal_and_span_what_they_did(int count, int length)
    {
        float[] before = Normal(count * length);
        float[] after = [.. before];
        GramSchmidt.Orthonormalize(after, length);
        RequireOrthonormal(after, length);
        for (int k = 0; k < count; k++)
        {
            // A vector is what the first k + 1 new ones have of it.
            double[] rest = [.. Vector(before, k, length).Select(v => (double)v)];
            for (int j = 0; j <= k; j++)
            {
                float[] q = Vector(after, j, length);
                double dot = rest.Zip(q, (a, b) => a * b).Sum();
                rest = [.. rest.Zip(q, (a, b) => a - (dot * b))];
            }

            Near.Equal(0, rest.Max(Math.Abs), 1e-5);
        }
    }

    [Fact]
    public void Nearly_parallel_vectors_become_orthonormal_too()
    {
        float[] vectors = [1, 1, 1, 1, 1, 1, 1, 1.0001f, 1, 1, 1.0001f, 1];
        GramSchmidt.Orthonormalize(vectors, 4);
        RequireOrthonormal(vectors, 4);
    }

    [Theory]
    [InlineData(new float[] { 1, 2, 3, 2, 4, 6, 0, 0, 0 })]
    [InlineData(new float[] { 0, 0, 0, 0, 0, 0, 0, 0, 0 })]
    [InlineData(new float[] { 1, 0, 0, 1, 0, 0, 0, 1, 0 })]
    public void Vectors_that_others_span_are_replaced(float[] vectors)
    {
        GramSchmidt.Orthonormalize(vectors, 3);
        RequireOrthonormal(vectors, 3);
    }

    /// <summary>Requires vectors to be orthonormal but for the rounding to fp32.</summary>
    internal static void RequireOrthonormal(float[] vectors, int length)
    {
        for (int i = 0; i < vectors.Length / length; i++)
        {
            for (int j = 0; j <= i; j++)
            {
                double dot = Vector(vectors, i, length).Zip(Vector(vectors, j, length), (a, b) => (double)a * b).Sum();
                Near.Equal(i == j ? 1 : 0, dot, 5e-7);
            }
        }
    }

    private static float[] Vector(float[] vectors, int k, int length) => vectors[(k * length)..((k + 1) * length)];

    private static float[] Normal(int count)
    {
        float[] numbers = new float[count];
        NoiseField.FillNormal(new NoiseKey(3, NoiseStream.Initialization, 0, 0), 0, 0, numbers);
        return numbers;
    }
}
