using System.Collections.Concurrent;
using System.Reflection;
using IlZo.Ptx;
using ILGPU;
using ILGPU.Runtime;

namespace IlZo.Gpu.Tests.Ptx;

/// <summary>Launches kernels by executing the PTX that ILGPU makes of them, on the memory of ILGPU's CPU device.</summary>
/// <param name="counts">Where it is counted what a kernel executes, or null; asked for each kernel by its name.</param>
internal sealed class PtxLoader(Func<string, PtxCounts?>? counts = null) : IKernelLoader
{
    /// <summary>Groups of two warps.</summary>
    public static readonly LaunchShape TwoWarps = new(64, 8, 8, 8);

    private static readonly ConcurrentDictionary<MethodInfo, Lazy<PtxKernel>> s_kernels = [];

    /// <summary>A device whose kernels are executed so.</summary>
    public static TestDevice Device(LaunchShape shape, ProductPrecision products = ProductPrecision.Fp32) =>
        new(shape, 1L << 30, new PtxLoader(), products);

    public Action<AcceleratorStream, KernelConfig, T> Load<T>(Action<T> kernel)
        where T : struct
    {
        var compiled = Compile(kernel, KernelSpecialization.Empty);
        return (_, config, argument) => Launch(kernel, compiled, config, new PtxArguments(argument));
    }

    public Action<AcceleratorStream, KernelConfig, T1, T2> Load<T1, T2>(Action<T1, T2> kernel, KernelSpecialization limits)
        where T1 : struct
        where T2 : struct
    {
        var compiled = Compile(kernel, limits);
        return (_, config, first, second) => Launch(kernel, compiled, config, new PtxArguments(first, second));
    }

    private static PtxKernel Compile(Delegate kernel, KernelSpecialization limits) =>
        s_kernels.GetOrAdd(kernel.Method, _ => new Lazy<PtxKernel>(() => PtxKernel.Load(PtxText.Of(kernel, limits).Text))).Value;

    private void Launch(Delegate source, PtxKernel kernel, KernelConfig config, PtxArguments arguments)
    {
        var grid = config.GridDim;
        var launch = new PtxLaunch((grid.X, grid.Y, grid.Z), config.GroupDim.X, config.SharedMemoryConfig.ArraySize);
        kernel.Launch(launch, new Views(arguments.Views), arguments.Bytes, counts?.Invoke(KernelName.Of(source.Method)));
    }

    private sealed unsafe class Views(IReadOnlyList<(ulong Start, ulong End)> views) : PtxGlobalMemory
    {
        public override byte* At(ulong address, int count)
        {
            foreach (var (start, end) in views)
            {
                if (address >= start && address + (ulong)count <= end)
                {
                    return (byte*)address;
                }
            }

            throw new PtxException($"{count} bytes at {address:X} are in no view that the kernel was given.");
        }
    }
}
