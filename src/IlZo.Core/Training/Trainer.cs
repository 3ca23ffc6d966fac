using System.Diagnostics;
using IlZo.Backends;
using IlZo.Models;
using IlZo.Optimizers;
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

    private Trainer(
        TrainingOptions options,
        RunFolder folder,
        ResumePolicy? resume,
        IProgress<TrainingProgress>? progress,
        BackendFactory backends,
        CancellationToken cancellation)
    {
        options.Validate();
        _progress = progress;
        _folder = folder;
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
            _evaluator = NewEvaluator(_model);
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
        BackendFactory? backends = null)
    {
        using var trainer = new Trainer(options, folder, resume, progress, backends ?? DeviceName.OpenCpu, cancellation);
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

    private LossEvaluator NewEvaluator(LanguageModel model) =>
        new(model, _backend, _examples.Objective, TrainingOptions.ParseObjective(_options.Objective), _examples.Answers, _examples.Metrics);

    private static TrainingOptions Resolve(TrainingOptions options) =>
        (Presets.Resolve(options) with { Opt = MethodOptions.Parse(options.Opt).ToString() }).WithFullPaths();

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

        return RunLog.Open(_folder, run);
    }

    private TrainingResult Run(CancellationToken cancellation)
    {
        _clock.Lap(RunPhase.Loading);
        MeasureStart(cancellation);
        _clock.Lap(RunPhase.Evaluation);
        Replay(cancellation);
        _log.EndReplay();
        _clock.Lap(RunPhase.Loading);
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
            _log.Append(new EvaluationEntry(0, EvaluationSplit.Test, _evaluator.Evaluate(_examples.Test, cancellation)));
        }

        if (history.ZeroShot is { } zeroShot)
        {
            _progress?.Report(new TrainingProgress.ZeroShot(zeroShot));
        }

        if (history.Records.Count == 0 && history.Start is null && _examples.Dev.Count > 0)
        {
            _log.Append(new EvaluationEntry(0, EvaluationSplit.Dev, _evaluator.Evaluate(_examples.Dev, cancellation)));
        }

        if (history.Start is { } start)
        {
            _progress?.Report(new TrainingProgress.DevEvaluation(0, start, false));
        }

        if (history.Records.Count == 0 && !File.Exists(_folder.SamplesFile))
        {
            _sampler?.Begin(_sampler.Ask(_evaluator, _model, _backend, cancellation)).WriteTo(_folder.SamplesFile);
        }
    }

    private void Replay(CancellationToken cancellation)
    {
        var records = new RecordQueue(_optimizer, _backend);
        foreach (var entry in _log.Entries)
        {
            cancellation.ThrowIfCancellationRequested();
            if (entry is StepEntry step)
            {
                _log.Replay(step, _optimizer.ProjectedGradient(step.Record), _optimizer.Diagnostics(step.Step));
                records.Apply(step.Record, cancellation);
                if (IsMissing(step.Step))
                {
                    records.Flush(cancellation);
                    RestoreSaved();
                }
            }
            else if (entry is EvaluationEntry evaluation)
            {
                _log.Replay(evaluation);
            }
        }

        records.Flush(cancellation);
    }

    private void TrainStep(long step, DataOrder order)
    {
        var (passes, tokens) = (_evaluator.ForwardPasses, _evaluator.Tokens);
        var oracle = _options.OracleOf(
            new TrainingStep(_model, _backend, new StepOracle(_evaluator, _examples, order, _options.BatchSize!.Value, step)));
        var record = _optimizer.Decide(step, oracle, _options.LearningRates.At(step));
        double gradient = _optimizer.ProjectedGradient(record);
        var entry = new StepEntry(record, _evaluator.ForwardPasses - passes, _evaluator.Tokens - tokens);
        _log.Append(entry, gradient, _optimizer.Diagnostics(step));
        _optimizer.Apply(record, _backend);
        _clock.Lap(RunPhase.Steps);
        _progress?.Report(new TrainingProgress.Step(record, gradient, _options.Steps));
        _clock.Lap(RunPhase.Other);
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

        var evaluation = _evaluator.Evaluate(_examples.Dev, cancellation);
        _clock.Lap(RunPhase.Evaluation);
        _log.RequireInPlace(_folder);
        _model.Checkpoint.RequireInPlace();
        bool best = _log.History.IsBest(evaluation.Loss);
        if (best)
        {
            _backend.Store(_model.Parameters);
        }

        _log.Append(new EvaluationEntry(step, EvaluationSplit.Dev, evaluation, best ? Save(_model) : null));
        _clock.Lap(RunPhase.Saving);
        _progress?.Report(new TrainingProgress.DevEvaluation(step, evaluation, best));
        _clock.Lap(RunPhase.Other);
    }
}
