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
    private readonly MachineMemory _machine;
    private readonly Action<string, ComparisonRun>? _runDone;
    private readonly CancellationToken _cancellation;

    // All runs of a seed have the same examples and begin at the same point.
    private readonly Dictionary<int, TrainingExamples> _examples = [];
    private readonly Dictionary<int, ComparisonPoint> _starts = [];
    private long _weightBytes;

    private Comparison(
        ComparisonOptions options, IBackend backend, Action<string, ComparisonRun>? runDone, CancellationToken cancellation) =>
        (_options, _backend, _machine, _runDone, _cancellation) = (options, backend, MachineMemory.Of(backend), runDone, cancellation);

    /// <summary>Runs a comparison.</summary>
    /// <param name="options">What to compare.</param>
    /// <param name="runDone">Told of each run, with the name of the method, when it has ended.</param>
    /// <param name="cancellation">Ends the comparison; the report then has the methods that were complete.</param>
    /// <param name="backends">Opens the device; only the CPU where it is null.</param>
    /// <exception cref="InvalidInputException">An option, the model or the data cannot be used.</exception>
    public static ComparisonReport Run(
        ComparisonOptions options,
        Action<string, ComparisonRun>? runDone = null,
        CancellationToken cancellation = default,
        BackendFactory? backends = null)
    {
        options.Validate();
        options = options with { Training = options.Training.WithResultOfRun() };

        // A function's variables are too few to share out, and functions are computed on the CPU.
        using var backend = options.Function is null
            ? (backends ?? DeviceName.OpenCpu)(options.Training.Device, options.Training.Threads, options.Training.EngineRequest)
            : new CpuBackend(options.Training.Threads ?? 1);
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

        var computed = options with { Training = options.MezoTraining.With(backend.Engine) };
        return new ComparisonReport(
            ComparisonReport.SharedSettings(computed), options.Seeds, options.ForwardPasses, comparison._weightBytes, interrupted, methods)
        {
            SkippedRows = options.Training.SkipBadRows ? comparison._examples.Values.Select(e => e.SkippedRows).FirstOrDefault() : null,
            Notes = comparison._examples.Values.Select(e => e.Notes).FirstOrDefault() ?? [],
        };
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

    private ComparisonRun RunOne(TrainingOptions options, int seed)
    {
        using var subject = Subject(options, seed);
        using var optimizer = subject.CreateOptimizer();
        _backend.Load(subject.Parameters);
        _weightBytes = subject.Parameters.ByteCount;
        if (!_starts.TryGetValue(seed, out var start))
        {
            _starts[seed] = start = subject.Measure(0, _cancellation);
        }

        var points = new List<ComparisonPoint> { start };
        var watch = new Stopwatch();
        int skipped = 0;
        for (long step = 1; subject.ForwardPasses < _options.ForwardPasses; step++)
        {
            _cancellation.ThrowIfCancellationRequested();
            watch.Start();
            double rate = options.LearningRates.At(subject.ForwardPasses + 1);
            var record = optimizer.Decide(step, subject.Oracle(step), rate);
            optimizer.Apply(record, _backend);
            skipped += record.Skipped ? 1 : 0;
            watch.Stop();
            if (subject.ForwardPasses * _options.Points >= (long)points.Count * _options.ForwardPasses)
            {
                points.Add(subject.Measure(step, _cancellation));
            }
        }

        return new ComparisonRun(
            options.LearningRate!.Value, options.Seed, skipped, optimizer.StateBytes, watch.Elapsed.TotalSeconds, points);
    }

    private ComparisonSubject Subject(TrainingOptions options, int seed)
    {
        if (_options.Function is { } function)
        {
            return new FunctionSubject(options, function, _options.Dimension, _backend);
        }

        var memory = MemoryCheck.Begin(options, _machine);
        var model = TrainableModel.Load(options, cancellation: _cancellation);
        try
        {
            if (!_examples.TryGetValue(seed, out var examples))
            {
                _examples[seed] = examples = TrainingExamples.Load(options, model, ModelLoader.Tokenizer(model.Checkpoint), _cancellation);
            }

            memory.End(model, examples);
            return new ModelSubject(options, model, _backend, examples);
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }
}
