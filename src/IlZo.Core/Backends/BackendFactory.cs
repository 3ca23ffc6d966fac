using IlZo.Backends.Cpu;

namespace IlZo.Backends;

/// <summary>Makes the backend for a device.</summary>
/// <param name="device">Its name: cpu, cuda:0, …; auto or null for the best one.</param>
/// <param name="threads">Threads of the CPU, or null for all processors.</param>
/// <param name="engine">What computes products on the CPU.</param>
/// <exception cref="InvalidInputException">There is no such device.</exception>
public delegate IBackend BackendFactory(string? device, int? threads, EngineChoice engine);

/// <summary>Names of devices.</summary>
public static class DeviceName
{
    public const string Cpu = "cpu";

    /// <summary>The best one there is.</summary>
    public const string Auto = "auto";

    private const string Cuda = "cuda:";

    /// <summary>The backend where there is no device but the CPU.</summary>
    /// <exception cref="InvalidInputException">Another one is asked for.</exception>
    public static IBackend OpenCpu(string? device, int? threads, EngineChoice engine) => device is null or Auto or Cpu
        ? new CpuBackend(threads, engine)
        : throw new InvalidInputException($"The device '{device}' is not available here; cpu was expected.");

    /// <summary>The number of an NVIDIA GPU, or null for another device.</summary>
    /// <exception cref="InvalidInputException">It is no name of a device.</exception>
    public static int? CudaIndex(string name)
    {
        if (name is Cpu or Auto)
        {
            return null;
        }

        string number = name.StartsWith(Cuda, StringComparison.Ordinal) ? name[Cuda.Length..] : string.Empty;
        return number.Length is > 0 and < 4 && number.All(char.IsAsciiDigit)
            ? int.Parse(number, System.Globalization.CultureInfo.InvariantCulture)
            : throw new InvalidInputException($"--device is '{name}'; auto, cpu, or cuda:0, cuda:1, … was expected.");
    }
}
