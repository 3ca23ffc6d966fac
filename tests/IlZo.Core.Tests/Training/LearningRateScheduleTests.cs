using IlZo.Training;
using Xunit;

namespace IlZo.Core.Tests.Training;

public sealed class LearningRateScheduleTests
{
    [Theory]
    [InlineData(ScheduleShape.Constant, 0, new[] { 2.0, 2, 2, 2 })]
    [InlineData(ScheduleShape.Constant, 2, new[] { 1.0, 2, 2, 2 })]
    [InlineData(ScheduleShape.Linear, 0, new[] { 2.0, 1.5, 1, 0.5 })]
    [InlineData(ScheduleShape.Linear, 2, new[] { 1.0, 2, 2, 1 })]
    [InlineData(ScheduleShape.Cosine, 0, new[] { 2.0, 1.7071067811865475, 1, 0.2928932188134525 })]
    public void Rates_are_those_of_the_shape(ScheduleShape shape, int warmup, double[] expected)
    {
        var schedule = new LearningRateSchedule(shape, 2, warmup, 4);
        for (int step = 1; step <= 4; step++)
        {
            Near.Equal(expected[step - 1], schedule.At(step), 1e-15);
        }
    }
}
