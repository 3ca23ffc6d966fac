using System.Collections.Concurrent;
using System.Reflection;
using ILGPU;
using ILGPU.Backends;
using ILGPU.Backends.EntryPoints;
using ILGPU.Backends.PTX;
using ILGPU.Runtime;
using ILGPU.Runtime.Cuda;

namespace IlZo.Gpu;

/// <summary>Makes functions that launch kernels.</summary>
internal interface IKernelLoader
{
    Action<AcceleratorStream, KernelConfig, T> Load<T>(Action<T> kernel)
        where T : struct;

    /// <param name="kernel">The kernel.</param>
    /// <param name="limits">What registers must suffice for.</param>
    Action<AcceleratorStream, KernelConfig, T1, T2> Load<T1, T2>(Action<T1, T2> kernel, KernelSpecialization limits)
        where T1 : struct
        where T2 : struct;
}

/// <summary>Lets a device's own compiler make them, each once; from several threads at a time.</summary>
/// <param name="accelerator">The device.</param>
/// <param name="name">What the user calls it.</param>
internal sealed class AcceleratorLoader(Accelerator accelerator, string name) : IKernelLoader, IDisposable
{
    private readonly ConcurrentDictionary<MethodInfo, Delegate> _loaded = [];

    private readonly PtxCompiler? _compiler = accelerator is CudaAccelerator cuda
        ? new PtxCompiler(cuda.Architecture, cuda.InstructionSet)
        : null;

    public Action<AcceleratorStream, KernelConfig, T> Load<T>(Action<T> kernel)
        where T : struct => Load<Action<AcceleratorStream, KernelConfig, T>>(kernel.Method, KernelSpecialization.Empty);

    public Action<AcceleratorStream, KernelConfig, T1, T2> Load<T1, T2>(Action<T1, T2> kernel, KernelSpecialization limits)
        where T1 : struct
        where T2 : struct => Load<Action<AcceleratorStream, KernelConfig, T1, T2>>(kernel.Method, limits);

    public void Dispose() => _compiler?.Dispose();

    private TLoaded Load<TLoaded>(MethodInfo kernel, KernelSpecialization limits)
        where TLoaded : Delegate =>
        (TLoaded)_loaded.GetOrAdd(kernel, _ => Compile(kernel, limits).CreateLauncherDelegate<TLoaded>());

    private Kernel Compile(MethodInfo kernel, KernelSpecialization limits)
    {
        PTXCompiledKernel? ptx = null;
        try
        {
            ptx = _compiler?.Compile(kernel, limits);
            return accelerator.LoadKernel(
                ptx ?? accelerator.CompileKernel(EntryPointDescription.FromExplicitlyGroupedKernel(kernel), limits));
        }
        catch (Exception e) when (DeviceFaults.IsOne(e))
        {
            throw DeviceFaults.Refused(name, kernel, e, ptx is null ? null : DriverLog.Of(ptx.PTXAssembly));
        }
    }
}
