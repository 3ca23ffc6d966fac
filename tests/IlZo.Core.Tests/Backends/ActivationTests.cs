using System.Runtime.Intrinsics;
using IlZo.Arithmetic.Vectors;
using Xunit;

namespace IlZo.Core.Tests.Backends;

/// <summary>Activation functions against their definitions in fp64.</summary>
public class ActivationTests
{
    [Fact]
    public void Silu_is_x_times_the_logistic_function() => Compare<Silu>(x => x / (1 + Math.Exp(-x)), 3);

    [Fact]
    public void Quick_gelu_is_x_times_the_logistic_function_of_a_multiple() =>
        Compare<QuickGelu>(x => x / (1 + Math.Exp(-(double)1.702f * x)), 30);

    [Fact]
    public void Gelu_is_x_times_the_normal_distribution() => Compare<Gelu>(x => 0.5 * x * ErrorFunction.Erfc(-x / Math.Sqrt(2)), 8);

    [Fact]
    public void Gelu_by_the_tangent_is_its_formula() =>
        Compare<GeluTanh>(x => x / (1 + Math.Exp(-2 * Math.Sqrt(2 / Math.PI) * (x + (0.044715 * x * x * x)))), 60);

    [Fact]
    public void Tanh_is_the_hyperbolic_tangent() => Compare<Tanh>(Math.Tanh, 4);

    [Fact]
    public void Relu_keeps_what_is_positive()
    {
        Compare<Relu>(x => Math.Max(x, 0), 0);
        Assert.Equal(float.PositiveInfinity, Of<Relu>(float.PositiveInfinity));
    }

    [Fact]
    public void Slopes_are_the_derivatives()
    {
        CompareSlope<Relu>(x => x > 0 ? 1 : 0, 0);
        CompareSlope<Silu>(x => SigmoidSlope(x, x, 1), 4);
        CompareSlope<QuickGelu>(x => SigmoidSlope(x, (double)1.702f * x, 1.702f), 4);
        CompareSlope<GeluTanh>(
            x => SigmoidSlope(
                x, 2 * Math.Sqrt(2 / Math.PI) * (x + (0.044715 * x * x * x)), 2 * Math.Sqrt(2 / Math.PI) * (1 + (3 * 0.044715 * x * x))),
            4);
        CompareSlope<Gelu>(
            x => (0.5 * ErrorFunction.Erfc(-x / Math.Sqrt(2))) + (x * Math.Exp(-0.5 * x * x) / Math.Sqrt(2 * Math.PI)), 4);
        CompareSlope<Tanh>(x => 1 / (Math.Cosh(x) * Math.Cosh(x)), 4);

        // Of x σ(a(x)).
        static double SigmoidSlope(double x, double a, double slope)
        {
            double share = 1 / (1 + Math.Exp(-a));
            return share + (x * slope * share / (1 + Math.Exp(a)));
        }
    }

    [Fact]
    public void Slopes_have_their_limits()
    {
        Limits<Relu>(1);
        Limits<Silu>(1);
        Limits<QuickGelu>(1);
        Limits<Gelu>(1);
        Limits<GeluTanh>(1);
        Limits<Tanh>(0);

        static void Limits<TFunction>(float right)
            where TFunction : struct, IActivation
        {
            foreach (float x in (float[])[100, 1e10f, float.PositiveInfinity])
            {
                Assert.Equal(right, SlopeOf<TFunction>(x));
                Assert.Equal(0f, SlopeOf<TFunction>(-x));
            }
        }
    }

    [Fact]
    public void Small_numbers_keep_their_digits()
    {
        foreach (float x in (float[])[1e-3f, 1e-10f, 1e-30f, -1e-3f, -1e-10f, -1e-30f])
        {
            Assert.InRange(Ulps.Between(Of<Tanh>(x), Math.Tanh(x)), 0, 2);
            Assert.InRange(Ulps.Between(Of<Silu>(x), x / (1 + Math.Exp(-x))), 0, 2);
            Assert.InRange(Ulps.Between(Of<Gelu>(x), 0.5 * x * ErrorFunction.Erfc(-x / Math.Sqrt(2))), 0, 2);
        }
    }

    [Fact]
    public void Infinite_and_large_numbers_have_their_limits()
    {
        Limits<Silu>();
        Limits<QuickGelu>();
        Limits<Gelu>();
        Limits<GeluTanh>();
        foreach (float x in (float[])[20, 1e10f, float.PositiveInfinity])
        {
            Assert.Equal(1f, Of<Tanh>(x));
            Assert.Equal(-1f, Of<Tanh>(-x));
        }

        static void Limits<TFunction>()
            where TFunction : struct, IActivation
        {
            foreach (float x in (float[])[100, 1e10f, float.PositiveInfinity])
            {
                Assert.Equal(x, Of<TFunction>(x));
                Assert.Equal(0f, Of<TFunction>(-x));
            }
        }
    }

    // The error is at most some units in the last place of the result, or of 1e-5 where it is smaller: there the exponent's own rounding
    // shows.
    private static void Compare<TFunction>(Func<double, double> exact, double ulps)
        where TFunction : struct, IActivation
    {
        double largest = 0;
        for (int i = -400_000; i <= 400_000; i++)
        {
            float x = i * (20f / 400_000);
            float actual = Of<TFunction>(x);
            double expected = exact(x);
            double error = Math.Abs(actual - expected) / Math.ScaleB(Math.Max(Math.Abs(expected), 1e-5), -23);
            Assert.False(double.IsNaN(error));
            largest = Math.Max(largest, error);
            if (i % 16 == 0)
            {
                Assert.Equal(actual, TFunction.Of<Vector128<float>, Simd128>(Vector128.Create(x))[3]);
                Assert.Equal(actual, TFunction.Of<Vector256<float>, Simd256>(Vector256.Create(x))[7]);
                Assert.Equal(actual, TFunction.Of<Vector512<float>, Simd512>(Vector512.Create(x))[15]);
            }
        }

        Assert.InRange(largest, 0, ulps);
        Assert.True(float.IsNaN(Of<TFunction>(float.NaN)));
        Assert.True(float.IsNaN(TFunction.Of<Vector512<float>, Simd512>(Vector512.Create(float.NaN))[0]));
    }

    // The error is at most some units in the last place of 1.
    private static void CompareSlope<TFunction>(Func<double, double> exact, double ulps)
        where TFunction : struct, IActivation
    {
        double largest = 0;
        for (int i = -400_000; i <= 400_000; i++)
        {
            float x = i * (20f / 400_000);
            float actual = SlopeOf<TFunction>(x);
            double error = Math.Abs(actual - exact(x)) / Math.ScaleB(1, -23);
            Assert.False(double.IsNaN(error));
            largest = Math.Max(largest, error);
            if (i % 16 == 0)
            {
                Assert.Equal(actual, TFunction.Slope<Vector128<float>, Simd128>(Vector128.Create(x))[3]);
                Assert.Equal(actual, TFunction.Slope<Vector256<float>, Simd256>(Vector256.Create(x))[7]);
                Assert.Equal(actual, TFunction.Slope<Vector512<float>, Simd512>(Vector512.Create(x))[15]);
            }
        }

        Assert.InRange(largest, 0, ulps);
    }

    private static float SlopeOf<TFunction>(float x)
        where TFunction : struct, IActivation => TFunction.Slope<float, Scalar>(x);

    private static float Of<TFunction>(float x)
        where TFunction : struct, IActivation => TFunction.Of<float, Scalar>(x);
}
