using IlZo.Backends;
using IlZo.Cli.Gpu;

namespace IlZo.Cli;

/// <summary>What <c>--device</c> means to <c>ilzo bench</c>: the CPU where it is not given, and one name more.</summary>
internal static class BenchDevice
{
    /// <summary>ILGPU's simulation of a GPU, with so little work that its times mean nothing.</summary>
    public const string Simulation = "simulation";

    /// <summary>Whether the GPU engine is to be measured.</summary>
    /// <exception cref="InvalidInputException">It is no name of a device.</exception>
    public static bool IsGpu(string? name) => name == Simulation || Device.GpuIndex(name ?? DeviceName.Cpu) is not null;
}
