using IlZo.Backends;

namespace IlZo.Training;

/// <summary>What happens in a sweep.</summary>
public abstract record SweepProgress
{
    /// <summary>A training has ended, or was taken from the journal.</summary>
    /// <param name="Round">The round, counted from 1.</param>
    /// <param name="Trial">The combination, with the trainings that have ended so far.</param>
    /// <param name="WasKept">Whether the training was taken from the journal.</param>
    public sealed record RunEnded(int Round, SweepTrial Trial, bool WasKept) : SweepProgress;

    /// <summary>All trainings of a combination have ended.</summary>
    /// <param name="SoFar">What is known now.</param>
    public sealed record TrialEnded(SweepReport SoFar) : SweepProgress;

    private protected SweepProgress()
    {
    }
}

/// <summary>Trains with many combinations of settings at equal forward passes and finds the one with the lowest dev loss.</summary>
public sealed class Sweep
{
    private readonly SweepOptions _options;
    private readonly TrialQueue _queue;
    private readonly IProgress<SweepProgress>? _progress;
    private readonly List<(int ForwardPasses, List<(IReadOnlyList<string> Values, SweepTrial Trial)> Trials)> _rounds = [];

    private Sweep(SweepOptions options, TrialQueue queue, IProgress<SweepProgress>? progress) =>
        (_options, _queue, _progress) = (options, queue, progress);

    /// <summary>Runs a sweep.</summary>
    /// <param name="options">What to try.</param>
    /// <param name="progress">Receives each training when it has ended.</param>
    /// <param name="journal">Keeps the trainings that have ended, and has those of an earlier process; null for nothing.</param>
    /// <param name="cancellation">Ends the sweep; the report then has what was complete.</param>
    /// <param name="backends">Opens the device; only the CPU where it is null.</param>
    /// <exception cref="InvalidInputException">An option, the model or the data cannot be used, or the journal's trainings began with
    /// others.</exception>
    public static SweepReport Run(
        SweepOptions options,
        IProgress<SweepProgress>? progress = null,
        TrialJournal? journal = null,
        CancellationToken cancellation = default,
        BackendFactory? backends = null)
    {
        options.Validate();
        options = options with { Training = options.Training.WithResultOfRun() };
        using var queue = new TrialQueue(options.Training, options.Jobs, journal, backends ?? DeviceName.OpenCpu, cancellation);
        var sweep = new Sweep(options, queue, progress);
        try
        {
            sweep.RunAll();
            return sweep.Report(isInterrupted: false);
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            return sweep.Report(isInterrupted: true);
        }
    }

    private void RunAll()
    {
        var left = _options.Combinations.Select((values, i) => (Number: i + 1, Values: values)).ToList();
        foreach (var alike in left.Select(c => _options.Of(c.Values, _options.ForwardPasses, 0)).GroupBy(t => t.StartKey))
        {
            _queue.Try([.. alike]);
        }

        foreach (int forwardPasses in _options.Rounds)
        {
            _rounds.Add((forwardPasses, []));
            var asked = left.ConvertAll(c => (c.Number, c.Values, Runs: Ask(c.Values, forwardPasses)));
            foreach (var (number, values, runs) in asked)
            {
                _rounds[^1].Trials.Add((values, RunOne(number, values, runs)));
                _progress?.Report(new SweepProgress.TrialEnded(Report(isInterrupted: true)));
            }

            left = [.. Sorted(_rounds[^1].Trials).Take(Math.Max(1, left.Count / _options.Eta)).Select(t => (t.Trial.Number, t.Values))];
        }
    }

    private QueuedTrial[] Ask(IReadOnlyList<string> values, int forwardPasses) =>
        [.. Enumerable.Range(0, _options.Seeds).Select(seed => _queue.Add(_options.Of(values, forwardPasses, seed), rank: 0))];

    private SweepTrial RunOne(int number, IReadOnlyList<string> values, QueuedTrial[] runs)
    {
        var settings = _options.Axes.Select(a => a.Name).Zip(values).ToDictionary(v => v.First, v => v.Second);
        var trial = new SweepTrial(number, settings, []);
        foreach (var queued in runs)
        {
            var (run, wasKept) = _queue.Wait(queued);
            trial = trial with { Runs = [.. trial.Runs, run] };
            _progress?.Report(new SweepProgress.RunEnded(_rounds.Count, trial, wasKept));
        }

        return trial;
    }

    private static IEnumerable<(IReadOnlyList<string> Values, SweepTrial Trial)> Sorted(
        IEnumerable<(IReadOnlyList<string> Values, SweepTrial Trial)> trials) =>
        trials.OrderBy(t => t.Trial.DevLoss).ThenBy(t => t.Trial.Number);

    private SweepReport Report(bool isInterrupted)
    {
        var shared = new ComparisonOptions(Presets.Resolve(_options.Training).With(_queue.Engine), []);
        var settings = ComparisonReport.SharedSettings(shared);
        foreach (string name in _options.Axes.Select(a => a.Name.Replace('-', '_')))
        {
            settings.Remove(name);
        }

        var best = _rounds.Where(r => r.Trials.Count > 0).Select(r => Sorted(r.Trials).First()).LastOrDefault();
        return new SweepReport(
            settings, _options.Strategy, _options.Seeds, isInterrupted,
            [.. _rounds.Select(r => new SweepRound(r.ForwardPasses, [.. Sorted(r.Trials).Select(t => t.Trial)]))])
        {
            BestTraining = best.Trial is null ? null : TrainingOf(best.Values, best.Trial),
            SkippedRows = _options.Training.SkipBadRows ? _queue.Examples?.SkippedRows : null,
            Notes = _queue.Examples?.Notes ?? [],
        };
    }

    // A training counts steps where a sweep counts forward passes.
    private TrainingOptions TrainingOf(IReadOnlyList<string> values, SweepTrial trial)
    {
        var options = _options.With(values);
        var run = trial.Runs[0];
        return options.WithFullPaths() with
        {
            Steps = (int)run.Steps,
            EvalEvery = (int)Math.Max(1, run.Steps / _options.Points),
            Warmup = (int)Math.Round((double)options.Warmup * run.Steps / run.ForwardPasses),
        };
    }
}
