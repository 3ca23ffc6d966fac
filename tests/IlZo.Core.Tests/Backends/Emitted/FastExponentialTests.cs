using System.Runtime.Intrinsics;
using IlZo.Backends.Cpu.Emitted;
using Xunit;

namespace IlZo.Core.Tests.Backends.Emitted;

public class FastExponentialTests
{
    [Fact]
    public void It_is_the_exponential_to_two_units_in_the_last_place()
    {
        double largest = 0;
        for (int i = 0; i <= 2_000_000; i++)
        {
            float x = i * (-87.3f / 2_000_000);
            double exact = Math.Exp(x);
            double error = Math.Abs(Of(x) - exact) / exact;
            Assert.False(double.IsNaN(error));
            largest = Math.Max(largest, error);
        }

        Near.Equal(0, largest, 2e-7);
    }

    [Fact]
    public void What_is_hidden_becomes_an_exact_zero()
    {
        Assert.Equal(1f, Of(0));
        Assert.Equal(1f, Of(-0f));
        foreach (float x in (float[])[-88, -100, -1000, -1e9f, float.MinValue, float.NegativeInfinity])
        {
            Assert.Equal(0u, BitConverter.SingleToUInt32Bits(Of(x)));
        }
    }

    [Fact]
    public void What_is_not_a_number_stays_none()
    {
        Assert.True(float.IsNaN(Of(float.NaN)));
        Assert.True(float.IsNaN(Of(float.NegativeInfinity - float.NegativeInfinity)));
    }

    private static float Of(float x) => FastExponential.OfNonPositive(Vector512.Create(x))[3];
}
