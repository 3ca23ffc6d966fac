using System.Diagnostics;
using IlZo.Backends;
using IlZo.Backends.Cpu;
using IlZo.Models;
using IlZo.Noise;
using IlZo.Optimizers;
using IlZo.Perturbations;
using IlZo.Training;

namespace IlZo.Benchmarks;

/// <summary>Time and memory of whole two-point steps on random tokens: forward at both probes, loss at the last position, update.</summary>
/// <param name="StepSeconds">The median step.</param>
/// <param name="ForwardSeconds">The median of its forward part.</param>
/// <param name="UpdateSeconds">The median of its update part.</param>
/// <param name="NeededGigaflop">Multiplications and additions that the products of both probes need, per step.</param>
/// <param name="PeakGigaflops">What one core can do at best, see <see cref="MachinePeak"/>.</param>
/// <param name="Threads">Threads used.</param>
/// <param name="Parameters">Weights of the model.</param>
/// <param name="WeightBytes">Bytes they take.</param>
/// <param name="PeakRssBytes">The largest resident memory of the process, the loading of the model included.</param>
public sealed record StepBenchmark(
    double StepSeconds,
    double ForwardSeconds,
    double UpdateSeconds,
    double NeededGigaflop,
    double PeakGigaflops,
    int Threads,
    long Parameters,
    long WeightBytes,
    long PeakRssBytes)
{
    /// <summary>Measures a model.</summary>
    /// <param name="model">A checkpoint folder or the built-in model.</param>
    /// <param name="batch">Texts.</param>
    /// <param name="length">Tokens of each.</param>
    /// <param name="steps">Measured steps, after one that is not.</param>
    /// <param name="threads">Threads, or null for all processors.</param>
    public static StepBenchmark Run(string model, int batch, int length, int steps, int? threads)
    {
        using var loaded = ModelLoader.Load(model);
        using var backend = new CpuBackend(threads);
        if (length > loaded.Shape.MaxPositions)
        {
            throw new InvalidInputException($"--seq is {length}; at most the model's {loaded.Shape.MaxPositions} positions were expected.");
        }

        var (tokens, targets) = RandomBatch(loaded.Shape.Vocabulary, batch, length);
        using var optimizer = OptimizerCatalog.Find("mezo").Create(new OptimizerSettings(loaded.Parameters) { Seed = 1 });
        var oracle = new Oracle(loaded, backend, tokens, targets);
        double peak = MachinePeak.FmaGigaflops();
        var forward = new List<double>();
        var update = new List<double>();
        for (int step = 0; step <= steps; step++)
        {
            long start = Stopwatch.GetTimestamp();
            var record = optimizer.Decide(step + 1, oracle, 1e-7);
            long middle = Stopwatch.GetTimestamp();
            optimizer.Apply(record, backend);
            if (step > 0)
            {
                forward.Add(Stopwatch.GetElapsedTime(start, middle).TotalSeconds);
                update.Add(Stopwatch.GetElapsedTime(middle).TotalSeconds);
            }
        }

        return new StepBenchmark(
            Statistics.Median([.. forward.Zip(update, (f, u) => f + u)]),
            Statistics.Median(forward),
            Statistics.Median(update),
            NeededFlops(loaded, batch, length) / 1e9,
            peak,
            backend.Threads,
            loaded.Parameters.Count,
            loaded.Parameters.ByteCount,
            ProcessMemory.PeakResidentBytes());
    }

    private static (TokenBatch Tokens, List<(int Output, int Id)> Targets) RandomBatch(int vocabulary, int batch, int length)
    {
        var builder = new TokenBatchBuilder();
        var targets = new List<(int, int)>();
        var key = new NoiseKey(1, NoiseStream.DataOrder, 0, 0);
        for (int b = 0; b < batch; b++)
        {
            int[] ids = [.. Enumerable.Range(0, length).Select(i => (int)(key.Word(((long)b * length) + i) % (uint)vocabulary))];
            builder.Read(builder.AddText(ids), length - 1);
            targets.Add((b, ids[0]));
        }

        return (builder.Build(), targets);
    }

    // Matrices of the layers at every token, attention's two products over the causal half, the head at one token a text; both probes.
    private static double NeededFlops(LanguageModel model, int batch, int length)
    {
        double layerWeights = model.Parameters.All.Where(p => p.Shape.Count == 2 && p.Name.Contains("layers.", StringComparison.Ordinal)).Sum(p => (double)p.Count);
        double tokens = (double)batch * length;
        double attention = 4.0 * model.Shape.Layers * model.Shape.Hidden * tokens * (length + 1) / 2;
        double head = 2.0 * model.Head.Count * batch;
        return 2 * ((2 * layerWeights * tokens) + attention + head);
    }

    private sealed class Oracle(LanguageModel model, CpuBackend backend, TokenBatch tokens, IReadOnlyList<(int Output, int Id)> targets) : ILossOracle
    {
        public double[] Losses(IReadOnlyList<Probe> probes, int draw = 0)
        {
            backend.Begin(tokens, probes);
            double[][] logProbabilities = backend.LogProbabilities(model.Forward(backend, tokens), model.Head, targets);
            return [.. logProbabilities.Select(l => -l.Average())];
        }

        public double[] LossesOfAll(IReadOnlyList<Probe> probes) => Losses(probes);
    }
}
