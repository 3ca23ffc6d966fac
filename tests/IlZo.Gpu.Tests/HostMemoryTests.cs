using IlZo.Gpu.SelfTest;

namespace IlZo.Gpu.Tests;

/// <summary>Copies take addresses of the host's memory, from which the garbage collector moves what is not held in place.</summary>
public class HostMemoryTests
{
    [Theory]
    [InlineData("noise and looked-up rows, float16")]
    [InlineData("attention to a cache")]
    [InlineData("update by adam")]
    public void Arrays_stay_where_they_are_while_they_are_copied(string name)
    {
        using var device = new TestDevice();
        device.Backend.Stream.BeforeCopy = () => GC.Collect(GC.MaxGeneration, GCCollectionMode.Forced, blocking: true, compacting: true);
        var result = KernelChecks.All.Single(c => c.Name == name).Run(device.Backend);
        Assert.True(result.Passed, $"{result.Difference:G3} is above {result.Allowed:G3}.");
    }
}
