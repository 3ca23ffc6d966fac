using IlZo.Backends;
using IlZo.Gpu;

namespace IlZo.Cli.Gpu;

/// <summary>GPUs, by ILGPU.</summary>
internal static class GpuSupport
{
    /// <summary>The GPUs, or why there are none.</summary>
    public static IReadOnlyList<GpuInfo> Find(out string reason)
    {
        var found = GpuDevices.Find();
        reason = found.Reason;
        return [.. found.Devices.Select(d => new GpuInfo(d.Name, d.Description, d.MemoryBytes, d.Architecture, d.Products.Description()))];
    }

    /// <summary>Opens a GPU by its number; a line says so where the environment changes how it computes.</summary>
    public static GpuBackend Open(int index, string precision = EngineRequest.Auto)
    {
        var backend = GpuDevices.Open(index, precision);
        if (Warpgroups.AreAsked)
        {
            Terminal.Say($"products of many tokens are computed by warpgroups, for {Warpgroups.Variable} is 1.");
        }

        return backend;
    }
}
