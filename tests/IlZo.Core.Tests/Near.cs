using Xunit;

namespace IlZo.Core.Tests;

/// <summary>Comparisons that a NaN fails.</summary>
public static class Near
{
    public static void Equal(double expected, double actual, double tolerance) =>
        Assert.True(Math.Abs(expected - actual) <= tolerance, $"{actual:R} is not within {tolerance:G3} of {expected:R}.");

    public static void Equal(ReadOnlySpan<float> expected, ReadOnlySpan<float> actual, double tolerance)
    {
        Assert.Equal(expected.Length, actual.Length);
        for (int i = 0; i < expected.Length; i++)
        {
            if (!(Math.Abs((double)expected[i] - actual[i]) <= tolerance))
            {
                Assert.Fail($"Element {i}: {actual[i]:R} is not within {tolerance:G3} of {expected[i]:R}.");
            }
        }
    }
}
