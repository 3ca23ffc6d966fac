using IlZo.Backends;
using IlZo.Cli.Gpu;

namespace IlZo.Cli;

/// <summary>What <c>--device</c> means to <c>ilzo bench</c>: the CPU where it is not given, and one name more.</summary>
internal static class BenchDevice
{
    /// <summary>ILGPU's simulation of a GPU, with so little work that its times mean nothing.</summary>
    public const string Simulation = "simulation";

    /// <summary>Measures a GPU, if one is to be measured.</summary>
    /// <returns>Whether it is.</returns>
    /// <exception cref="InvalidInputException">There is no such device, or it has no such engine.</exception>
    public static bool TryMeasureGpu(BenchPart part, BenchRequest request)
    {
        if (request.Device != Simulation && Device.GpuIndex(request.Device ?? DeviceName.Cpu) is null)
        {
            return false;
        }

        if (request is not { Adapter: null, Blocks: null })
        {
            throw new InvalidInputException(
                $"--adapter and --blocks are measured on the CPU; --device {request.Device} was not expected.");
        }

        if (request is { HasHoles: true, WeightMemory: null })
        {
            throw new InvalidInputException(
                $"--holes is given for --device {request.Device} without --weight-memory, and all weights are made there; "
                    + "neither, or both, were expected.");
        }

        request.Engine.Validate(DeviceKind.Cuda);
        GpuTrial.Bench(part, request);
        return true;
    }
}
