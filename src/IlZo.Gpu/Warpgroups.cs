using IlZo.Backends;
using IlZo.Gpu.SelfTest;
using ILGPU.Runtime;
using ILGPU.Runtime.Cuda;

namespace IlZo.Gpu;

/// <summary>
/// Products of many tokens by warpgroups (<see cref="Kernels.TensorCores.WarpgroupInstructions"/>), which compute capability 9.0 has and
/// neither older nor newer devices. No GPU has run them yet: they are used where a user asks for them, and the self-test checks them.
/// </summary>
public static class Warpgroups
{
    /// <summary>Set to 1 to use them.</summary>
    public const string Variable = "ILZO_WGMMA";

    /// <summary>Whether the environment asks for them.</summary>
    public static bool AreAsked => Environment.GetEnvironmentVariable(Variable) == "1";

    /// <summary>Whether a device has them.</summary>
    internal static bool Are(Device device) => device is CudaDevice { Architecture: { Major: 9, Minor: 0 } };

    /// <summary>The shape of groups for a device.</summary>
    /// <param name="name">What the user calls it.</param>
    /// <param name="device">The device.</param>
    /// <param name="areAsked">Whether they are asked for.</param>
    /// <exception cref="InvalidInputException">They are asked for, and the device has none.</exception>
    internal static LaunchShape Shape(string name, Device device, bool areAsked)
    {
        if (areAsked && !Are(device))
        {
            throw new InvalidInputException($"{Variable} is 1, but {name} has no compute capability 9.0, to which wgmma belongs.");
        }

        return LaunchShape.Gpu with { HasWarpgroups = areAsked };
    }

    /// <summary>Compares a product of theirs with the CPU's, before anything depends on it.</summary>
    /// <param name="backend">The device, which uses them; nothing is loaded there.</param>
    /// <param name="name">What the user calls it.</param>
    /// <exception cref="DeviceException">The device computes something else.</exception>
    internal static void Require(GpuBackend backend, string name)
    {
        var result = LargeChecks.Product(tokens: 300, inputs: 96, outputs: 200, allowed: 1e-5).Run(backend);
        if (!result.Passed)
        {
            throw new DeviceException(
                FormattableString.Invariant(
                    $"{name} computes other products by warpgroups than the CPU: they differ by {result.Difference:G3}, and at most ")
                    + FormattableString.Invariant($"{result.Allowed:G3} was expected; without {Variable} they are not used."));
        }
    }
}
