using IlZo.Kernels;
using ILGPU;
using ILGPU.Runtime;
using ILGPU.Runtime.CPU;

namespace IlZo.Gpu.Tests;

/// <summary>A device without hardware: ILGPU's own, whose threads run on the processor.</summary>
public sealed class TestDevice : IDisposable
{
    /// <summary>Groups of one thread, which run fastest.</summary>
    public static readonly LaunchShape Single = new(1, 1, 1, 8);

    /// <summary>Groups whose threads have to wait for each other.</summary>
    public static readonly LaunchShape Cooperative = new(4, 2, 2, 3);

    private readonly Context _context = Context.Create(b => b.EnableKernels().CPU(new CPUDevice(32, 16, 1)));

    public TestDevice(LaunchShape? shape = null, long capacity = 1L << 30, ProductPrecision products = ProductPrecision.Fp32)
        : this(shape ?? Single, capacity, null, products)
    {
    }

    internal TestDevice(LaunchShape shape, long capacity, IKernelLoader? loader, ProductPrecision products = ProductPrecision.Fp32)
    {
        Accelerator = _context.GetCPUDevice(0).CreateAccelerator(_context);
        Backend = new GpuBackend(
            Accelerator, loader ?? new AcceleratorLoader(Accelerator, "test:0"), "test:0", capacity, shape, products, []);
    }

    public Accelerator Accelerator { get; }

    internal GpuBackend Backend { get; }

    public void Dispose()
    {
        Backend.Dispose();
        Accelerator.Dispose();
        _context.Dispose();
    }
}
