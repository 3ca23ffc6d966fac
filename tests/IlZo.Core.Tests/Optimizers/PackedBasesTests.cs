using IlZo.Noise;
using IlZo.Optimizers;
using Xunit;

namespace IlZo.Core.Tests.Optimizers;

/// <summary>Vectors as whole numbers of a record, and numbers that are none.</summary>
public sealed class PackedBasesTests
{
    [Theory]
    [InlineData(1, 1)]
    [InlineData(1, 6)]
    [InlineData(1, 7)]
    [InlineData(3, 100)]
    [InlineData(5, 5)]
    public void What_is_read_is_what_was_packed_within_the_bound(int count, int length)
    {
        float[] vectors = Orthonormal(count, length);
        double[] numbers = PackedBases.Pack([(vectors, length)]);
        Assert.Equal(((count * length) + 5) / 6, numbers.Length);
        Assert.All(numbers, n => Assert.True(n >= 0 && n < 1L << 48 && n == Math.Floor(n)));
        float[] read = PackedBases.Unpack(numbers, [(count, length)], out int wrong)[0];
        Assert.Equal(-1, wrong);
        GramSchmidtTests.RequireOrthonormal(read, length);

        // The first vector alone is not moved by those before it: the sine of its angle is what the rounding leaves beside it.
        double dot = Enumerable.Range(0, length).Sum(i => (double)vectors[i] * read[i]);
        double sine = Math.Sqrt(Math.Max(0, 1 - (dot * dot)));
        Assert.InRange(sine, 0, (Math.Sqrt(length) / 254 * vectors[..length].Max(MathF.Abs)) + 1e-3);
        Assert.True(dot > 0);

        // What was read is made of the bytes alone.
        Assert.Equal(read, PackedBases.Unpack([.. numbers], [(count, length)], out _)[0]);
    }

    // By hand: 127 · (1, −1, ½, 0, …) are the bytes 254, 0, 127 + 64, 127, …, the lowest first.
    [Fact]
    public void A_number_has_six_bytes_of_which_the_lowest_is_the_first()
    {
        double[] numbers = PackedBases.Pack([([0.5f, -0.5f, 0.25f, 0, 0, 0, 0.1f], 7)]);
        Assert.Equal([254 + (191 * 65536.0) + (127 * ((1 << 24) + (65536.0 * 65536) + (65536.0 * 65536 * 256))), 127 + 25], numbers);
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(0.5)]
    [InlineData(255)]
    [InlineData(281474976710656)]
    [InlineData(double.NaN)]
    [InlineData(double.PositiveInfinity)]
    [InlineData(16777216.0 * 65536)]
    public void Numbers_that_are_none_are_found(double number)
    {
        double[] numbers = PackedBases.Pack([(Orthonormal(1, 10), 10)]);
        PackedBases.Unpack([numbers[0], number], [(1, 10)], out int wrong);
        Assert.Equal(1, wrong);
    }

    private static float[] Orthonormal(int count, int length)
    {
        float[] vectors = new float[count * length];
        NoiseField.FillNormal(new NoiseKey(2, NoiseStream.Initialization, (uint)count, 0), length, 0, vectors);
        GramSchmidt.Orthonormalize(vectors, length);
        return vectors;
    }
}
