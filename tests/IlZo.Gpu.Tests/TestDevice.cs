using System.Collections.Concurrent;
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
    public static readonly LaunchShape Cooperative = new(4, 2, 2, 4);

    // Of tests that have ended, with the kernels that were compiled for them: to compile those takes longer than to run them.
    private static readonly ConcurrentBag<Simulation> s_idle = [];

    private readonly Simulation _simulation = s_idle.TryTake(out var idle) ? idle : new Simulation();

    public TestDevice(LaunchShape? shape = null, long capacity = 1L << 30, ProductPrecision products = ProductPrecision.Fp32)
        : this(shape ?? Single, capacity, null, products)
    {
    }

    internal TestDevice(LaunchShape shape, long capacity, IKernelLoader? loader, ProductPrecision products = ProductPrecision.Fp32) =>
        Backend = new GpuBackend(Accelerator, loader ?? _simulation.Loader, "test:0", capacity, shape, products, []);

    public Accelerator Accelerator => _simulation.Accelerator;

    internal GpuBackend Backend { get; }

    public void Dispose()
    {
        Backend.Dispose();
        _simulation.Forget();
        s_idle.Add(_simulation);
    }

    // As long as the process.
    private sealed class Simulation
    {
        private readonly Context _context = Context.Create(b => b.EnableKernels().CPU(new CPUDevice(32, 16, 1)));

        public Simulation()
        {
            Accelerator = _context.GetCPUDevice(0).CreateAccelerator(_context);
            Loader = new AcceleratorLoader(Accelerator, "test:0");
        }

        public Accelerator Accelerator { get; }

        public AcceleratorLoader Loader { get; }

        /// <summary>Keeps the kernels and lets go of what they were made from.</summary>
        public void Forget() => _context.ClearCache(ClearCacheMode.Everything);
    }
}
