using System.Runtime.Intrinsics;
using IlZo.Arithmetic.Vectors;
using Xunit;

namespace IlZo.Core.Tests.Backends;

public class ExponentialTests
{
    [Fact]
    public void It_is_the_exponential_to_one_unit_in_the_last_place()
    {
        // Every 256th number from −87.3 up to −2⁻³⁰, and what is nearer to 0 has the result 1.
        double largest = 0;
        uint end = BitConverter.SingleToUInt32Bits(-87.3f);
        for (uint bits = BitConverter.SingleToUInt32Bits(-9.3132257e-10f); bits <= end; bits += 256)
        {
            float x = BitConverter.UInt32BitsToSingle(bits);
            double error = Ulps.Between(Scalar(x), Math.Exp(x));
            Assert.False(double.IsNaN(error));
            largest = Math.Max(largest, error);
        }

        Assert.InRange(largest, 0.5, 1);
    }

    [Fact]
    public void What_is_hidden_becomes_an_exact_zero()
    {
        Assert.Equal(1f, Scalar(0));
        Assert.Equal(1f, Scalar(-0f));
        Assert.Equal(1f, Scalar(-float.Epsilon));
        foreach (float x in (float[])[-88, -100, -1000, -1e9f, float.MinValue, float.NegativeInfinity])
        {
            Assert.Equal(0u, BitConverter.SingleToUInt32Bits(Scalar(x)));
        }
    }

    [Fact]
    public void What_is_not_a_number_stays_none()
    {
        // Whatever its payload is, which the shift into the exponent sees.
        foreach (uint bits in (uint[])[0x7FC00000, 0xFFC00000, 0x7FC000FF, 0xFFC00180, 0x7FFFFFFF, 0x7F800001])
        {
            Assert.True(float.IsNaN(Scalar(BitConverter.UInt32BitsToSingle(bits))));
        }
    }

    [Fact]
    public void Every_width_of_vectors_has_the_same_bits()
    {
        for (int i = 0; i < 100_000; i++)
        {
            float x = -90f * i / 100_000;
            float expected = Scalar(x);
            Assert.Equal(expected, Exponential<Vector128<float>, Simd128>.OfNonPositive(Vector128.Create(x))[3]);
            Assert.Equal(expected, Exponential<Vector256<float>, Simd256>.OfNonPositive(Vector256.Create(x))[7]);
            Assert.Equal(expected, Exponential<Vector512<float>, Simd512>.OfNonPositive(Vector512.Create(x))[15]);
        }
    }

    private static float Scalar(float x) => Exponential<float, Scalar>.OfNonPositive(x);
}
