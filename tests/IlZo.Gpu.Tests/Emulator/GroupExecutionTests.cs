using ILGPU;
using ILGPU.Runtime;

namespace IlZo.Gpu.Tests.Emulator;

/// <summary>What the emulator makes of right kernels, and of wrong ones.</summary>
public sealed class GroupExecutionTests : IDisposable
{
    private readonly TestDevice _device = new();

    public void Dispose() => _device.Dispose();

    [Fact]
    public void Threads_see_what_others_wrote_before_a_barrier() =>
        Assert.Equal([2, 1, 0, 5, 4, 3, 8, 7, 6], Run(Reverse, groups: 3, threads: 3));

    [Fact]
    public void A_missing_barrier_gives_wrong_results() =>
        Assert.NotEqual([2, 1, 0, 5, 4, 3, 8, 7, 6], Run(ReverseWithoutBarrier, groups: 3, threads: 3));

    [Fact]
    public void A_barrier_that_some_threads_do_not_reach_is_an_error() =>
        Assert.Contains("2 of 3 threads", Assert.Throws<KernelException>(() => Run(Diverge, groups: 1, threads: 3)).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void An_index_outside_of_a_view_is_an_error(int threads) =>
        Assert.Throws<KernelException>(() => Run(Overrun, groups: 1, threads));

    [Fact]
    public void Memory_holds_nothing_useful_at_first() => Assert.All(Run(ReadShared, groups: 2, threads: 1), v => Assert.True(float.IsNaN(v)));

    [Fact]
    public void Launches_that_a_device_would_refuse_are_errors()
    {
        Assert.Throws<KernelException>(() => Run(Reverse, groups: 0, threads: 1));
        Assert.Throws<KernelException>(() => Run(Reverse, groups: 1, threads: 513));
    }

    private static void Reverse(ArrayView<float> y)
    {
        var shared = SharedMemory.GetDynamic<float>();
        shared[Group.IdxX] = (Grid.IdxX * Group.DimX) + Group.IdxX;
        Group.Barrier();
        y[(Grid.IdxX * Group.DimX) + Group.IdxX] = shared[Group.DimX - 1 - Group.IdxX];
    }

    private static void ReverseWithoutBarrier(ArrayView<float> y)
    {
        var shared = SharedMemory.GetDynamic<float>();
        shared[Group.IdxX] = (Grid.IdxX * Group.DimX) + Group.IdxX;
        y[(Grid.IdxX * Group.DimX) + Group.IdxX] = shared[Group.DimX - 1 - Group.IdxX];
    }

    private static void Diverge(ArrayView<float> y)
    {
        if (Group.IdxX == 1)
        {
            Group.Barrier();
        }
    }

    private static void Overrun(ArrayView<float> y) => y[y.Length + Group.IdxX] = 1;

    private static void ReadShared(ArrayView<float> y) => y[Grid.IdxX] = SharedMemory.GetDynamic<float>()[Group.IdxX];

    private float[] Run(Action<ArrayView<float>> kernel, int groups, int threads)
    {
        using var buffer = _device.Accelerator.AllocateRaw(Math.Max(1, groups * threads), sizeof(float));
        var view = new ArrayView<float>(buffer, 0, groups * threads);
        var stream = _device.Accelerator.DefaultStream;
        var config = new KernelConfig(new Index3D(groups, 1, 1), new Index3D(threads, 1, 1), SharedMemoryConfig.RequestDynamic<float>(threads));
        _device.Accelerator.LoadKernel(kernel)(stream, config, view);
        float[] result = new float[view.Length];
        view.Read(stream, result);
        return result;
    }
}
