using Xunit;

namespace IlZo.Core.Tests.Backends;

public class ErrorFunctionTests
{
    // Abramowitz and Stegun, table 7.1, and erfc(3), erfc(5) to the digits of the literature.
    [Theory]
    [InlineData(0, 1)]
    [InlineData(0.5, 0.4795001221869535)]
    [InlineData(1, 0.15729920705028513)]
    [InlineData(2, 0.004677734981047266)]
    [InlineData(2.5, 0.00040695201744495894)]
    [InlineData(3, 2.209049699858544e-05)]
    [InlineData(5, 1.5374597944280349e-12)]
    [InlineData(-1, 1.8427007929497148)]
    public void It_has_the_tabulated_values(double x, double expected) =>
        Near.Equal(expected, ErrorFunction.Erfc(x), 1e-13 * Math.Max(expected, 1e-2));
}
