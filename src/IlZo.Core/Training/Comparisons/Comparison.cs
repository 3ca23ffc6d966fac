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
    private readonly TrialQueue _queue;
    private readonly IProgress<ComparisonProgress>? _progress;
    private readonly List<ComparedMethod> _methods = [];
    private readonly Dictionary<(string Variant, double Rate, double Epsilon, int Seed), QueuedTrial> _asked = [];
    private readonly HashSet<QueuedTrial> _reported = [];

    private Comparison(ComparisonOptions options, TrialQueue queue, IProgress<ComparisonProgress>? progress) =>
        (_options, _queue, _progress) = (options, queue, progress);

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
        using var queue = options.Function is null
            ? new TrialQueue(options.Training, options.Jobs, journal, backends ?? DeviceName.OpenCpu, cancellation)
            : new TrialQueue(
                options.Training with { Threads = options.Training.Threads ?? options.Jobs }, options.Jobs, journal,
                (_, threads, _) => new CpuBackend(threads), cancellation);
        var comparison = new Comparison(options, queue, progress);
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
        _queue.Try([.. variants.Select(v => _options.Of(v, 1, _options.RadiiOf(v)[0], _options.FirstSeed))]);
        for (int i = 0; i < variants.Length; i++)
        {
            foreach (double epsilon in _options.RadiiOf(variants[i]))
            {
                Ask(variants[i], _options.RatesOf(variants[i], epsilon), epsilon, rank: i);
            }
        }

        for (int i = 0; i < variants.Length; i++)
        {
            _methods.Add(RunMethod(variants[i], rank: i));
            _progress?.Report(new ComparisonProgress.MethodEnded(Report(isInterrupted: _methods.Count < variants.Length)));
        }
    }

    // What was asked for before is not asked for again.
    private void Ask(ComparedVariant variant, IEnumerable<double> rates, double epsilon, int rank)
    {
        foreach (double rate in rates)
        {
            foreach (int seed in Seeds)
            {
                var key = (variant.Name, rate, epsilon, seed);
                if (!_asked.ContainsKey(key))
                {
                    _asked[key] = _queue.Add(_options.Of(variant, rate, epsilon, seed), rank);
                }
            }
        }
    }

    private IEnumerable<int> Seeds => Enumerable.Range(_options.FirstSeed, _options.Seeds);

    private ComparedMethod RunMethod(ComparedVariant variant, int rank)
    {
        var radii = _options.RadiiOf(variant);
        var grid = radii.ToDictionary(e => e, e => _options.RatesOf(variant, e).ToList());
        var method = RunGrid();
        for (int i = 0; _options.Widen && method.Edge != 0 && i < MostWidenings; i++)
        {
            foreach (var (epsilon, rates) in grid)
            {
                var (first, last) = (rates[0], rates[^1]);
                rates.Insert(
                    method.Edge < 0 ? 0 : rates.Count,
                    Preset.Rounded(method.Edge < 0 ? first * first / rates[1] : last * last / rates[^2]));
                Ask(variant, rates, epsilon, rank);
            }

            method = RunGrid();
        }

        return method;

        ComparedMethod RunGrid() => new(variant.Name, [
            .. from epsilon in radii
               from rate in grid[epsilon]
               from seed in Seeds
               select Result(variant, rate, epsilon, seed),
        ])
        {
            Opt = Presets.Resolve(variant.Apply(_options.Training)).Opt,
            TunedEdge = _options.BestOf?[variant.Name].Edge,
        };
    }

    private TrialRun Result(ComparedVariant variant, double rate, double epsilon, int seed)
    {
        var queued = _asked[(variant.Name, rate, epsilon, seed)];
        var (run, wasKept) = _queue.Wait(queued);
        if (_reported.Add(queued))
        {
            _progress?.Report(new ComparisonProgress.RunEnded(variant.Name, run, wasKept));
        }

        return run;
    }

    private ComparisonReport Report(bool isInterrupted)
    {
        var computed = _options with { Training = _options.MezoTraining.With(_queue.Engine) };
        return new ComparisonReport(
            ComparisonReport.SharedSettings(computed), _options.Seeds, _options.ForwardPasses, isInterrupted, [.. _methods])
        {
            Target = _options.Target,
            SkippedRows = _options.Training.SkipBadRows ? _queue.Examples?.SkippedRows : null,
            Notes = _queue.Examples?.Notes ?? [],
        };
    }
}
