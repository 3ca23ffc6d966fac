using IlZo.Gguf;
using Xunit;

namespace IlZo.Core.Tests.Gguf;

/// <summary>Rounding of rows to the types of the format.</summary>
public sealed class GgufEncodingTests
{
    [Fact]
    public void A_block_has_the_largest_magnitude_over_127_as_its_scale_and_rounds_halves_away_from_zero()
    {
        float[] row = new float[32];
        (row[0], row[1], row[2], row[3], row[31]) = (-127, 0.5f, -0.5f, 2.49f, 63.5f);
        byte[] bytes = new byte[34];
        GgufEncoding.Encode(GgufType.Q8_0, row, bytes, "t");
        Assert.Equal((Half)1, BitConverter.ToHalf(bytes));
        Assert.Equal([-127, 1, -1, 2], bytes[2..6].Select(b => (int)(sbyte)b));
        Assert.Equal(64, bytes[33]);
    }

    [Fact]
    public void A_block_errs_by_half_a_unit_of_its_scale_at_most()
    {
        var random = new Random(1);
        float[] row = [.. Enumerable.Range(0, 320).Select(_ => (float)(random.NextDouble() - 0.5))];
        byte[] bytes = new byte[340];
        GgufEncoding.Encode(GgufType.Q8_0, row, bytes, "t");
        for (int i = 0; i < row.Length; i++)
        {
            double scale = (double)BitConverter.ToHalf(bytes, i / 32 * 34);
            double value = scale * (sbyte)bytes[(i / 32 * 34) + 2 + (i % 32)];

            // The scale itself is rounded to 11 bits, of which up to 127 are taken.
            Near.Equal(row[i], value, scale * (0.5 + (127 / 4096.0) + 1e-3));
        }
    }

    [Fact]
    public void A_block_of_zeros_is_zeros()
    {
        byte[] bytes = [.. Enumerable.Repeat((byte)7, 34)];
        GgufEncoding.Encode(GgufType.Q8_0, new float[32], bytes, "t");
        Assert.All(bytes, b => Assert.Equal(0, b));
    }

    [Theory]
    [InlineData(GgufType.F16, 65519f, null)]
    [InlineData(GgufType.F16, 65520f, "The tensor 't' has the number 65520; numbers up to 65504 were expected for f16.")]
    [InlineData(GgufType.F16, -1e30f, "The tensor 't' has the number -1E+30; numbers up to 65504 were expected for f16.")]
    [InlineData(GgufType.Q8_0, 1e6f, null)]
    [InlineData(GgufType.Q8_0, 1e30f, "The tensor 't' has the number 1E+30; numbers up to 8319008 were expected for q8_0.")]
    [InlineData(GgufType.F16, float.NaN, "The tensor 't' has the number NaN; numbers up to 65504 were expected for f16.")]
    [InlineData(GgufType.Q8_0, float.NaN, "The tensor 't' has the number NaN; numbers up to 8319008 were expected for q8_0.")]
    public void Numbers_outside_the_range_are_refused_by_the_name_of_the_tensor(GgufType type, float number, string? message)
    {
        float[] row = new float[32];
        row[5] = number;
        byte[] bytes = new byte[64];
        var error = Record.Exception(() => GgufEncoding.Encode(type, row, bytes, "t"));
        Assert.Equal(message, error?.Message);
    }
}
