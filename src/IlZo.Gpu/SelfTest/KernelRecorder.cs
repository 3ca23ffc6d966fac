using ILGPU;
using ILGPU.Runtime;
using ILGPU.Runtime.CPU;
using IlZo.Kernels;

namespace IlZo.Gpu.SelfTest;

/// <summary>
/// Notes which kernels some work launches, without launching them, so that a device's compiler can be given all of them at once. The
/// numbers that the work comes to mean nothing.
/// </summary>
internal sealed class KernelRecorder : IKernelLoader
{
    private const long Capacity = 1L << 40;

    private readonly Dictionary<Delegate, Action<IKernelLoader>> _loads = [];

    /// <summary>Loads each of the kernels that some work launches.</summary>
    /// <param name="products">What products are computed in.</param>
    /// <param name="work">The work.</param>
    public static IReadOnlyList<Action<IKernelLoader>> Record(ProductPrecision products, Action<GpuBackend> work)
    {
        using var context = Context.Create(b => b.EnableKernels().CPU(new CPUDevice(32, 8, 1)));
        using var accelerator = context.GetCPUDevice(0).CreateAccelerator(context);
        var recorder = new KernelRecorder();
        using var backend = new GpuBackend(accelerator, recorder, "recorder", Capacity, LaunchShape.Gpu, products, []);
        work(backend);
        return [.. recorder._loads.Values];
    }

    public Action<AcceleratorStream, KernelConfig, T> Load<T>(Action<T> kernel)
        where T : struct
    {
        _loads.TryAdd(kernel, loader => loader.Load(kernel));
        return (_, _, _) => { };
    }

    public Action<AcceleratorStream, KernelConfig, T1, T2> Load<T1, T2>(Action<T1, T2> kernel, KernelSpecialization limits)
        where T1 : struct
        where T2 : struct
    {
        _loads.TryAdd(kernel, loader => loader.Load(kernel, limits));
        return (_, _, _, _) => { };
    }
}
