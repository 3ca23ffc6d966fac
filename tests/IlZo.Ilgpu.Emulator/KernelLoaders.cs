using IlZo.Ptx;

namespace ILGPU.Runtime;

/// <summary>What registers must suffice for, which the emulator need not know.</summary>
public readonly record struct KernelSpecialization(int? MaxNumThreadsPerGroup, int? MinNumGroupsPerMultiprocessor)
{
    public static KernelSpecialization Empty => default;
}

/// <summary>Makes functions that launch kernels.</summary>
public static class KernelLoaders
{
    public static Action<AcceleratorStream, KernelConfig, T1> LoadKernel<T1>(this Accelerator accelerator, Action<T1> action)
        where T1 : struct => (_, config, a) => Launch(accelerator, config, () => action(a));

    public static Action<AcceleratorStream, KernelConfig, T1, T2> LoadKernel<T1, T2>(
        this Accelerator accelerator, Action<T1, T2> action, KernelSpecialization _)
        where T1 : struct
        where T2 : struct => accelerator.LoadKernel(action);

    public static Action<AcceleratorStream, KernelConfig, T1, T2> LoadKernel<T1, T2>(this Accelerator accelerator, Action<T1, T2> action)
        where T1 : struct
        where T2 : struct => (_, config, a, b) => Launch(accelerator, config, () => action(a, b));

    private static void Launch(Accelerator accelerator, KernelConfig config, Action kernel)
    {
        var grid = config.GridDim;
        if (grid.X < 1 || grid.Y is < 1 or > 65535 || grid.Z is < 1 or > 65535)
        {
            throw new KernelException($"A grid of {grid.X} x {grid.Y} x {grid.Z} groups cannot be launched.");
        }

        if (config.GroupDim.X < 1 || config.GroupDim.X > accelerator.Device.MaxNumThreadsPerGroup || config.GroupDim is not { Y: 1, Z: 1 })
        {
            throw new KernelException($"A group of {config.GroupDim.X} threads cannot be launched.");
        }

        int bytes = config.SharedMemoryConfig.ArraySize;
        if (bytes > accelerator.Device.MaxSharedMemoryPerGroup)
        {
            throw new KernelException($"{bytes} bytes of shared memory were asked for; a group has {accelerator.Device.MaxSharedMemoryPerGroup}.");
        }

        var memory = accelerator.GroupMemory;
        memory.SetSharedEnd(PtxMemory.Base + (uint)bytes);
        new GroupExecution(config, memory).Run(kernel);
    }
}
