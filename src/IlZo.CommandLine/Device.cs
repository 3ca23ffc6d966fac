using IlZo.Backends;
using IlZo.Backends.Cpu;
using IlZo.Cli.Gpu;

namespace IlZo.Cli;

/// <summary>What <c>--device</c> means.</summary>
internal static class Device
{
    /// <summary>The kind of device that a name means on this machine.</summary>
    /// <param name="name">As for <see cref="Open"/>.</param>
    public static DeviceKind KindOf(string? name) =>
        DeviceName.KindOf(name) ?? (GpuSupport.Find(out _).Count > 0 ? DeviceKind.Cuda : DeviceKind.Cpu);

    /// <summary>Opens a device. Where the CPU has not what is asked for, and C# kernels compute instead, a line says so.</summary>
    /// <param name="name">Its name; for auto, or where there is none, the first GPU or else the CPU.</param>
    /// <param name="threads">Threads of the CPU, or null for all processors.</param>
    /// <param name="engine">What is asked for to compute products.</param>
    /// <exception cref="InvalidInputException">There is no such device, or it has no such engine.</exception>
    public static IBackend Open(string? name, int? threads, EngineRequest engine)
    {
        engine.Validate(KindOf(name));
        return GpuIndex(name) is { } index ? GpuSupport.Open(index, engine.Precision) : new CpuBackend(threads, CpuEngine(engine));
    }

    /// <summary>What computes products on the CPU; a line says so where that is not what is asked for.</summary>
    /// <exception cref="InvalidInputException">No CPU has it.</exception>
    public static EngineChoice CpuEngine(EngineRequest request)
    {
        request.Validate(DeviceKind.Cpu);
        var choice = EngineChoice.Of(EngineTrial.Resolve(request));
        if (choice.Notice is { } notice)
        {
            Terminal.Say($"ilzo: {notice}");
        }

        return choice;
    }

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
            Terminal.Say($"no GPU is used because {reason}; running on the CPU.");
        }

        return null;
    }
}
