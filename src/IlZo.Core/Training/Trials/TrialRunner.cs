using System.Collections.Concurrent;
using System.Diagnostics;
using IlZo.Backends;

namespace IlZo.Training;

/// <summary>Does the trials of a comparison or a sweep, those that a journal does not have yet.</summary>
/// <param name="backends">The devices, one for each trial that is done at a time; all compute alike.</param>
/// <param name="journal">Keeps what is done; null for nothing.</param>
/// <param name="cancellation">Ends the work between two steps.</param>
internal sealed class TrialRunner(IReadOnlyList<IBackend> backends, TrialJournal? journal, CancellationToken cancellation)
{
    private readonly MachineMemory _machine = MachineMemory.Of(backends[0]).SharedBy(backends.Count);
    private readonly ConcurrentBag<IBackend> _idle = [.. backends];

    // Trials that begin alike have the same examples, the same batches and the same first point.
    private readonly ConcurrentDictionary<string, TrainingExamples> _examples = [];
    private readonly ConcurrentDictionary<string, TrialPoint> _starts = [];
    private readonly ConcurrentDictionary<string, TrialPoint> _measured = [];

    /// <summary>The examples of the first trial that was tried; null where there are none.</summary>
    public TrainingExamples? Examples { get; private set; }

    /// <summary>Opens the device of a study.</summary>
    public static IBackend Open(TrainingOptions options, BackendFactory? backends) =>
        (backends ?? DeviceName.OpenCpu)(options.Device, options.Threads, options.EngineRequest);

    /// <summary>Does a trial, or takes its result from the journal. As many calls as there are devices may be made at a time.</summary>
    /// <param name="trial">The trial.</param>
    /// <returns>Its result, and whether the journal had it.</returns>
    /// <exception cref="InvalidInputException">The model or the data cannot be used, or they are not those of the journal.</exception>
    /// <exception cref="OperationCanceledException">The work was ended.</exception>
    public (TrialRun Run, bool WasKept) Run(Trial trial)
    {
        cancellation.ThrowIfCancellationRequested();
        var engine = backends[0].Engine;
        trial = trial with { Options = trial.Options.With(engine) };
        var identity = trial.Identity(engine.Arithmetic);
        string key = trial.StartKey;
        if (journal?.Find(identity) is { } known)
        {
            Require(known, key);
            _starts.TryAdd(key, known.Run.Points[0]);
            return (known.Run, true);
        }

        var run = OnIdle(backend => Do(trial, key, backend));
        journal?.Append(new TrialEntry(identity, _examples.GetValueOrDefault(key)?.Sha256(), run));
        return (run, false);
    }

    /// <summary>Makes the optimizers of trials that begin alike, so that what one of them does not take is said before any work.</summary>
    /// <param name="trials">The trials, at least one.</param>
    /// <exception cref="InvalidInputException">The model or the data cannot be used, or a method does not fit the model.</exception>
    public void Try(IReadOnlyList<Trial> trials)
    {
        string key = trials[0].StartKey;
        OnIdle(backend =>
        {
            using var subject = Subject(trials[0], key, backend);
            foreach (var trial in trials)
            {
                subject.CreateOptimizer(trial.Options).Dispose();
            }

            return true;
        });
        Examples ??= _examples.GetValueOrDefault(key);
    }

    private T OnIdle<T>(Func<IBackend, T> work)
    {
        if (!_idle.TryTake(out var backend))
        {
            throw new InvalidOperationException($"All {backends.Count} devices are at work.");
        }

        try
        {
            return work(backend);
        }
        finally
        {
            _idle.Add(backend);
        }
    }

    private TrialRun Do(Trial trial, string key, IBackend backend)
    {
        bool isPeakOwn = trial.Function is null && backends.Count == 1 && ProcessMemory.ResetPeak();
        using var subject = Subject(trial, key, backend);
        using var optimizer = subject.CreateOptimizer(trial.Options);
        backend.Load(subject.Parameters, cancellation);
        var start = Start(subject, key);
        var points = new List<TrialPoint> { start };
        var watch = new Stopwatch();
        int skipped = 0;
        for (long step = 1; subject.ForwardPasses < trial.ForwardPasses; step++)
        {
            cancellation.ThrowIfCancellationRequested();
            watch.Start();
            double rate = trial.Options.LearningRates.At(subject.ForwardPasses + 1);
            var record = optimizer.Decide(step, subject.Oracle(step), rate);
            optimizer.Apply(record, backend);
            skipped += record.Skipped ? 1 : 0;
            watch.Stop();
            if (subject.ForwardPasses * trial.Points >= (long)points.Count * trial.ForwardPasses)
            {
                bool isLast = subject.ForwardPasses >= trial.ForwardPasses;
                points.Add(subject.Measure(step, isLast || !trial.TestAtEnd, cancellation));
            }
        }

        var options = trial.Options;
        return new TrialRun(
            options.LearningRate!.Value, options.Epsilon!.Value, options.Seed, skipped, optimizer.StateBytes,
            subject.Parameters.ByteCount, watch.Elapsed.TotalSeconds, points)
        {
            PeakResidentBytes = isPeakOwn ? ProcessMemory.PeakResidentBytes() : null,
        };
    }

    // The first point shows whether a journal's trials had this model and these data.
    private TrialPoint Start(TrialSubject subject, string key)
    {
        if (_measured.TryGetValue(key, out var start))
        {
            return start;
        }

        start = Kept(subject.Measure(0, withTest: true, cancellation));
        if (_starts.TryGetValue(key, out var before) && before != start)
        {
            throw OtherModel();
        }

        return _measured[key] = _starts[key] = start;
    }

    // As a journal gives it back.
    private static TrialPoint Kept(TrialPoint point) => point with
    {
        DevLoss = double.IsFinite(point.DevLoss) ? point.DevLoss : double.NaN,
        TestLoss = point.TestLoss is { } loss && double.IsFinite(loss) ? loss : null,
    };

    private void Require(TrialEntry known, string key)
    {
        bool isOfThese = !_examples.TryGetValue(key, out var examples) || known.ExamplesSha256 == examples.Sha256();
        if (!isOfThese || (_starts.TryGetValue(key, out var start) && start != known.Run.Points[0]))
        {
            throw OtherModel();
        }
    }

    private InvalidInputException OtherModel() => new(
        $"{journal!.FilePath}: got runs of another model or of other data; expected those that are there now, which begin at another point "
            + "or have other examples.");

    private TrialSubject Subject(Trial trial, string key, IBackend backend)
    {
        if (trial.Function is { } function)
        {
            return new FunctionSubject(function, trial.Dimension, backend);
        }

        var subject = ModelSubject.Load(trial.Options, backend, _machine, _examples.GetValueOrDefault(key), cancellation);
        _examples.TryAdd(key, subject.Examples);
        return subject;
    }
}
