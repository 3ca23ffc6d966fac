using IlZo.Backends;
using IlZo.Gpu;
using IlZo.Gpu.SelfTest;
using IlZo.Models;

namespace IlZo.Cli.Gpu;

/// <summary>GPUs, by ILGPU.</summary>
internal static class GpuSupport
{
    private const int TrainingSteps = 50;

    /// <summary>The GPUs, or why there are none.</summary>
    public static IReadOnlyList<GpuInfo> Find(out string reason)
    {
        var found = GpuDevices.Find();
        reason = found.Reason;
        return [.. found.Devices.Select(d => new GpuInfo(d.Name, d.Description, d.MemoryBytes, d.Architecture))];
    }

    /// <summary>Opens a GPU by its number.</summary>
    public static IBackend Open(int index) => GpuDevices.Open(index);

    /// <summary>Compares a device with the CPU engine: a GPU, or ILGPU's simulation of one, for which whole models would take days.</summary>
    public static IEnumerable<SelfTestLine> SelfTest(int? index)
    {
        using var backend = index is { } i ? GpuDevices.Open(i) : GpuDevices.OpenSimulation();
        var models = new ModelChecks(type => ModelLoader.Load(ModelLoader.BuiltIn, type), TrainingSteps);
        foreach (var check in index is null ? KernelChecks.All : [.. KernelChecks.All, .. models.All])
        {
            var result = check.Run(backend);
            yield return new SelfTestLine(result.Name, result.Difference, result.Allowed, result.Passed);
        }
    }
}
