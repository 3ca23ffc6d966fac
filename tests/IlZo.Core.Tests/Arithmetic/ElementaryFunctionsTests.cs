using IlZo.Arithmetic;
using Xunit;

namespace IlZo.Core.Tests.Arithmetic;

/// <summary>Against the C library's functions, which are within one unit in the last place themselves.</summary>
public class ElementaryFunctionsTests
{
    [Fact]
    public void Exp() => Compare(Math.Exp, ElementaryFunctions.Exp, i => (i - 500_000) * 0.0014161, 1.5);

    [Fact]
    public void Log() =>
        Compare(Math.Log, ElementaryFunctions.Log, i => Math.ScaleB(1 + ((i * 7919L % 1_000_000) / 1e6), (i % 2000) - 1000), 1.5);

    [Fact]
    public void Sin() => Compare(Math.Sin, ElementaryFunctions.Sin, i => (i - 500_000) * 1.9980731, 1.5);

    [Fact]
    public void Cos() => Compare(Math.Cos, ElementaryFunctions.Cos, i => (i - 500_000) * 1.9980731, 1.5);

    [Fact]
    public void Small_angles() => Compare(Math.Sin, ElementaryFunctions.Sin, i => (i + 1) * 1e-9, 1.5);

    [Fact]
    public void Pow()
    {
        foreach (double theta in (double[])[10_000, 500_000, 1e6, 1.5])
        {
            for (int i = 0; i < 128; i++)
            {
                Near.Equal(1, ElementaryFunctions.Pow(theta, -i / 128.0) / Math.Pow(theta, -i / 128.0), 1e-14);
            }
        }
    }

    [Fact]
    public void Ends_and_exact_values()
    {
        Assert.Equal(1.0, ElementaryFunctions.Exp(0));
        Assert.Equal(0.0, ElementaryFunctions.Exp(double.NegativeInfinity));
        Assert.Equal(double.Epsilon, ElementaryFunctions.Exp(-745));
        Assert.Equal(0.0, ElementaryFunctions.Exp(-746));
        Assert.Equal(double.PositiveInfinity, ElementaryFunctions.Exp(710));
        Assert.Equal(double.PositiveInfinity, ElementaryFunctions.Exp(double.PositiveInfinity));
        Assert.True(double.IsNaN(ElementaryFunctions.Exp(double.NaN)));
        Assert.Equal(0.0, ElementaryFunctions.Log(1));
        Assert.Equal(Math.Log(double.Epsilon), ElementaryFunctions.Log(double.Epsilon));
        Assert.Equal(double.NegativeInfinity, ElementaryFunctions.Log(0));
        Assert.Equal(double.PositiveInfinity, ElementaryFunctions.Log(double.PositiveInfinity));
        Assert.True(double.IsNaN(ElementaryFunctions.Log(-1)));
        Assert.True(double.IsNaN(ElementaryFunctions.Log(double.NegativeInfinity)));
        Assert.True(double.IsNaN(ElementaryFunctions.Log(double.NaN)));
        Assert.Equal(0.0, ElementaryFunctions.Sin(0));
        Assert.Equal(1.0, ElementaryFunctions.Cos(0));
        Assert.Equal(-1.0, ElementaryFunctions.Cos(Math.PI));
        Assert.True(double.IsNaN(ElementaryFunctions.Cos(double.PositiveInfinity)));
    }

    private static void Compare(Func<double, double> library, Func<double, double> own, Func<int, double> argument, double ulps)
    {
        double largest = 0;
        for (int i = 0; i < 1_000_000; i++)
        {
            double x = argument(i);
            double error = Ulps.Between(own(x), library(x));
            Assert.False(double.IsNaN(error));
            largest = Math.Max(largest, error);
        }

        Assert.InRange(largest, 0, ulps);
    }
}
