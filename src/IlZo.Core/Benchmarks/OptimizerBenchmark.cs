using IlZo.Backends.Cpu;
using IlZo.Models;
using IlZo.Optimizers;
using IlZo.Training;

namespace IlZo.Benchmarks;

/// <summary>What a method's steps cost on random tokens.</summary>
/// <param name="Method">The method.</param>
/// <param name="ForwardPasses">Forward passes of a step, on average.</param>
/// <param name="PassSeconds">Processor time of the steps, of all threads, for each of their forward passes.</param>
/// <param name="UpdateShare">The part of it that is spent after losses are known.</param>
/// <param name="Relative">The time for each forward pass, divided by that of the first method.</param>
internal sealed record OptimizerBenchmark(string Method, double ForwardPasses, double PassSeconds, double UpdateShare, double Relative)
{
    /// <summary>
    /// Measures methods side by side: a step of each, round after round, so that what else the machine does falls on all. What a method
    /// does only now and then takes as many rounds to be seen.
    /// </summary>
    /// <param name="methods">Their names.</param>
    /// <param name="model">A checkpoint folder or the built-in model.</param>
    /// <param name="batch">Texts.</param>
    /// <param name="length">Tokens of each.</param>
    /// <param name="rounds">Measured rounds, after one that is not.</param>
    /// <param name="threads">Threads, or null for all processors.</param>
    /// <param name="engine">What computes products; null for the C# kernels.</param>
    /// <exception cref="InvalidInputException">There is no such method, or the model cannot be read.</exception>
    public static IReadOnlyList<OptimizerBenchmark> Run(
        IReadOnlyList<string> methods, string model, int batch, int length, int rounds, int? threads, EngineChoice? engine = null)
    {
        using var loaded = ModelLoader.Load(model);
        using var backend = new CpuBackend(threads, engine);
        var oracle = new BenchmarkOracle(loaded, backend, batch, length);
        var options = new TrainingOptions { Model = model };
        Optimizer[] optimizers = [.. methods.Select(m => TrainableModel.CreateOptimizer(options with { Optimizer = m }, loaded))];
        var steps = methods.Select(_ => new List<(long Passes, double Decide, double Apply)>()).ToArray();
        for (int round = 0; round <= rounds; round++)
        {
            for (int m = 0; m < optimizers.Length; m++)
            {
                var step = Step(optimizers[m], round + 1, oracle, backend);
                if (round > 0)
                {
                    steps[m].Add(step);
                }
            }
        }

        foreach (var optimizer in optimizers)
        {
            optimizer.Dispose();
        }

        double unit = PassTime(steps[0]);
        return [.. methods.Select((name, m) => new OptimizerBenchmark(
            name,
            steps[m].Average(s => s.Passes),
            PassTime(steps[m]),
            steps[m].Sum(s => s.Apply) / steps[m].Sum(s => s.Decide + s.Apply),
            PassTime(steps[m]) / unit))];
    }

    // At a rate that leaves the model one whose losses are numbers, however many steps are measured.
    private static (long Passes, double Decide, double Apply) Step(
        Optimizer optimizer, long step, BenchmarkOracle oracle, CpuBackend backend)
    {
        long passes = oracle.ForwardPasses;
        var start = Environment.CpuUsage.TotalTime;
        var record = optimizer.Decide(step, oracle, 1e-9);
        var middle = Environment.CpuUsage.TotalTime;
        optimizer.Apply(record, backend);
        return (oracle.ForwardPasses - passes, (middle - start).TotalSeconds, (Environment.CpuUsage.TotalTime - middle).TotalSeconds);
    }

    private static double PassTime(List<(long Passes, double Decide, double Apply)> steps) =>
        steps.Sum(s => s.Decide + s.Apply) / steps.Sum(s => s.Passes);
}
