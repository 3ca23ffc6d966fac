using System.Diagnostics;
using IlZo.Backends;
using IlZo.Backends.Cpu;
using IlZo.Models;

namespace IlZo.Training;

/// <summary>Trains with several methods at an equal number of forward passes, each with several learning rates and seeds.</summary>
public sealed class Comparison
{
    private readonly ComparisonOptions _options;
    private readonly IBackend _backend;
    private readonly Action<string, ComparisonRun>? _runDone;
    private readonly CancellationToken _cancellation;

    // All runs of a seed have the same examples and begin at the same point.
    private readonly Dictionary<int, (TrainingExamples Examples, ComparisonPoint Start)> _seeds = [];
    private long _weightBytes;

    private Comparison(ComparisonOptions options, IBackend backend, Action<string, ComparisonRun>? runDone, CancellationToken cancellation) =>
        (_options, _backend, _runDone, _cancellation) = (options, backend, runDone, cancellation);

    /// <summary>Runs a comparison.</summary>
    /// <param name="options">What to compare.</param>
    /// <param name="runDone">Told of each run, with the name of the method, when it has ended.</param>
    /// <param name="cancellation">Ends the comparison; the report then has the methods that were complete.</param>
    /// <exception cref="InvalidInputException">An option, the model or the data cannot be used.</exception>
    public static ComparisonReport Run(
        ComparisonOptions options, Action<string, ComparisonRun>? runDone = null, CancellationToken cancellation = default)
    {
        options.Validate();
        using var backend = new CpuBackend(options.Training.Threads);
        var comparison = new Comparison(options, backend, runDone, cancellation);
        var methods = new List<ComparedMethod>();
        bool interrupted = false;
        try
        {
            foreach (string optimizer in options.Optimizers)
            {
                methods.Add(comparison.RunMethod(optimizer));
            }
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            interrupted = true;
        }

        return new ComparisonReport(
            ComparisonReport.SharedSettings(options.Training), options.Seeds, options.ForwardPasses, comparison._weightBytes, interrupted, methods);
    }

    private ComparedMethod RunMethod(string optimizer)
    {
        var runs = new List<ComparisonRun>();
        foreach (double rate in _options.RatesOf(optimizer))
        {
            for (int seed = 0; seed < _options.Seeds; seed++)
            {
                runs.Add(RunOne(_options.Of(optimizer, rate, seed), seed));
                _runDone?.Invoke(optimizer, runs[^1]);
            }
        }

        return new ComparedMethod(optimizer, runs);
    }

    // Weights are read anew for each run; the operating system has the file in memory.
    private ComparisonRun RunOne(TrainingOptions options, int seed)
    {
        using var model = ModelLoader.Load(options.Model, TrainingOptions.ParseDType(options.DType));
        using var optimizer = Trainer.CreateOptimizer(options, model);
        var (examples, start) = Begin(options, model, seed);
        var evaluator = NewEvaluator(model, examples);
        var order = new DataOrder(options.Seed, examples.Train.Count, options.BatchSize);
        var points = new List<ComparisonPoint> { start };
        var watch = new Stopwatch();
        int skipped = 0;
        for (long step = 1; evaluator.ForwardPasses < _options.ForwardPasses; step++)
        {
            _cancellation.ThrowIfCancellationRequested();
            watch.Start();
            double rate = options.LearningRates.At(evaluator.ForwardPasses + 1);
            var record = optimizer.Decide(step, new StepOracle(evaluator, examples, order, options.BatchSize, step), rate);
            optimizer.Apply(record, _backend);
            skipped += record.Skipped ? 1 : 0;
            watch.Stop();
            if (evaluator.ForwardPasses * _options.Points >= (long)points.Count * _options.ForwardPasses)
            {
                points.Add(Measure(model, examples, evaluator.ForwardPasses, step));
            }
        }

        return new ComparisonRun(options.LearningRate, options.Seed, skipped, optimizer.StateBytes, watch.Elapsed.TotalSeconds, points);
    }

    private (TrainingExamples Examples, ComparisonPoint Start) Begin(TrainingOptions options, LanguageModel model, int seed)
    {
        if (!_seeds.TryGetValue(seed, out var known))
        {
            _weightBytes = model.Parameters.All.Sum(p => p.ByteCount);
            var examples = TrainingExamples.Load(options, model, ModelLoader.Tokenizer(model.Checkpoint));
            known = _seeds[seed] = (examples, Measure(model, examples, 0, 0));
        }

        return known;
    }

    private LossEvaluator NewEvaluator(LanguageModel model, TrainingExamples examples) =>
        new(model, _backend, examples.Objective, TrainingOptions.ParseObjective(_options.Training.Objective));

    // With an evaluator of its own, so that only training counts.
    private ComparisonPoint Measure(LanguageModel model, TrainingExamples examples, long forwardPasses, long step)
    {
        var evaluator = NewEvaluator(model, examples);
        var dev = evaluator.Evaluate(examples.Dev, _cancellation);
        var test = evaluator.Evaluate(examples.Test, _cancellation);
        return new ComparisonPoint(forwardPasses, step, dev.Loss, dev.Accuracy, test.Loss, test.Accuracy);
    }
}
