using IlZo.Backends.Cpu;

namespace IlZo.Backends;

/// <summary>Makes the backend for a device.</summary>
/// <param name="device">Its name: cpu, cuda:0, …; auto or null for the best one.</param>
/// <param name="threads">Threads of the CPU, or null for all processors.</param>
/// <param name="engine">What is asked for to compute products; <see cref="IBackend.Engine"/> is what does.</param>
/// <exception cref="InvalidInputException">There is no such device, or it has no such engine.</exception>
public delegate IBackend BackendFactory(string? device, int? threads, EngineRequest engine);

/// <summary>Names of devices.</summary>
public static class DeviceName
{
    /// <summary>The processors of this machine.</summary>
    public const string Cpu = "cpu";

    /// <summary>The best one there is.</summary>
    public const string Auto = "auto";

    private const string Cuda = "cuda:";

    /// <summary>
    /// The backend where there is no device but the CPU. An engine that this machine lacks is replaced by the C# kernels.
    /// </summary>
    /// <inheritdoc cref="BackendFactory"/>
    public static IBackend OpenCpu(string? device, int? threads, EngineRequest engine) => device is null or Auto or Cpu
        ? new CpuBackend(threads, EngineChoice.Of(engine))
        : throw new InvalidInputException($"The device '{device}' is not available here; cpu was expected.");

    /// <summary>The kind of device that a name stands for, or null where that is the best one.</summary>
    /// <exception cref="InvalidInputException">It is no name of a device.</exception>
    internal static DeviceKind? KindOf(string? name) =>
        name is null or Auto ? null : CudaIndex(name) is null ? DeviceKind.Cpu : DeviceKind.Cuda;

    /// <summary>The number of an NVIDIA GPU, or null for another device.</summary>
    /// <exception cref="InvalidInputException">It is no name of a device.</exception>
    internal static int? CudaIndex(string name)
    {
        if (name is Cpu or Auto)
        {
            return null;
        }

        string number = name.StartsWith(Cuda, StringComparison.Ordinal) ? name[Cuda.Length..] : string.Empty;
        return number.Length is > 0 and < 4 && number.All(char.IsAsciiDigit)
            ? int.Parse(number, System.Globalization.CultureInfo.InvariantCulture)
            : throw new InvalidInputException($"{Setting.Device} is '{name}'; auto, cpu, or cuda:0, cuda:1, … was expected.");
    }
}
