using System.Diagnostics;
using IlZo.Arithmetic;
using IlZo.Benchmarks;
using IlZo.Perturbations;

namespace IlZo.Gpu.Benchmarks;

/// <summary>Time of plain forward passes on random tokens, the loss at the last position included.</summary>
/// <param name="Seconds">The median.</param>
/// <param name="TokensPerSecond">Tokens of the batch over that.</param>
/// <param name="Gigaflops">What is needed over that.</param>
/// <param name="Peak">The device's peaks, measured before.</param>
/// <param name="Memory">What it takes.</param>
internal sealed record DeviceForward(double Seconds, double TokensPerSecond, double Gigaflops, DevicePeak Peak, DeviceUsage Memory)
{
    /// <summary>Measures a model.</summary>
    /// <param name="backend">The device; what is loaded there is replaced.</param>
    /// <param name="model">A checkpoint folder or the built-in model, or null for a shape.</param>
    /// <param name="shape">A shape of <see cref="SyntheticCheckpoint"/>, or null for a model.</param>
    /// <param name="batch">Texts.</param>
    /// <param name="length">Tokens of each.</param>
    /// <param name="repetitions">Measured passes, after one that is not.</param>
    /// <param name="scale">How much work the peaks are measured with.</param>
    /// <exception cref="InvalidInputException">The model cannot be read, or the device has too little memory.</exception>
    public static DeviceForward Run(
        GpuBackend backend, string? model, string? shape, int batch, int length, int repetitions, DeviceBenchmarkScale scale)
    {
        var peaks = DevicePeaks.MeasureAlone(backend, repetitions, scale);
        using var loaded = DeviceModel.Load(backend, model, shape);
        var oracle = new BenchmarkOracle(loaded.Model, backend, batch, length);
        var times = new List<double>();
        for (int repetition = 0; repetition <= repetitions; repetition++)
        {
            backend.Wait();
            long start = Stopwatch.GetTimestamp();
            oracle.Losses([Probe.Unperturbed]);
            times.Add(Stopwatch.GetElapsedTime(start).TotalSeconds);
        }

        double seconds = Statistics.Median(times.Skip(1));
        return new DeviceForward(
            seconds,
            (double)batch * length / seconds,
            RandomBatch.NeededFlops(loaded.Model, batch, length) / seconds / 1e9,
            peaks,
            DeviceUsage.Of(backend, loaded.Model.Parameters));
    }
}
