using System.Diagnostics;
using IlZo.Gpu;
using IlZo.Gpu.Benchmarks;
using IlZo.Gpu.SelfTest;
using IlZo.Training;

namespace IlZo.Cli.Gpu;

/// <summary>Measures and checks GPUs.</summary>
internal static class GpuTrial
{
    /// <summary>Measures a GPU, or goes through the same with ILGPU's simulation of one.</summary>
    public static void Bench(BenchPart part, BenchRequest request)
    {
        bool simulated = request.Device == BenchDevice.Simulation;
        string precision = request.Engine.Precision;
        using var backend = simulated
            ? GpuDevices.OpenSimulation(precision)
            : GpuSupport.Open(Device.GpuIndex(request.Device) ?? 0, precision);
        new GpuBench(backend, simulated ? DeviceBenchmarkScale.Simulation : DeviceBenchmarkScale.Gpu, request).Run(part);
    }

    /// <summary>Compares a device with the CPU engine: a GPU, or ILGPU's simulation of one where there is no number.</summary>
    /// <param name="index">The GPU's number.</param>
    /// <param name="only">What the names of the checks must have in them; null for all checks.</param>
    public static IEnumerable<SelfTestLine> SelfTest(int? index, string? only)
    {
        using var backend = index is { } i ? GpuSupport.Open(i) : GpuDevices.OpenSimulation();
        Terminal.Say($"products are computed {backend.Products.Description()}.");
        using var suite = index is null ? SelfTestSuite.ForSimulation() : SuiteFor(backend);
        if (only is not null)
        {
            suite.Keep(only);
        }

        if (index is not null)
        {
            long start = Stopwatch.GetTimestamp();
            int kernels = suite.Prepare(backend);
            Terminal.Say(Format.Invariant(
                $"{kernels} kernels were compiled in {Stopwatch.GetElapsedTime(start).TotalSeconds:F1} s; every check runs twice."));
        }

        foreach (var r in suite.Run(backend))
        {
            yield return new SelfTestLine(r.Name, r.Difference, r.Allowed, r.Repeats, r.Passed, r.Error, r.Log);
        }
    }

    /// <summary>Writes the text of all kernels of a self-test into a folder, and returns how many there are.</summary>
    public static int WriteKernels(string folder) => SelfTestSuite.WriteKernels(folder);

    private static SelfTestSuite SuiteFor(GpuBackend backend)
    {
        // Twice as much, for what else is there.
        long needed = 2 * SelfTestSuite.LargestBytes;
        bool fits = backend.FreeBytes >= needed && MachineMemory.Now().Limits.All(l => l.Free >= needed);
        if (!fits)
        {
            Terminal.Say(
                $"a tensor of more than 2^31 elements is left out: {Format.Bytes(needed)} are not free on the device and on the host.");
        }

        return SelfTestSuite.ForGpu(backend.OtherPrecisions, backend.HasWarpgroups, fits);
    }
}
