using IlZo.Benchmarks;
using IlZo.Core.Tests.Models;
using Xunit;

namespace IlZo.Core.Tests.Benchmarks;

/// <summary>Counts of a step in closed form; the constants are compared with what kernels execute where those are tested.</summary>
public class GpuStepCountTests
{
    private const double CyclesOfSecond = 132 * 1.83e9;

    [Theory]
    [InlineData(1, 128)]
    [InlineData(16, 16)]
    [InlineData(16, 128)]
    public void Products_attention_and_update_take_what_their_sizes_say(int batch, int length)
    {
        using var fixture = new ForwardFixture("opt-tiny");
        var shape = fixture.Model.Shape;
        var count = GpuStepCount.Of(fixture.Model, batch, length);
        double weights = shape.Layers * ((4.0 * shape.Hidden * shape.Hidden) + (2.0 * shape.Hidden * shape.Intermediate));
        double tokens = batch * length;
        double single = tokens > 256 ? (tokens * 384 / 256 / 1024) + (52 / 128.0) : 940.0 / 1024;
        double split = tokens > 128 ? (tokens * 768 / 256 / 1024) + (61 / 128.0) : 1940.0 / 2 / 1024;
        Near.Equal(weights * single / CyclesOfSecond, count.SingleSeconds, 1e-12);
        Near.Equal(weights * split / CyclesOfSecond, count.SplitSeconds, 1e-12);
        double multiplyAdds = 2.0 * 2 * batch * shape.Layers * shape.Hidden * length * (length + 32) / 2 / 32;
        Near.Equal(multiplyAdds * 3.9 / 4 / CyclesOfSecond, count.AttentionSeconds, 1e-12);
        Near.Equal(fixture.Model.Parameters.TrainedCount * 54 / 128.0 / CyclesOfSecond, count.UpdateSeconds, 1e-12);
    }
}
