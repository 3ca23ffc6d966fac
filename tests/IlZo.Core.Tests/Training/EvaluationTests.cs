using IlZo.Tasks;
using Xunit;

namespace IlZo.Core.Tests.Training;

public sealed class EvaluationTests
{
    // Published values: Newcombe 1998, Statistics in Medicine 17, table I, method 3.
    [Theory]
    [InlineData(81, 263, 0.2553, 0.3662)]
    [InlineData(15, 148, 0.0624, 0.1605)]
    [InlineData(0, 20, 0.0, 0.1611)]
    [InlineData(1, 29, 0.0061, 0.1718)]
    public void The_interval_of_an_accuracy_is_Wilsons(int correct, int total, double low, double high)
    {
        var interval = Scoring.WilsonInterval(correct, total);
        Assert.Equal(low, interval.Low, 5e-5);
        Assert.Equal(high, interval.High, 5e-5);
    }
}
