using System.Diagnostics;
using IlZo.Arithmetic;
using IlZo.Backends.Cpu;
using IlZo.Models;
using IlZo.Optimizers;
using IlZo.Training;

namespace IlZo.Benchmarks;

/// <summary>Time and memory of whole two-point steps on random tokens: forward at both probes, loss at the last position, update.</summary>
/// <param name="StepSeconds">The median step.</param>
/// <param name="ForwardSeconds">The median of its forward part.</param>
/// <param name="UpdateSeconds">The median of its update part.</param>
/// <param name="ProcessorSeconds">Processor time of all threads, per step: what a machine that is shared distorts less.</param>
/// <param name="ReplaySeconds">What a record takes when many are replayed at once; null where weights are streamed.</param>
/// <param name="NeededGigaflop">Multiplications and additions that the products of both probes need, per step.</param>
/// <param name="Split">Where a step's thread time goes.</param>
/// <param name="PeakGigaflops">What one core can do at best, see <see cref="MachinePeak"/>.</param>
/// <param name="ReadGigabytes">The rate at which one core reads memory, in GB/s.</param>
/// <param name="Threads">Threads used.</param>
/// <param name="Parameters">Weights of the model.</param>
/// <param name="WeightBytes">Bytes they take.</param>
/// <param name="AllocatedBytes">Bytes that a step takes from the garbage-collected heap.</param>
/// <param name="Collections">Garbage collections during the measured steps.</param>
/// <param name="PeakRssBytes">The largest resident memory of the process, the loading of the model included.</param>
internal sealed record StepBenchmark(
    double StepSeconds,
    double ForwardSeconds,
    double UpdateSeconds,
    double ProcessorSeconds,
    double? ReplaySeconds,
    double NeededGigaflop,
    StepSplit Split,
    double PeakGigaflops,
    double ReadGigabytes,
    int Threads,
    long Parameters,
    long WeightBytes,
    long AllocatedBytes,
    int Collections,
    long PeakRssBytes)
{
    // Records that are replayed at once: enough for the first reading of a weight and its last writing not to count.
    private const int Replayed = 40;
    private const int Replays = 3;

    /// <summary>Measures a model.</summary>
    /// <param name="model">A checkpoint folder or the built-in model.</param>
    /// <param name="batch">Texts.</param>
    /// <param name="length">Tokens of each.</param>
    /// <param name="steps">Measured steps, after one that is not.</param>
    /// <param name="threads">Threads, or null for all processors.</param>
    /// <param name="engine">What computes products; null for the C# kernels.</param>
    /// <param name="adapter">The kind of adapter that is trained; null for all weights.</param>
    /// <param name="weightMemory">See <see cref="TrainingOptions.WeightMemory"/>.</param>
    public static StepBenchmark Run(
        string model, int batch, int length, int steps, int? threads, EngineChoice? engine = null, string? adapter = null,
        long? weightMemory = null)
    {
        using var loaded = TrainableModel.Load(new TrainingOptions { Model = model, Adapter = adapter, WeightMemory = weightMemory });
        using var backend = new CpuBackend(threads, engine);
        backend.Load(loaded.Parameters);
        using var optimizer = OptimizerCatalog.Find("mezo").Create(new OptimizerSettings(loaded.Parameters) { Seed = 1 });
        var oracle = new BenchmarkOracle(loaded, backend, batch, length);
        double peak = MachinePeak.FmaGigaflops();
        double noiseRate = NoiseBenchmark.Run(3).Normal * 1e9;
        var forward = new List<double>();
        var update = new List<double>();
        long allocated = 0;
        int collections = 0;
        var processor = TimeSpan.Zero;
        for (int step = 0; step <= steps; step++)
        {
            long start = Stopwatch.GetTimestamp();
            var record = optimizer.Decide(step + 1, oracle, 1e-7);
            long middle = Stopwatch.GetTimestamp();
            optimizer.Apply(record, backend);
            if (step == 0)
            {
                backend.Profile.Reset();
                allocated = GC.GetTotalAllocatedBytes(precise: true);
                collections = GC.CollectionCount(0);
                processor = Environment.CpuUsage.TotalTime;
            }
            else
            {
                forward.Add(Stopwatch.GetElapsedTime(start, middle).TotalSeconds);
                update.Add(Stopwatch.GetElapsedTime(middle).TotalSeconds);
            }
        }

        allocated = (GC.GetTotalAllocatedBytes(precise: true) - allocated) / steps;
        collections = GC.CollectionCount(0) - collections;
        processor = Environment.CpuUsage.TotalTime - processor;

        // Before the bandwidth is measured, whose buffer is not the step's.
        long peakResident = ProcessMemory.PeakResidentBytes();
        double noise = loaded.Parameters.TrainedCount / noiseRate;
        var split = new StepSplit(
            noise,
            (backend.Profile.PackingSeconds / steps) - noise,
            backend.Profile.ProductSeconds / steps,
            backend.Profile.AttentionSeconds / steps,
            (forward.Average() * backend.Threads)
                - ((backend.Profile.PackingSeconds + backend.Profile.ProductSeconds + backend.Profile.AttentionSeconds) / steps),
            update.Average() * backend.Threads);
        return new StepBenchmark(
            Statistics.Median([.. forward.Zip(update, (f, u) => f + u)]),
            Statistics.Median(forward),
            Statistics.Median(update),
            processor.TotalSeconds / steps,
            backend.PutsUpdatesOff ? null : Replay(optimizer, backend, steps + 2),
            2 * RandomBatch.NeededFlops(loaded, batch, length) / 1e9,
            split,
            peak,
            MachinePeak.ReadGigabytes(),
            backend.Threads,
            loaded.Parameters.Count,
            loaded.Parameters.ByteCount,
            allocated,
            collections,
            peakResident);
    }

    private static double Replay(Optimizer optimizer, CpuBackend backend, long firstStep)
    {
        var record = new StepRecord { Step = firstStep, LearningRate = 1e-7, Losses = [1, 1], Coefficients = [0.5] };
        var seconds = new List<double>();
        for (int replay = 0; replay < Replays; replay++, firstStep += Replayed)
        {
            long start = Stopwatch.GetTimestamp();
            var queue = new RecordQueue(optimizer, backend);
            for (int i = 0; i < Replayed; i++)
            {
                queue.Apply(record with { Step = firstStep + i });
            }

            queue.Flush();
            seconds.Add(Stopwatch.GetElapsedTime(start).TotalSeconds / Replayed);
        }

        return Statistics.Median(seconds);
    }
}

/// <summary>Seconds of all threads that the parts of a step take.</summary>
/// <param name="Noise">The probes' noise: the number of trained weights over the rate measured in this run.</param>
/// <param name="Packing">Reading, widening and perturbing weights, without the noise.</param>
/// <param name="Products">Products of weights and activations.</param>
/// <param name="Attention">Attention.</param>
/// <param name="Rest">Norms, embeddings, the loss, and waiting.</param>
/// <param name="Update">Regenerating the noise and applying it.</param>
internal sealed record StepSplit(double Noise, double Packing, double Products, double Attention, double Rest, double Update);
