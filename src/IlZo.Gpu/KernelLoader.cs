using ILGPU;
using ILGPU.Runtime;

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

/// <summary>Lets a device's own compiler make them.</summary>
internal sealed class AcceleratorLoader(Accelerator accelerator) : IKernelLoader
{
    public Action<AcceleratorStream, KernelConfig, T> Load<T>(Action<T> kernel)
        where T : struct => accelerator.LoadKernel(kernel);

    public Action<AcceleratorStream, KernelConfig, T1, T2> Load<T1, T2>(Action<T1, T2> kernel, KernelSpecialization limits)
        where T1 : struct
        where T2 : struct => accelerator.LoadKernel(kernel, limits);
}
