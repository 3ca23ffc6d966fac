using System.Diagnostics;
using IlZo.Arithmetic;
using IlZo.Backends.Cpu;
using IlZo.Models;
using IlZo.Perturbations;

namespace IlZo.Benchmarks;

/// <summary>Time of plain forward passes on random tokens, the loss at the last position included.</summary>
/// <param name="Seconds">The median.</param>
/// <param name="TokensPerSecond">Tokens of the batch over that.</param>
/// <param name="Gigaflops">What is needed over that.</param>
/// <param name="PeakGigaflops">What one core can do at best.</param>
/// <param name="ReadGigabytes">The rate at which one core reads memory, in GB/s.</param>
/// <param name="Threads">Threads used.</param>
internal sealed record ForwardBenchmark(
    double Seconds, double TokensPerSecond, double Gigaflops, double PeakGigaflops, double ReadGigabytes, int Threads)
{
    /// <summary>Measures a model.</summary>
    /// <param name="model">A checkpoint folder or the built-in model.</param>
    /// <param name="batch">Texts.</param>
    /// <param name="length">Tokens of each.</param>
    /// <param name="repetitions">Measured passes, after one that is not.</param>
    /// <param name="threads">Threads, or null for all processors.</param>
    /// <param name="engine">What computes products; null for the C# kernels.</param>
    public static ForwardBenchmark Run(string model, int batch, int length, int repetitions, int? threads, EngineChoice? engine = null)
    {
        using var loaded = ModelLoader.Load(model);
        using var backend = new CpuBackend(threads, engine);
        var (tokens, targets) = RandomBatch.Create(loaded, batch, length);
        var times = new List<double>();
        for (int repetition = 0; repetition <= repetitions; repetition++)
        {
            long start = Stopwatch.GetTimestamp();
            var pass = backend.Begin(tokens, [Probe.Unperturbed]);
            pass.LogProbabilities(loaded.Forward(pass), loaded.Head, targets);
            times.Add(Stopwatch.GetElapsedTime(start).TotalSeconds);
        }

        double seconds = Statistics.Median(times.Skip(1));
        return new ForwardBenchmark(
            seconds,
            tokens.Count / seconds,
            RandomBatch.NeededFlops(loaded, batch, length) / seconds / 1e9,
            MachinePeak.FmaGigaflops(),
            MachinePeak.ReadGigabytes(),
            backend.Threads);
    }
}
