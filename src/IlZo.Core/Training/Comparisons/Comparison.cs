using IlZo.Backends;
using IlZo.Backends.Cpu;

namespace IlZo.Training;

/// <summary>What happens in a comparison.</summary>
public abstract record ComparisonProgress
{
    /// <summary>A run has ended, or was taken from the journal.</summary>
    /// <param name="Method">The method.</param>
    /// <param name="Run">What it came to.</param>
    /// <param name="WasKept">Whether it was taken from the journal.</param>
    public sealed record RunEnded(string Method, TrialRun Run, bool WasKept) : ComparisonProgress;

    /// <summary>All runs of a method have ended.</summary>
    /// <param name="SoFar">What is known now.</param>
    public sealed record MethodEnded(ComparisonReport SoFar) : ComparisonProgress;

    private protected ComparisonProgress()
    {
    }
}

/// <summary>Trains with several methods at an equal number of forward passes, each with several learning rates and seeds.</summary>
public sealed class Comparison
{
    private const int MostWidenings = 4;

    private readonly ComparisonOptions _options;
    private readonly IBackend _backend;
    private readonly TrialRunner _runner;
    private readonly IProgress<ComparisonProgress>? _progress;
    private readonly List<ComparedMethod> _methods = [];
    private readonly Dictionary<(string Variant, double Rate, double Epsilon, int Seed), TrialRun> _done = [];

    private Comparison(
        ComparisonOptions options, IBackend backend, TrialJournal? journal, IProgress<ComparisonProgress>? progress,
        CancellationToken cancellation)
    {
        (_options, _backend, _progress) = (options, backend, progress);
        _runner = new TrialRunner(backend, journal, cancellation);
    }

    /// <summary>Runs a comparison.</summary>
    /// <param name="options">What to compare.</param>
    /// <param name="progress">Receives each run and each method when it has ended.</param>
    /// <param name="journal">Keeps the runs that have ended, and has those of an earlier process; null for nothing.</param>
    /// <param name="cancellation">Ends the comparison; the report then has the methods that were complete.</param>
    /// <param name="backends">Opens the device; only the CPU where it is null.</param>
    /// <exception cref="InvalidInputException">An option, the model or the data cannot be used, or the journal's runs began with
    /// others.</exception>
    public static ComparisonReport Run(
        ComparisonOptions options,
        IProgress<ComparisonProgress>? progress = null,
        TrialJournal? journal = null,
        CancellationToken cancellation = default,
        BackendFactory? backends = null)
    {
        options.Validate();
        options = options with { Training = options.Training.WithResultOfRun() };

        // A function's variables are too few to share out, and functions are computed on the CPU.
        using var backend = options.Function is null
            ? TrialRunner.Open(options.Training, backends)
            : new CpuBackend(options.Training.Threads ?? 1);
        var comparison = new Comparison(options, backend, journal, progress, cancellation);
        try
        {
            comparison.RunAll();
            return comparison.Report(isInterrupted: false);
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            return comparison.Report(isInterrupted: true);
        }
    }

    private void RunAll()
    {
        ComparedVariant[] variants = [.. _options.Optimizers.Select(ComparedVariant.Parse)];
        _runner.Try([.. variants.Select(v => _options.Of(v, 1, _options.RadiiOf(v)[0], _options.FirstSeed))]);
        foreach (var variant in variants)
        {
            _methods.Add(RunMethod(variant));
            _progress?.Report(new ComparisonProgress.MethodEnded(Report(isInterrupted: _methods.Count < variants.Length)));
        }
    }

    private ComparedMethod RunMethod(ComparedVariant variant)
    {
        var radii = _options.RadiiOf(variant);
        var grid = radii.ToDictionary(e => e, e => _options.RatesOf(variant, e).ToList());
        var method = RunGrid();
        for (int i = 0; _options.Widen && method.Edge != 0 && i < MostWidenings; i++)
        {
            foreach (var rates in grid.Values)
            {
                var (first, last) = (rates[0], rates[^1]);
                rates.Insert(
                    method.Edge < 0 ? 0 : rates.Count,
                    Preset.Rounded(method.Edge < 0 ? first * first / rates[1] : last * last / rates[^2]));
            }

            method = RunGrid();
        }

        return method;

        // What has been done before is taken from there.
        ComparedMethod RunGrid() => new(variant.Name, [
            .. from epsilon in radii
               from rate in grid[epsilon]
               from seed in Enumerable.Range(_options.FirstSeed, _options.Seeds)
               select RunOne(variant, rate, epsilon, seed),
        ])
        {
            TunedEdge = _options.BestOf?[variant.Name].Edge,
        };
    }

    private TrialRun RunOne(ComparedVariant variant, double rate, double epsilon, int seed)
    {
        if (!_done.TryGetValue((variant.Name, rate, epsilon, seed), out var run))
        {
            (run, bool wasKept) = _runner.Run(_options.Of(variant, rate, epsilon, seed));
            _done[(variant.Name, rate, epsilon, seed)] = run;
            _progress?.Report(new ComparisonProgress.RunEnded(variant.Name, run, wasKept));
        }

        return run;
    }

    private ComparisonReport Report(bool isInterrupted)
    {
        var computed = _options with { Training = _options.MezoTraining.With(_backend.Engine) };
        return new ComparisonReport(
            ComparisonReport.SharedSettings(computed), _options.Seeds, _options.ForwardPasses, isInterrupted, [.. _methods])
        {
            Target = _options.Target,
            SkippedRows = _options.Training.SkipBadRows ? _runner.Examples?.SkippedRows : null,
            Notes = _runner.Examples?.Notes ?? [],
        };
    }
}
