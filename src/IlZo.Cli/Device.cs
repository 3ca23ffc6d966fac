using IlZo.Backends;
using IlZo.Backends.Cpu;
using IlZo.Cli.Gpu;

namespace IlZo.Cli;

/// <summary>What <c>--device</c> means.</summary>
internal static class Device
{
    /// <summary>Whether a name means the CPU on this machine.</summary>
    /// <param name="name">As for <see cref="Open"/>.</param>
    public static bool IsCpu(string? name) =>
        name is null or DeviceName.Auto ? GpuSupport.Find(out _).Count == 0 : DeviceName.CudaIndex(name) is null;

    /// <summary>Opens a device.</summary>
    /// <param name="name">Its name; for auto, or where there is none, the first GPU or else the CPU.</param>
    /// <param name="threads">Threads of the CPU, or null for all processors.</param>
    /// <param name="engine">What computes products on the CPU.</param>
    /// <exception cref="InvalidInputException">There is no such device.</exception>
    public static IBackend Open(string? name, int? threads, EngineChoice engine) =>
        GpuIndex(name) is { } index ? GpuSupport.Open(index) : new CpuBackend(threads, engine);

    /// <summary>The number of the GPU that a name stands for, or null for the CPU. Where auto finds no GPU a line says so.</summary>
    /// <exception cref="InvalidInputException">It is no name of a device.</exception>
    public static int? GpuIndex(string? name)
    {
        if (name is not null and not DeviceName.Auto)
        {
            return DeviceName.CudaIndex(name);
        }

        if (GpuSupport.Find(out string reason).Count > 0)
        {
            return 0;
        }

        if (name is not null)
        {
            Terminal.Say($"no GPU is used, for {reason}; running on the CPU.");
        }

        return null;
    }
}
