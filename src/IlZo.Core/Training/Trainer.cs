using System.Diagnostics;
using IlZo.Backends;
using IlZo.Models;
using IlZo.Optimizers;
using IlZo.Tasks;
using IlZo.Tensors;

namespace IlZo.Training;

/// <summary>
/// Runs a training: the loop over steps, evaluations and checkpoints. <c>Trainer.Finish.cs</c> has what follows the last step.
/// </summary>
public sealed partial class Trainer : IDisposable
{
    private readonly TrainingOptions _options;
    private readonly RunConfiguration _configuration;
    private readonly IProgress<TrainingProgress>? _progress;
    private readonly RunFolder _folder;
    private readonly LanguageModel _model;
    private readonly ParameterHashes _start;
    private readonly TrainingExamples _examples;
    private readonly IReadOnlyDictionary<string, byte[]> _extraFiles;
    private readonly IBackend _backend;
    private readonly LossEvaluator _evaluator;
    private readonly Optimizer _optimizer;
    private readonly RunLog _log;
    private readonly RunClock _clock;
    private readonly StopRule _stopRule;
    private readonly Sampler? _sampler;
    private readonly ISharedRun? _shared;

    private Trainer(
        TrainingOptions options,
        RunFolder folder,
        ResumePolicy? resume,
        IProgress<TrainingProgress>? progress,
        BackendFactory backends,
        ISharedRun? shared,
        CancellationToken cancellation)
    {
        options.Validate();
        _progress = progress;
        _folder = folder;
        _shared = shared;
        var watch = Stopwatch.StartNew();
        try
        {
            _backend = backends(options.Device, options.Threads, options.EngineRequest);
            options = Resolve(options.WithResultOfRun()).With(_backend.Engine);
            var memory = MemoryCheck.Begin(options, MachineMemory.Of(_backend), folder);
            _model = TrainableModel.Load(options, folder, cancellation);
            _optimizer = TrainableModel.CreateOptimizer(options, _model, folder.BegunInFormat);
            var tokenizer = ModelLoader.Tokenizer(_model.Checkpoint);
            _examples = TrainingExamples.Load(options, _model, tokenizer, cancellation);
            var found = memory.End(_model, _examples);
            _extraFiles = TrainableModel.ExtraFiles(options, folder);
            _start = _model.Parameters.Hashes(cancellation);
            var asked = new RunConfiguration(options, _start.Sha256, _examples.Sha256()) { Arithmetic = _backend.Engine.Arithmetic };
            var run = folder.Start(asked, resume);
            _options = run.Options.With(_backend.Engine);
            _log = Open(run, resume);
            RequireSaved();
            _clock = RunClock.Open(folder.ClockFile, watch);
            if (_model.Adapter is { } adapter && !Directory.Exists(folder.StartFolder))
            {
                adapter.Save(folder.StartFolder, cancellation: cancellation);
            }

            _configuration = folder.Continue(run, _backend.Engine, _log.History.Records.Count);
            RunEnvironment.Current().WriteTo(folder.EnvironmentFile);

            // What a program's own losses come to is not measured by those of the dev examples.
            _stopRule = new StopRule(_options.Losses is null
                ? _options.StopOnDivergence
                : 0, _options.Patience, TrainingOptions.ParseObjective(_options.Objective));
            _backend.Load(_model.Parameters, cancellation);
            _evaluator = NewEvaluator(_model, shared);
            _sampler = Sampler.Of(_examples, _options.Samples, tokenizer);
            var weights = _model.Parameters;
            progress?.Report(new TrainingProgress.Started(
                _configuration, _examples, folder.FullPath, weights.Count, weights.TrainedCount, _log.History.Records.Count,
                _model.Warnings));
            if (found.Verdict != MemoryVerdict.Fits)
            {
                progress?.Report(new TrainingProgress.MemoryIsTight(found));
            }
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>Trains a model, or resumes the run in the folder.</summary>
    /// <param name="options">The configuration of the run.</param>
    /// <param name="folder">The folder in which to keep the run.</param>
    /// <param name="resume">How a run that has already begun in the folder may be resumed; null if it must not be.</param>
    /// <param name="progress">Receives what happens in the run, such as each step and evaluation.</param>
    /// <param name="cancellation">Ends the run after the step in progress; the run can be resumed.</param>
    /// <param name="backends">Opens the device; if null, only the CPU is available.</param>
    /// <exception cref="InvalidInputException">An option, the model, the data or the folder cannot be used.</exception>
    /// <exception cref="OperationCanceledException">The run was cancelled.</exception>
    public static TrainingResult Train(
        TrainingOptions options,
        RunFolder folder,
        ResumePolicy? resume = null,
        IProgress<TrainingProgress>? progress = null,
        CancellationToken cancellation = default,
        BackendFactory? backends = null) =>
        TrainShared(options, folder, null, resume, progress, cancellation, backends);

    /// <summary>Trains a model together with others, or alone.</summary>
    /// <param name="options">The configuration of the run.</param>
    /// <param name="folder">The folder in which this trainer keeps the run.</param>
    /// <param name="shared">The run as others train it too; null where none do.</param>
    /// <param name="resume">How a run that has already begun in the folder may be resumed; null if it must not be.</param>
    /// <param name="progress">Receives what happens in the run, such as each step and evaluation.</param>
    /// <param name="cancellation">Ends the run after the step in progress; the run can be resumed.</param>
    /// <param name="backends">Opens the device; if null, only the CPU is available.</param>
    internal static TrainingResult TrainShared(
        TrainingOptions options,
        RunFolder folder,
        ISharedRun? shared,
        ResumePolicy? resume = null,
        IProgress<TrainingProgress>? progress = null,
        CancellationToken cancellation = default,
        BackendFactory? backends = null)
    {
        using var trainer = new Trainer(options, folder, resume, progress, backends ?? DeviceName.OpenCpu, shared, cancellation);
        return trainer.Run(cancellation);
    }

    /// <summary>Trains a model in the background, or resumes the run in the folder.</summary>
    /// <inheritdoc cref="Train"/>
    public static Task<TrainingResult> TrainAsync(
        TrainingOptions options,
        RunFolder folder,
        ResumePolicy? resume = null,
        IProgress<TrainingProgress>? progress = null,
        CancellationToken cancellation = default,
        BackendFactory? backends = null) =>
        Task.Run(() => Train(options, folder, resume, progress, cancellation, backends), cancellation);

    /// <summary>Releases the run's resources: those acquired so far, if the constructor failed.</summary>
    public void Dispose()
    {
        _clock?.Dispose();
        _log?.Dispose();
        _backend?.Dispose();
        _optimizer?.Dispose();
        _model?.Dispose();
    }

    private LossEvaluator NewEvaluator(LanguageModel model, ISharedRun? shared) => new(
        model, _backend, _examples.Objective, TrainingOptions.ParseObjective(_options.Objective), _examples.Answers, _examples.Metrics,
        shared);

    private static TrainingOptions Resolve(TrainingOptions options)
    {
        var resolved = Presets.Resolve(options);
        return (resolved with { Opt = MethodOptions.Parse(resolved.Opt).ToString() }).WithFullPaths();
    }

    private string TrainedFolder => _folder.TrainedFolder(_options);

    // A log that is too short, or in format 1, is found before anything is written.
    private RunLog Open(RunConfiguration run, ResumePolicy? resume)
    {
        var content = _folder.ReadTrajectory();
        if (resume is { AllowShortLog: false })
        {
            LogLength.Require(_folder, content?.Records.Count ?? 0);
        }

        if (content is { Version: 1 })
        {
            FirstRunFormat.Upgrade(_folder, run, _examples.Dev.Count);
        }

        return RunLog.Open(_folder, run, _backend.Engine, _shared, _optimizer.AveragesQueries);
    }

    private TrainingResult Run(CancellationToken cancellation)
    {
        _clock.Lap(RunPhase.Loading);
        BeginSamples(cancellation);
        _clock.Lap(RunPhase.Evaluation);
        Replay(cancellation);
        _log.EndReplay();
        _clock.Lap(RunPhase.Loading);
        MeasureStart(cancellation);
        _clock.Lap(RunPhase.Evaluation);
        var history = _log.History;
        long done = history.Records.Count;
        if (done > 0)
        {
            EvaluateIfDue(done, cancellation);
        }

        var order = new DataOrder(_options.Seed, _examples.Train.Count, _options.BatchSize!.Value);
        while (done < _options.Steps && _stopRule.Of(history) is null)
        {
            cancellation.ThrowIfCancellationRequested();
            TrainStep(++done, order);
            EvaluateIfDue(done, cancellation);
            _clock.Tick();
        }

        _log.Flush();
        return Finish(cancellation);
    }

    // Before the first step, so that what the run comes to can be held against it.
    private void MeasureStart(CancellationToken cancellation)
    {
        var history = _log.History;
        if (_log.Entries.Count == 0 && _examples.Test.Count > 0)
        {
            Evaluate(EvaluationSplit.Test, _examples.Test, cancellation);
        }

        if (history.ZeroShot is { } zeroShot)
        {
            _progress?.Report(new TrainingProgress.ZeroShot(zeroShot));
        }

        if (history.Records.Count == 0 && history.Start is null && _examples.Dev.Count > 0)
        {
            Evaluate(EvaluationSplit.Dev, _examples.Dev, cancellation);
        }

        if (history.Start is { } start)
        {
            _progress?.Report(new TrainingProgress.DevEvaluation(0, start, false));
        }
    }

    // With the weights of the start, which whoever joins a run has before the steps of others are replayed.
    private void BeginSamples(CancellationToken cancellation)
    {
        if ((_log.History.Records.Count == 0 || _shared is not null) && !File.Exists(_folder.SamplesFile))
        {
            _sampler?.Begin(_sampler.Ask(NewEvaluator(_model, null), _model, _backend, cancellation)).WriteTo(_folder.SamplesFile);
        }
    }

    private void Evaluate(EvaluationSplit split, IReadOnlyList<EncodedExample> examples, CancellationToken cancellation)
    {
        _log.Write(_log.Append(() => new EvaluationEntry(0, split, _evaluator.Evaluate(examples, cancellation))));
        _log.Flush();
    }

    private void Replay(CancellationToken cancellation)
    {
        var records = new RecordQueue(_optimizer, _backend);
        foreach (var entry in _log.Entries)
        {
            cancellation.ThrowIfCancellationRequested();
            if (entry is StepEntry step)
            {
                _log.Write(step, _optimizer.ProjectedGradient(step.Record), _optimizer.Diagnostics(step.Step));
                records.Apply(step.Record, cancellation);
                if (IsMissing(step.Step))
                {
                    records.Flush(cancellation);
                    RestoreSaved();
                }
            }
            else if (entry is EvaluationEntry evaluation)
            {
                _log.Write(evaluation);
            }
        }

        records.Flush(cancellation);
    }

    private void TrainStep(long step, DataOrder order)
    {
        var entry = _log.Append(() => Decide(step, order));
        double gradient = _optimizer.ProjectedGradient(entry.Record);
        _log.Write(entry, gradient, _optimizer.Diagnostics(step));
        _optimizer.Apply(entry.Record, _backend);
        _clock.Lap(RunPhase.Steps);
        _progress?.Report(new TrainingProgress.Step(entry.Record, gradient, _options.Steps));
        _shared?.Mark(step, HashNow);
        _clock.Lap(RunPhase.Other);
    }

    private StepEntry Decide(long step, DataOrder order)
    {
        var (passes, tokens) = (_evaluator.ForwardPasses, _evaluator.Tokens);
        var oracle = _options.OracleOf(
            new TrainingStep(_model, _backend, new StepOracle(_evaluator, _examples, order, _options.BatchSize!.Value, step)));
        var record = _optimizer.Decide(step, oracle, _options.LearningRates.At(step));
        return new StepEntry(record, _evaluator.ForwardPasses - passes, _evaluator.Tokens - tokens);
    }

    private string HashNow()
    {
        _backend.Store(_model.Parameters);
        return _model.Parameters.Sha256();
    }

    private bool IsDue(long step) =>
        (step % _options.EvalEvery == 0 || step == _options.Steps) && _examples.Dev.Count > 0 && _log.History.LastEvaluation < step;

    // The weights are saved before the entry that says so: a run that is ended in between evaluates again.
    private void EvaluateIfDue(long step, CancellationToken cancellation)
    {
        if (!IsDue(step))
        {
            return;
        }

        string? own = null;
        var entry = _log.Append(() =>
        {
            var evaluated = EvaluateDev(step, cancellation);
            own = evaluated.SavedSha256;
            return evaluated;
        });
        _log.Write(entry);
        _log.Flush();
        if (entry.SavedSha256 is not null && own is null)
        {
            // Decided elsewhere.
            _backend.Store(_model.Parameters);
            own = Save(_model);
        }

        RequireAsDecided(own, entry.SavedSha256);
        _clock.Lap(RunPhase.Saving);
        _progress?.Report(new TrainingProgress.DevEvaluation(step, entry.Evaluation, entry.SavedSha256 is not null));
        _clock.Lap(RunPhase.Other);
    }

    private EvaluationEntry EvaluateDev(long step, CancellationToken cancellation)
    {
        var evaluation = _evaluator.Evaluate(_examples.Dev, cancellation);
        _clock.Lap(RunPhase.Evaluation);
        _log.RequireInPlace(_folder);
        _model.Checkpoint.RequireInPlace();
        bool best = _log.History.IsBest(evaluation.Loss);
        if (best)
        {
            _backend.Store(_model.Parameters);
        }

        return new EvaluationEntry(step, EvaluationSplit.Dev, evaluation, best ? Save(_model) : null);
    }
}
