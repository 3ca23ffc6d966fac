using IlZo.Backends;
using IlZo.Gpu;
using IlZo.Gpu.Benchmarks;
using IlZo.Gpu.SelfTest;

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

    /// <summary>Opens a GPU by its number.</summary>
    public static IBackend Open(int index, string precision) => GpuDevices.Open(index, precision);

    /// <summary>Measures a GPU, or goes through the same with ILGPU's simulation of one.</summary>
    public static void Bench(BenchPart part, BenchRequest request)
    {
        bool simulated = request.Device == BenchDevice.Simulation;
        string precision = request.Engine.Precision;
        using var backend = simulated ? GpuDevices.OpenSimulation(precision) : GpuDevices.Open(Device.GpuIndex(request.Device) ?? 0, precision);
        new GpuBench(backend, simulated ? DeviceBenchmarkScale.Simulation : DeviceBenchmarkScale.Gpu, request).Run(part);
    }

    /// <summary>Compares a device with the CPU engine: a GPU, or ILGPU's simulation of one where there is no number.</summary>
    public static IEnumerable<SelfTestLine> SelfTest(int? index)
    {
        using var backend = index is { } i ? GpuDevices.Open(i) : GpuDevices.OpenSimulation();
        Terminal.Say($"products are computed {backend.Products.Description()}.");
        using var suite = index is null ? SelfTestSuite.ForSimulation() : SelfTestSuite.ForGpu(backend.OtherPrecisions);
        foreach (var check in suite.Checks)
        {
            var result = check.Run(backend);
            yield return new SelfTestLine(result.Name, result.Difference, result.Allowed, result.Passed);
        }
    }
}
