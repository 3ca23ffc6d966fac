using System.Diagnostics;
using IlZo.Arithmetic;
using IlZo.Benchmarks;
using IlZo.Optimizers;

namespace IlZo.Gpu.Benchmarks;

/// <summary>
/// Time and memory of whole two-point MeZO steps on random tokens: forward at both probes, loss at the last position, update. Medians.
/// </summary>
/// <param name="StepSeconds">The step.</param>
/// <param name="ForwardSeconds">Its forward part.</param>
/// <param name="UpdateSeconds">Its update part.</param>
/// <param name="Loss">The mean of the last step's losses.</param>
/// <param name="NeededGigaflop">Multiplications and additions that the products of both probes need, per step.</param>
/// <param name="AllocatedBytes">Bytes that a step takes from the host's garbage-collected heap.</param>
/// <param name="Peak">The device's peaks, measured before.</param>
/// <param name="Memory">What it takes.</param>
internal sealed record DeviceStep(
    double StepSeconds,
    double ForwardSeconds,
    double UpdateSeconds,
    double Loss,
    double NeededGigaflop,
    long AllocatedBytes,
    DevicePeak Peak,
    DeviceUsage Memory)
{
    /// <summary>What the forward part reaches, in GFLOP/s.</summary>
    public double Gigaflops => NeededGigaflop / ForwardSeconds;

    /// <summary>The rate at which the update reads and writes weights, in GB/s.</summary>
    public double UpdateGigabytes => 2 * Memory.WeightBytes / UpdateSeconds / 1e9;

    /// <summary>Measures a model.</summary>
    /// <param name="backend">The device; what is loaded there is replaced.</param>
    /// <param name="model">A checkpoint folder or the built-in model, or null for a shape.</param>
    /// <param name="shape">A shape of <see cref="SyntheticCheckpoint"/>, or null for a model.</param>
    /// <param name="batch">Texts.</param>
    /// <param name="length">Tokens of each.</param>
    /// <param name="steps">Measured steps, after one that is not.</param>
    /// <param name="scale">How much work the peaks are measured with.</param>
    /// <param name="weightMemory">Bytes of weights that may stay on the device; null for all.</param>
    /// <param name="hasHoles">Whether the files of a shape, which then are made, have holes in the place of matrices.</param>
    /// <exception cref="InvalidInputException">The model cannot be read, or the device has too little memory.</exception>
    public static DeviceStep Run(
        GpuBackend backend, string? model, string? shape, int batch, int length, int steps, DeviceBenchmarkScale scale,
        long? weightMemory = null, bool hasHoles = false)
    {
        var peaks = DevicePeaks.MeasureAlone(backend, steps, scale);
        using var loaded = weightMemory is { } budget
            ? DeviceModel.Load(backend, model, shape, budget, hasHoles)
            : DeviceModel.Load(backend, model, shape);
        using var optimizer = OptimizerCatalog.Find("mezo").Create(new OptimizerSettings(loaded.Model.Parameters) { Seed = 1 });
        var oracle = new BenchmarkOracle(loaded.Model, backend, batch, length);
        var forward = new List<double>(steps);
        var update = new List<double>(steps);
        long allocated = 0;
        double loss = 0;
        for (int step = 0; step <= steps; step++)
        {
            backend.Wait();
            long start = Stopwatch.GetTimestamp();
            var record = optimizer.Decide(step + 1, oracle, 1e-7);
            long middle = Stopwatch.GetTimestamp();
            optimizer.Apply(record, backend);
            backend.Wait();
            loss = record.Losses.Average();
            if (step == 0)
            {
                allocated = GC.GetTotalAllocatedBytes(precise: true);
            }
            else
            {
                forward.Add(Stopwatch.GetElapsedTime(start, middle).TotalSeconds);
                update.Add(Stopwatch.GetElapsedTime(middle).TotalSeconds);
            }
        }

        return new DeviceStep(
            Statistics.Median(forward.Zip(update, (f, u) => f + u)),
            Statistics.Median(forward),
            Statistics.Median(update),
            loss,
            2 * RandomBatch.NeededFlops(loaded.Model, batch, length) / 1e9,
            (GC.GetTotalAllocatedBytes(precise: true) - allocated) / steps,
            peaks,
            DeviceUsage.Of(backend, loaded.Model.Parameters));
    }
}
