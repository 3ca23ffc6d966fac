using IlZo.Gpu.SelfTest;
using IlZo.Kernels;
using ILGPU;
using ILGPU.Runtime.CPU;

namespace IlZo.Gpu.Tests.Emulator;

/// <summary>Copies take addresses of the host's memory, from which the garbage collector moves what is not held in place.</summary>
public class HostMemoryTests
{
    [Theory]
    [InlineData("noise and looked-up rows, float16")]
    [InlineData("logits and losses, float16")]
    [InlineData("attention to a cache")]
    [InlineData("update by adam")]
    [InlineData("sums over directions of every kind, float16")]
    public void Arrays_stay_where_they_are_while_they_are_copied(string name)
    {
        using var context = Context.Create(b => b.EnableKernels().CPU(new CPUDevice(32, 8, 1)));
        using var accelerator = context.GetCPUDevice(0).CreateAccelerator(context);
        accelerator.DefaultStream.BeforeCopy = () => GC.Collect(GC.MaxGeneration, GCCollectionMode.Forced, blocking: true, compacting: true);
        using var backend = new GpuBackend(accelerator, "test:0", shape: TestDevice.Single);
        var result = KernelChecks.All.Single(c => c.Name == name).Run(backend);
        Assert.True(result.Passed, $"{result.Difference:G3} is above {result.Allowed:G3}.");
    }
}
