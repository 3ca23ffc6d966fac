using IlZo.Adapters;
using IlZo.Checkpoints;
using IlZo.Files;
using IlZo.Models;
using IlZo.Tasks;

namespace IlZo.Training;

/// <content>What a run keeps, and what it comes to.</content>
public sealed partial class Trainer
{
    // Saves what is trained, and returns its SHA-256.
    private string Save(LanguageModel model)
    {
        model.SaveTrained(TrainedFolder, _extraFiles);
        return SavedWeights.Sha256(TrainedFolder);
    }

    // Whether a crash may have come between the saving of weights and the entry that says so; they are then saved once more.
    private bool MaySaveAgain =>
        IsDue(_log.History.Records.Count) || (_examples.Dev.Count == 0 && _log.History.Saved?.Step < _log.History.Records.Count);

    // What a run saved is checked before it goes on, which may replace it. Where others have meanwhile gone on, what they have kept since
    // is made here while their steps are replayed.
    private void RequireSaved()
    {
        if (_log.History.Saved is not { } saved || !Directory.Exists(TrainedFolder) || MaySaveAgain)
        {
            return;
        }

        if (_shared is null)
        {
            SavedRun.RequireSaved(TrainedFolder, saved);
        }
        else if (SavedWeights.Sha256(TrainedFolder) != saved.Sha256)
        {
            Directory.Delete(TrainedFolder, recursive: true);
        }
    }

    // Who trains a run together keeps the same weights.
    private void RequireAsDecided(string? own, string? decided)
    {
        if (own != decided)
        {
            throw new InvalidInputException(
                $"'{TrainedFolder}': the weights to keep have SHA-256 {own ?? "none"} here and {decided ?? "none"} in the run's common "
                    + "log; the same was expected of all who train the run.");
        }
    }

    // Saved weights that are gone are made again while the steps before them are replayed.
    private bool IsMissing(long step) =>
        step == (_log.History.Saved?.Step ?? _log.History.Best?.Step) && !Directory.Exists(TrainedFolder);

    private void RestoreSaved()
    {
        _backend.Store(_model.Parameters);
        Save(_model);
        if (_log.History.Saved is { } saved)
        {
            SavedRun.RequireSaved(TrainedFolder, saved);
        }
    }

    private TrainingResult Finish(CancellationToken cancellation)
    {
        _log.RequireInPlace(_folder);
        _backend.Store(_model.Parameters);
        string sha256 = HashAtEnd();
        _clock.Lap(RunPhase.Saving);
        var history = _log.History;
        long steps = history.Records.Count;
        var (selected, test, isWorse) = history.Best is { } best
            ? (best.Step, TestOf(best.Step, cancellation), steps > 0 && IsWorseOnDev(history))
            : SelectWithoutDev(cancellation);
        _clock.Lap(RunPhase.Evaluation);
        var result = new TrainingResult(
            test?.Loss,
            _examples.Test.Count,
            history.Best?.Loss,
            selected,
            steps,
            history.ForwardPasses,
            history.Tokens,
            _clock.Seconds,
            history.SkippedSteps,
            ProcessMemory.PeakResidentBytes(),
            sha256,
            _folder.FullPath)
        {
            ZeroShot = history.ZeroShot?.Metrics ?? MetricValues.None,
            Test = test?.Metrics ?? MetricValues.None,
            SkippedRows = _options.SkipBadRows ? _examples.SkippedRows : null,
            PartialSteps = history.Records.Count(r => r.IsPartial) is > 0 and var partial ? partial : null,
            DevLossAtStart = history.Start?.Loss,
            EndedWorse = isWorse,
            Stopped = steps < _options.Steps ? _stopRule.Of(history) : null,
            SelectedSha256 = _log.History.Saved?.Sha256,
            Computed = _configuration.Computed,
        };
        AtomicFile.WriteAllText(_folder.ResultFile, result.ToJson() + "\n");
        return result;
    }

    // Weights that are not trained are read from the checkpoint's file all the time, which others can write to.
    private string HashAtEnd()
    {
        var hashes = _model.Parameters.Hashes();
        return hashes.ChangedThoughFrozen(_start) is { } changed
            ? throw new FileChangedException(
                _model.Checkpoint.DisplayName, $"has other bytes in tensor '{changed.Name}', which is not trained,")
            : hashes.Sha256;
    }

    private static bool AllSkipped(RunHistory history) => history.Records.Count > 0 && history.SkippedSteps == history.Records.Count;

    private static bool IsWorseOnDev(RunHistory history) =>
        AllSkipped(history) || (history.Best?.Step == 0 && !(history.BestAfterStart <= history.Start?.Loss));

    // The test loss of what the dev examples have selected.
    private Evaluation? TestOf(long selected, CancellationToken cancellation)
    {
        if (selected == 0)
        {
            KeepStart();
            EndSamplesAtStart();
            return _log.History.ZeroShot;
        }

        if (_log.History.Saved is null)
        {
            // The best step of a run that was begun in format 1.
            Keep(selected, SavedWeights.Sha256(TrainedFolder));
        }

        return selected == _log.History.Records.Count ? Measure(selected, _evaluator, _model, cancellation)
            : _examples.Test.Count == 0 && _sampler is null ? null
            : MeasureSaved(selected, cancellation);
    }

    // The last step is kept, unless what there is to tell says that it is worse than the start.
    private (long Selected, Evaluation? Test, bool IsWorse) SelectWithoutDev(CancellationToken cancellation)
    {
        var history = _log.History;
        long steps = history.Records.Count;
        var test = _examples.Test.Count > 0 ? _evaluator.Evaluate(_examples.Test, cancellation) : null;
        bool worseOnTest = test is not null && history.ZeroShot is { } zeroShot && double.IsFinite(zeroShot.Loss)
            && !(test.Loss <= zeroShot.Loss);
        if (steps > 0 && (AllSkipped(history) || worseOnTest || _stopRule.Of(history) == EarlyStop.Divergence))
        {
            KeepStart();
            EndSamplesAtStart();
            return (0, history.ZeroShot, true);
        }

        Keep(steps, Save(_model));
        EndSamples(steps, _model, cancellation);
        return (steps, test, false);
    }

    // The weights after the last step are no longer needed, so those of the start take their place in memory.
    private void KeepStart()
    {
        _model.Dispose();
        using var start = TrainableModel.Load(_options, _folder);
        Keep(0, Save(start));
    }

    private void Keep(long step, string sha256)
    {
        if (_log.History.Saved == (step, sha256))
        {
            return;
        }

        var entry = _log.Append(() => new SelectionEntry(step, sha256));
        _log.Flush();
        RequireAsDecided(sha256, entry.SavedSha256);
    }

    private Evaluation? Measure(long selected, LossEvaluator evaluator, LanguageModel model, CancellationToken cancellation)
    {
        EndSamples(selected, model, cancellation);
        return _examples.Test.Count == 0 ? null : evaluator.Evaluate(_examples.Test, cancellation);
    }

    // The same for what was saved.
    private Evaluation? MeasureSaved(long selected, CancellationToken cancellation)
    {
        _model.Dispose();
        using var model = _options.Adapter is null
            ? ModelLoader.Load(TrainedFolder, cancellation: cancellation)
            : AdapterFactory.Load(_options.Model, TrainedFolder, _options.DType, cancellation);
        model.Parameters.Train(_ => false);
        TrainableModel.PlanMemory(model, _options, _folder);
        _backend.Load(model.Parameters, cancellation);
        return Measure(selected, NewEvaluator(model, _shared), model, cancellation);
    }

    // Each trainer has its own samples, or none, so that no other does a part of them.
    private void EndSamples(long selected, LanguageModel model, CancellationToken cancellation) =>
        _sampler?.End(BegunSamples(), selected, _sampler.Ask(NewEvaluator(model, null), model, _backend, cancellation))
            .WriteTo(_folder.SamplesFile);

    // What the weights of the start say is known.
    private void EndSamplesAtStart()
    {
        if (_sampler is not null && BegunSamples() is { } begun)
        {
            (begun with { AfterStep = 0, Samples = [.. begun.Samples.Select(s => s with { After = s.Before })] })
                .WriteTo(_folder.SamplesFile);
        }
    }

    // They decide nothing, so what has become unreadable is made anew.
    private RunSamples? BegunSamples()
    {
        try
        {
            return RunSamples.Read(_folder.SamplesFile);
        }
        catch (InvalidInputException)
        {
            return null;
        }
    }
}
