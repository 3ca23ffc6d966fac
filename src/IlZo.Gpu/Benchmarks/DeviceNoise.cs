using IlZo.Arithmetic;
using IlZo.Benchmarks;
using IlZo.Kernels;

namespace IlZo.Gpu.Benchmarks;

/// <summary>Generation of noise, in 10⁹ elements a second. Medians.</summary>
/// <param name="Normal">Standard normal deviates.</param>
/// <param name="Signs">Rademacher numbers.</param>
/// <param name="Peak">The device's peaks.</param>
internal sealed record DeviceNoise(double Normal, double Signs, DevicePeak Peak)
{
    /// <summary>Measures a device.</summary>
    /// <param name="backend">The device.</param>
    /// <param name="repetitions">Repetitions, after one that is not counted.</param>
    /// <param name="scale">How much work is measured.</param>
    public static DeviceNoise Run(GpuBackend backend, int repetitions, DeviceBenchmarkScale scale)
    {
        using var peaks = new DevicePeaks(backend, scale);
        var normal = new List<double>();
        var signs = new List<double>();
        for (int repetition = 0; repetition <= repetitions; repetition++)
        {
            peaks.Measure(counts: repetition > 0);
            normal.Add(peaks.Noise(new NormalDirection(backend.NormalTable)));
            signs.Add(peaks.Noise(default(SignDirection)));
        }

        return new DeviceNoise(Statistics.Median(normal.Skip(1)), Statistics.Median(signs.Skip(1)), peaks.Median);
    }
}
