using System.Diagnostics;
using IlZo.Adapters;
using IlZo.Backends;
using IlZo.Checkpoints;
using IlZo.Datasets;
using IlZo.Models;
using IlZo.Optimizers;
using IlZo.Tasks;

namespace IlZo.Training;

/// <summary>Runs a training: the loop over steps, evaluations and checkpoints.</summary>
public sealed class Trainer : IDisposable
{
    private readonly TrainingOptions _options;
    private readonly IProgress<TrainingProgress>? _progress;
    private readonly RunFolder _folder;
    private readonly LanguageModel _model;
    private readonly TrainingExamples _examples;
    private readonly IBackend _backend;
    private readonly LossEvaluator _evaluator;
    private readonly Optimizer _optimizer;
    private readonly RunLog _log;
    private readonly Stopwatch _watch = Stopwatch.StartNew();

    private Trainer(TrainingOptions options, RunFolder folder, bool resume, IProgress<TrainingProgress>? progress, BackendFactory backends)
    {
        options.Validate();
        _progress = progress;
        _folder = folder;
        try
        {
            _backend = backends(options.Device, options.Threads, options.EngineRequest);
            _options = Resolve(options).With(_backend.Engine);
            _model = TrainableModel.Load(_options);
            _optimizer = TrainableModel.CreateOptimizer(_options, _model);
            _examples = TrainingExamples.Load(_options, _model, ModelLoader.Tokenizer(_model.Checkpoint));
            var configuration = new RunConfiguration(_options, _model.Parameters.Sha256(), _examples.Sha256());
            var run = folder.Start(configuration, resume);
            _log = RunLog.Open(folder, run);
            folder.Continue(run, _backend.Engine, _log.Records.Count);
            _backend.Load(_model.Parameters);
            _evaluator = NewEvaluator(_model);
            var weights = _model.Parameters;
            progress?.Report(new TrainingProgress.Started(
                configuration, _examples, folder.FullPath, weights.Count, weights.TrainedCount, _log.Records.Count));
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>Trains a model, or continues where the run in the folder stands.</summary>
    /// <param name="options">What to do.</param>
    /// <param name="folder">Where to keep the run.</param>
    /// <param name="resume">Whether the folder may hold the beginning of this run.</param>
    /// <param name="progress">Told of every step.</param>
    /// <param name="cancellation">Ends the run after the step in progress; it can be continued.</param>
    /// <param name="backends">Opens the device; only the CPU where it is null.</param>
    /// <exception cref="InvalidInputException">An option, the model, the data or the folder cannot be used.</exception>
    /// <exception cref="OperationCanceledException">The run was ended.</exception>
    public static TrainingResult Train(
        TrainingOptions options,
        RunFolder folder,
        bool resume = false,
        IProgress<TrainingProgress>? progress = null,
        CancellationToken cancellation = default,
        BackendFactory? backends = null)
    {
        using var trainer = new Trainer(options, folder, resume, progress, backends ?? DeviceName.OpenCpu);
        return trainer.Run(cancellation);
    }

    // What there is of it, where the constructor failed.
    public void Dispose()
    {
        _log?.Dispose();
        _backend?.Dispose();
        _optimizer?.Dispose();
        _model?.Dispose();
    }

    private LossEvaluator NewEvaluator(LanguageModel model) =>
        new(model, _backend, _examples.Objective, TrainingOptions.ParseObjective(_options.Objective), _examples.Answers);

    // Paths that hold wherever the run is continued or replayed from, and what the method does where nothing was asked for.
    private static TrainingOptions Resolve(TrainingOptions options) => options with
    {
        Queries = options.Queries ?? OptimizerCatalog.Find(options.Optimizer).Queries,
        Sides = options.Sides ?? OptimizerCatalog.Find(options.Optimizer).Sides[0],
        Directions = options.Directions ?? OptimizerCatalog.Find(options.Optimizer).Directions[0].Name(),
        Opt = MethodOptions.Parse(options.Opt).ToString(),
        DataSeed = options.SamplingSeed,
        Model = options.Model == ModelLoader.BuiltIn ? options.Model : Path.GetFullPath(options.Model),
        Data = options.Data is { } data ? Path.GetFullPath(data) : null,
        ChatTemplate = options.ChatTemplate is { } template ? Path.GetFullPath(template) : null,
        TrainSize = options.TrainSize ?? (options.Task == UserData.TaskName ? null : Sampling.DefaultTrain),
        TestSize = options.TestSize ?? (options.Task == UserData.TaskName ? null : Sampling.DefaultTest),
        Adapter = options.Adapter is null or AdapterOptions.Lora or AdapterOptions.Prefix ? options.Adapter : Path.GetFullPath(options.Adapter),
        Task = File.Exists(options.Task) ? Path.GetFullPath(options.Task) : options.Task,
    };

    private string TrainedFolder => _folder.TrainedFolder(_options);

    private TrainingResult Run(CancellationToken cancellation)
    {
        if (_log.History.ZeroShot is null && _examples.Test.Count > 0)
        {
            _log.ZeroShot(_evaluator.Evaluate(_examples.Test, cancellation));
        }

        if (_log.History.ZeroShot is { } zeroShot)
        {
            _progress?.Report(new TrainingProgress.ZeroShot(zeroShot));
        }

        foreach (var record in _log.Records)
        {
            _optimizer.Apply(record, _backend);
        }

        int skipped = _log.Records.Count(r => r.Skipped);
        long done = _log.Records.Count;
        if (done > _options.Steps)
        {
            throw new InvalidInputException($"'{_folder.TrajectoryFile}' holds {done} steps; --steps of at least as many was expected.");
        }

        if (done > 0)
        {
            EvaluateIfDue(done, cancellation);
        }

        var order = new DataOrder(_options.Seed, _examples.Train.Count, _options.BatchSize);
        for (long step = done + 1; step <= _options.Steps; step++)
        {
            cancellation.ThrowIfCancellationRequested();
            skipped += TrainStep(step, order).Skipped ? 1 : 0;
            EvaluateIfDue(step, cancellation);
        }

        _log.Flush();
        return Finish(skipped, cancellation);
    }

    private StepRecord TrainStep(long step, DataOrder order)
    {
        var (passes, tokens) = (_evaluator.ForwardPasses, _evaluator.Tokens);
        var oracle = new StepOracle(_evaluator, _examples, order, _options.BatchSize, step);
        var record = _optimizer.Decide(step, oracle, _options.LearningRates.At(step));
        double gradient = _optimizer.ProjectedGradient(record);
        _log.Step(record, gradient, _optimizer.Diagnostics(step), _evaluator.ForwardPasses - passes, _evaluator.Tokens - tokens);
        _optimizer.Apply(record, _backend);
        _progress?.Report(new TrainingProgress.Step(record, gradient, _options.Steps));
        return record;
    }

    // The checkpoint is written before the line that says so: a run that is ended in between evaluates again.
    private void EvaluateIfDue(long step, CancellationToken cancellation)
    {
        bool due = step % _options.EvalEvery == 0 || step == _options.Steps;
        if (!due || _examples.Dev.Count == 0 || _log.History.LastEvaluation >= step)
        {
            return;
        }

        var evaluation = _evaluator.Evaluate(_examples.Dev, cancellation);
        bool best = _log.History.Note(step, evaluation.Loss);
        if (best)
        {
            _backend.Store(_model.Parameters);
            _model.SaveTrained(TrainedFolder);
        }

        _log.DevEvaluation(step, evaluation);
        _log.Flush();
        _progress?.Report(new TrainingProgress.DevEvaluation(step, evaluation, best));
    }

    private TrainingResult Finish(int skipped, CancellationToken cancellation)
    {
        _backend.Store(_model.Parameters);
        string sha256 = _model.Parameters.Sha256();
        long selected = _log.History.Best?.Step ?? _options.Steps;
        if (_log.History.Best is null)
        {
            _model.SaveTrained(TrainedFolder);
        }

        var test = _examples.Test.Count > 0 ? EvaluateSelected(selected, cancellation) : null;
        var result = new TrainingResult(
            _log.History.ZeroShot?.Accuracy,
            test?.Accuracy,
            test?.Loss,
            _examples.Test.Count,
            _log.History.Best?.Loss,
            selected,
            _options.Steps,
            _log.History.ForwardPasses,
            _log.History.Tokens,
            _watch.Elapsed.TotalSeconds,
            skipped,
            ProcessMemory.PeakResidentBytes(),
            sha256,
            _folder.FullPath)
        {
            ZeroShotPerplexity = _log.History.ZeroShot?.Perplexity,
            TestPerplexity = test?.Perplexity,
            SkippedRows = _options.SkipBadRows ? _examples.SkippedRows : null,
            ZeroShotF1 = _log.History.ZeroShot?.F1,
            TestF1 = test?.F1,
        };
        AtomicFile.WriteAllText(_folder.ResultFile, result.ToJson() + "\n");
        return result;
    }

    // The weights after the last step are no longer needed, so the selected ones take their place in memory.
    private Evaluation EvaluateSelected(long selected, CancellationToken cancellation)
    {
        if (selected == _options.Steps)
        {
            return _evaluator.Evaluate(_examples.Test, cancellation);
        }

        _model.Dispose();
        using var model = _options.Adapter is null
            ? ModelLoader.Load(TrainedFolder)
            : ModelLoader.Load(_options.Model, TrainingOptions.ParseDType(_options.DType), TrainedFolder);
        _backend.Load(model.Parameters);
        return NewEvaluator(model).Evaluate(_examples.Test, cancellation);
    }
}
