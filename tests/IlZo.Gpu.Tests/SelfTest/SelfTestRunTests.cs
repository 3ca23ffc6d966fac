using IlZo.Backends;
using IlZo.Gpu.SelfTest;
using IlZo.Kernels;
using ILGPU;
using ILGPU.Runtime;

namespace IlZo.Gpu.Tests.SelfTest;

/// <summary>How a self-test goes on, what it computes twice, and which kernels it compiles before.</summary>
public class SelfTestRunTests
{
    [Fact]
    public void A_self_test_goes_on_after_a_kernel_that_the_device_refuses()
    {
        using var device = new TestDevice(TestDevice.Single, 1L << 30, new RefusingLoader(nameof(Attention)));
        using var suite = SelfTestSuite.ForSimulation();
        var results = suite.Run(device.Backend).ToList();
        Assert.Equal(suite.Checks.Select(c => c.Name), results.Select(r => r.Name));
        Assert.All(results, r => Assert.Equal(!NeedsAttention(r.Name), r.Passed));
        Assert.All(results.Where(r => !r.Passed), r => Assert.Equal("test:0 refuses the kernel Attention.Run: it is not for it.", r.Error));

        static bool NeedsAttention(string name) =>
            name.Contains("attention", StringComparison.Ordinal) || name.Contains("-tiny", StringComparison.Ordinal);
    }

    [Fact]
    public void Numbers_that_are_right_but_not_the_same_again_fail()
    {
        int calls = 0;
        var check = SelfTestCheck.Compare("numbers", 0.5, backend => [[backend is GpuBackend && calls++ == 1 ? 1.25 : 1]]);
        using var device = new TestDevice();
        var twice = check.Run(device.Backend, twice: true);
        Assert.Equal((0, false, false), (twice.Difference, twice.Repeats, twice.Passed));
        Assert.True(check.Run(device.Backend).Passed);
        Assert.False(SelfTestCheck.Compare(
            "no numbers", 0.5, backend => [[backend is GpuBackend ? double.NaN : 1]]).Run(device.Backend, twice: true).Passed);
    }

    [Theory]
    [InlineData("rotations and attention, float16")]
    [InlineData("update by adam")]
    [InlineData("logits and losses, bfloat16")]
    public void The_kernels_of_a_check_are_known_before_it_runs(string name)
    {
        var check = KernelChecks.All.Single(c => c.Name == name);
        var prepared = new PreparedLoader();
        var kernels = KernelRecorder.Record(ProductPrecision.Fp32, recorder => check.Rehearse(recorder));
        Assert.NotEmpty(kernels);
        using var device = new TestDevice(TestDevice.Single, 1L << 30, prepared);
        prepared.Inner = new AcceleratorLoader(device.Accelerator, "test:0");
        device.Backend.Prepare(kernels);
        prepared.IsComplete = true;
        Assert.True(check.Run(device.Backend).Passed);
    }

    private sealed class RefusingLoader(string kernel) : IKernelLoader
    {
        private AcceleratorLoader? _inner;

        public Action<AcceleratorStream, KernelConfig, T> Load<T>(Action<T> loaded)
            where T : struct => loaded.Method.DeclaringType!.Name == kernel
            ? throw DeviceFaults.Refused("test:0", loaded.Method, new NotSupportedException("it is not for it"), null)
            : Launch(loaded);

        public Action<AcceleratorStream, KernelConfig, T1, T2> Load<T1, T2>(Action<T1, T2> loaded, KernelSpecialization limits)
            where T1 : struct
            where T2 : struct => (stream, config, first, second) => Inner(stream).Load(loaded, limits)(stream, config, first, second);

        private Action<AcceleratorStream, KernelConfig, T> Launch<T>(Action<T> loaded)
            where T : struct => (stream, config, argument) => Inner(stream).Load(loaded)(stream, config, argument);

        private AcceleratorLoader Inner(AcceleratorStream stream) => _inner ??= new AcceleratorLoader(stream.Accelerator, "test:0");
    }

    private sealed class PreparedLoader : IKernelLoader
    {
        private readonly HashSet<Delegate> _kernels = [];

        public AcceleratorLoader? Inner { get; set; }

        public bool IsComplete { get; set; }

        public Action<AcceleratorStream, KernelConfig, T> Load<T>(Action<T> kernel)
            where T : struct
        {
            Note(kernel);
            return Inner!.Load(kernel);
        }

        public Action<AcceleratorStream, KernelConfig, T1, T2> Load<T1, T2>(Action<T1, T2> kernel, KernelSpecialization limits)
            where T1 : struct
            where T2 : struct
        {
            Note(kernel);
            return Inner!.Load(kernel, limits);
        }

        private void Note(Delegate kernel)
        {
            lock (_kernels)
            {
                Assert.True(_kernels.Add(kernel) != IsComplete, KernelName.Of(kernel.Method));
            }
        }
    }
}
