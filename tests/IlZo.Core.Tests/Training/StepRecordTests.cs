using IlZo.Optimizers;
using IlZo.Training;
using Xunit;

namespace IlZo.Core.Tests.Training;

public class StepRecordTests
{
    [Fact]
    public void Records_are_equal_when_their_bits_are()
    {
        static StepRecord Make(double loss) => new() { Step = 1, LearningRate = 2, Losses = [loss], Coefficients = [3] };

        Assert.Equal(Make(double.NaN), Make(double.NaN));
        Assert.Equal(Make(1).GetHashCode(), Make(1).GetHashCode());
        Assert.NotEqual(Make(0.0), Make(-0.0));
        Assert.NotEqual(Make(1), Make(1) with { Skipped = true });
        Assert.NotEqual(Make(1), Make(1) with { Step = 2 });
        Assert.NotEqual(Make(1), Make(1) with { LearningRate = 1 });
        Assert.NotEqual(Make(1), Make(1) with { Losses = [1, 3], Coefficients = [] });
    }
}
