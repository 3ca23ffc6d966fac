using System.Diagnostics;
using IlZo.Backends;
using IlZo.Tasks;

namespace IlZo.Training;

/// <summary>What a few steps with a learning rate came to.</summary>
/// <param name="LearningRate">The rate.</param>
/// <param name="Loss">The loss after them on the examples of the search; infinite where it is not finite.</param>
public sealed record LearningRateProbe(double LearningRate, double Loss);

/// <summary>A learning rate and what speaks for it.</summary>
/// <param name="LearningRate">The rate to train with.</param>
/// <param name="LossBefore">The loss before training on the examples of the search.</param>
/// <param name="Examples">How many of the training examples those are.</param>
/// <param name="Steps">The steps of each probe.</param>
/// <param name="Probes">What was tried, by rate.</param>
/// <param name="Best">The rate that did best over so few steps: the lowest with nine tenths of the largest decrease.</param>
/// <param name="EndedByTime">Whether the search ended for want of time, so that a rate beyond may do better.</param>
public sealed record LearningRateSearch(
    double LearningRate,
    double LossBefore,
    int Examples,
    int Steps,
    IReadOnlyList<LearningRateProbe> Probes,
    double Best,
    bool EndedByTime)
{
    private const int MostExamples = 64;
    private const int LeastSteps = 10;
    private const int MostSteps = 100;
    private const int TimedSteps = 3;

    // Probes that the time is divided among; more are made where some of it is left.
    private const int UsualProbes = 6;

    // Of two rates that are as good as each other over a few steps, the lower one is better over many.
    private const double AsGood = 0.9;

    // Rates from the first one to either side.
    private const int MostFromFirst = 6;

    /// <summary>The time that a search takes at most, unless its first probe takes longer.</summary>
    public static TimeSpan MostTime { get; } = TimeSpan.FromMinutes(2.5);

    /// <summary>
    /// Looks for the learning rate of a training by its own first steps, on the same examples and along the same directions at each rate:
    /// from the usual rate by factors of √10 to where the loss falls most, with a worse rate on both sides. What does best over few steps
    /// is too high for many, because the noise of estimates adds up while the slope gets less; a longer training gets the next lower rate.
    /// </summary>
    /// <param name="options">The training; its rate, if it has one, is where the search begins.</param>
    /// <param name="progress">Receives each probe.</param>
    /// <param name="cancellation">Ends the search between two steps.</param>
    /// <param name="backends">Opens the device; only the CPU where it is null.</param>
    /// <exception cref="InvalidInputException">An option, the model or the data cannot be used, or no rate that was tried lowers the
    /// loss.</exception>
    /// <exception cref="OperationCanceledException">The search was ended.</exception>
    public static LearningRateSearch Run(
        TrainingOptions options,
        IProgress<LearningRateProbe>? progress = null,
        CancellationToken cancellation = default,
        BackendFactory? backends = null)
    {
        options.Validate();
        options = options.WithResultOfRun();
        using var backend = TrialRunner.Open(options, backends);
        return new Search(Presets.Resolve(options).With(backend.Engine), backend, progress, cancellation).Run();
    }

    private sealed class Search(
        TrainingOptions options, IBackend backend, IProgress<LearningRateProbe>? progress, CancellationToken cancellation)
    {
        private readonly SortedDictionary<int, LearningRateProbe> _probes = [];
        private readonly Stopwatch _watch = Stopwatch.StartNew();
        private readonly MachineMemory _machine = MachineMemory.Of(backend);
        private TrainingExamples? _examples;
        private EncodedExample[] _measured = [];
        private double _before;
        private int _steps;
        private TimeSpan _longest;

        public LearningRateSearch Run()
        {
            Try(0);
            bool hasTime = Climb(1) && (Best > 0 || Climb(-1));
            if (!(_probes[Best].Loss < _before))
            {
                throw new InvalidInputException(FormattableString.Invariant(
                    $"No learning rate from {_probes.Values.First().LearningRate:R} to {_probes.Values.Last().LearningRate:R} lowers the ")
                    + FormattableString.Invariant($"loss of {_before:F4} within {_steps} steps; another {Setting.Epsilon} or ")
                    + $"{Setting.BatchSize}, or more examples, was expected.");
            }

            double largest = _before - _probes[Best].Loss;
            int chosen = _probes.First(p => _before - p.Value.Loss >= AsGood * largest).Key;
            bool isLong = options.Steps > _steps;
            return new LearningRateSearch(
                Rate(isLong ? chosen - 1 : chosen), _before, _measured.Length, _steps, [.. _probes.Values], Rate(chosen), !hasTime);
        }

        private int Best => _probes.MinBy(p => p.Value.Loss).Key;

        // Goes on while rates get better; false where time ran out before.
        private bool Climb(int direction)
        {
            for (int i = Best + direction; Math.Abs(i) <= MostFromFirst; i += direction)
            {
                if (_watch.Elapsed + _longest > MostTime)
                {
                    return false;
                }

                Try(i);
                if (Best != i)
                {
                    break;
                }
            }

            return true;
        }

        private double Rate(int index)
        {
            double factor = index % 2 == 0 ? 1 : Math.Sqrt(10);
            for (int i = Math.Abs(index) / 2; i > 0; i--)
            {
                factor *= 10;
            }

            double first = options.LearningRate!.Value;
            return Preset.Rounded(index < 0 ? first / factor : first * factor);
        }

        private void Try(int index)
        {
            var began = _watch.Elapsed;
            var trial = options with { LearningRate = Rate(index) };
            using var subject = ModelSubject.Load(trial, backend, _machine, _examples, cancellation);
            _examples = subject.Examples;
            using var optimizer = subject.CreateOptimizer(trial);
            backend.Load(subject.Parameters, cancellation);
            if (_probes.Count == 0)
            {
                _measured = [.. _examples.Train.Take(MostExamples)];
                _before = subject.LossOf(_measured, cancellation);
            }

            var steps = _watch.Elapsed;
            for (int step = 1; step <= (_steps == 0 ? TimedSteps : _steps); step++)
            {
                cancellation.ThrowIfCancellationRequested();
                optimizer.Apply(optimizer.Decide(step, subject.Oracle(step), trial.LearningRate!.Value), backend);
                if (_steps == 0 && step == TimedSteps)
                {
                    var others = steps - began;
                    double room = ((MostTime / UsualProbes) - others).TotalSeconds;
                    _steps = (int)Math.Clamp(room / (_watch.Elapsed - steps).TotalSeconds * TimedSteps, LeastSteps, MostSteps);
                }
            }

            double loss = subject.LossOf(_measured, cancellation);
            _probes[index] = new LearningRateProbe(trial.LearningRate.Value, double.IsFinite(loss) ? loss : double.PositiveInfinity);
            _longest = TimeSpan.FromTicks(Math.Max(_longest.Ticks, (_watch.Elapsed - began).Ticks));
            progress?.Report(_probes[index]);
        }
    }
}
