using IlZo.Backends;
using IlZo.Functions;
using IlZo.Optimizers;

namespace IlZo.Training;

/// <summary>What to compare.</summary>
/// <param name="Training">
/// What all runs share; its learning rate is mezo's (null for the preset's), from which those of other methods follow. Its optimizer,
/// steps, seed and evaluation interval have no part, nor has what is said of models and tasks where a function is trained. Warm-up and
/// schedule count forward passes, so that they mean the same for all methods.
/// </param>
/// <param name="Optimizers">
/// The methods, each alone or with settings of its own after colons: <c>mezo:queries=3</c>, <c>kerzoo:source=true</c>.
/// </param>
public sealed record ComparisonOptions(TrainingOptions Training, IReadOnlyList<string> Optimizers)
{
    /// <summary>Seeds of each method and rate, <see cref="FirstSeed"/> and those after it.</summary>
    public int Seeds { get; init; } = 2;

    /// <summary>The first of the seeds; 0 unless others have had a part before, as in the choice of rates.</summary>
    public int FirstSeed { get; init; }

    /// <summary>Forward passes of each run; a run ends with the step that reaches them.</summary>
    public int ForwardPasses { get; init; } = 1000;

    /// <summary>
    /// The rates of every method; null for a third of its usual one, that one, and three times it, or for <see cref="Rates"/>.
    /// </summary>
    public IReadOnlyList<double>? LearningRates { get; init; }

    /// <summary>How many rates every method gets, a factor of √10 apart and around its usual one; null for the three above.</summary>
    public int? Rates { get; init; }

    /// <summary>The one rate and radius of each method by its name, found by another comparison; null to look for them.</summary>
    public IReadOnlyDictionary<string, FrozenSetting>? BestOf { get; init; }

    /// <summary>The perturbation radii of every method; null for the usual one alone.</summary>
    public IReadOnlyList<double>? Epsilons { get; init; }

    /// <summary>
    /// Whether a method whose best rate is the lowest or the highest of several gets a further one beyond it, until that is no longer so or
    /// there are four of them.
    /// </summary>
    public bool Widen { get; init; }

    /// <summary>Evaluations of each run, at equal distances in forward passes.</summary>
    public int Points { get; init; } = 8;

    /// <summary>Whether the test examples are evaluated before the first step and after the last one only, not at each point.</summary>
    public bool TestAtEnd { get; init; }

    /// <summary>The dev loss whose price in forward passes is asked for; null for none.</summary>
    public double? Target { get; init; }

    /// <summary>Runs at a time, each on its part of the threads. Results do not depend on it.</summary>
    public int Jobs { get; init; } = 1;

    /// <summary>A function in the place of a model and its task; null for those.</summary>
    public TestFunction? Function { get; init; }

    /// <summary>The variables of the function.</summary>
    public int Dimension { get; init; } = 1000;

    /// <summary>
    /// The rate that suits <c>mezo</c> on a function: the inverse of its Hessian's trace, beyond about which steps lengthen.
    /// </summary>
    internal static double LearningRateOf(TestFunction function, int dimension) => Preset.Rounded(1 / (function.Curvature * dimension));

    /// <summary>How many runs there are, before <see cref="Widen"/> adds any.</summary>
    public int Runs => Seeds * Optimizers.Select(ComparedVariant.Parse).Sum(v => RadiiOf(v).Sum(e => RatesOf(v, e).Count));

    /// <summary>The radii of a method, in rising order.</summary>
    internal IReadOnlyList<double> RadiiOf(ComparedVariant variant) => FrozenOf(variant) is { } frozen
        ? [frozen.Epsilon]
        : Epsilons is { } own && MethodOf(variant).HasRadius
        ? [.. own.Order()]
        : [variant.Apply(Training).Epsilon ?? Presets.Of(Training).EpsilonOf(MethodOf(variant))];

    /// <summary>The rates of a method at a radius, in rising order.</summary>
    internal IReadOnlyList<double> RatesOf(ComparedVariant variant, double epsilon)
    {
        if (FrozenOf(variant) is { } frozen)
        {
            return [frozen.LearningRate];
        }

        if (LearningRates is { } own)
        {
            return [.. own.Order()];
        }

        var preset = Presets.Of(Training);
        double usual = preset.LearningRateOf(MethodOf(variant), Training.LearningRate ?? preset.LearningRate, epsilon);
        return Rates is { } count
            ? [.. Enumerable.Range(0, count).Select(i => Preset.Rounded(usual * HalfDecades((2 * i) - (count - 1))))]
            : [Preset.Rounded(usual / 3), usual, Preset.Rounded(usual * 3)];
    }

    // 10 to the power of a quarter of a number: steps of √10 are two apart, and an even number of them lies around 1 without it.
    private static double HalfDecades(int quarters) => quarters < 0
        ? 1 / HalfDecades(-quarters)
        : Enumerable.Repeat(Math.Sqrt(Math.Sqrt(10)), quarters).Aggregate(1.0, (product, factor) => product * factor);

    private FrozenSetting? FrozenOf(ComparedVariant variant) => BestOf is null ? null : BestOf.TryGetValue(variant.Name, out var setting)
        ? setting
        : throw new InvalidInputException(
            $"{Setting.BestOf} has no '{variant.Name}'; the methods that were compared there were expected: "
                + $"{string.Join(", ", BestOf.Keys)}.");

    private OptimizerMethod MethodOf(ComparedVariant variant) => OptimizerCatalog.Find(variant.Optimizer, Training.Methods);

    /// <summary>What all runs share with the preset filled in, but for what depends on the method; the rate is mezo's.</summary>
    internal TrainingOptions MezoTraining
    {
        get
        {
            var preset = Presets.Of(Training);
            return Training with
            {
                Task = Presets.TaskOf(Training),
                BatchSize = Training.BatchSize ?? preset.BatchSize,
                LearningRate = Training.LearningRate ?? preset.LearningRate,
                Epsilon = Training.Epsilon ?? preset.Epsilon,
            };
        }
    }

    /// <summary>Refuses what cannot be compared, before anything of a model is read.</summary>
    /// <exception cref="InvalidInputException">A number is outside its range, a method is unknown, or it cannot do what is asked
    /// for.</exception>
    public void Validate()
    {
        Require(Seeds is >= 1 and <= 1000, $"{Setting.Seeds} is {Seeds}; 1 to 1000 was expected.");
        Require(FirstSeed is >= 0 and <= 1_000_000, $"{Setting.FirstSeed} is {FirstSeed}; 0 to 1000000 was expected.");
        TrialQueue.RequireJobs(Jobs, Training);
        Require(Rates is null or (>= 1 and <= 20), $"{Setting.Rates} is {Rates}; 1 to 20 was expected.");
        Require(
            Rates is null || LearningRates is null,
            $"{Setting.Rates} and {Setting.LearningRates} are both given; one of them was expected.");
        Require(
            BestOf is null || (LearningRates is null && Training.LearningRate is null && Rates is null && Epsilons is null
                && Training.Epsilon is null && !Widen),
            $"{Setting.BestOf} is given with other learning rates or radii; those of the folder alone were expected.");
        Require(ForwardPasses >= 1, $"{Setting.ForwardPasses} is {ForwardPasses}; 1 or more was expected.");
        Require(Optimizers.Count > 0, $"{Setting.Optimizers} is empty; one or more names with commas between them were expected.");
        Require(Optimizers.Distinct().Count() == Optimizers.Count, $"{Setting.Optimizers} names a method twice; each once was expected.");
        Require(
            LearningRates is null or { Count: > 0 },
            $"{Setting.LearningRates} is empty; one or more numbers with commas between them were expected.");
        Require(
            LearningRates is null || LearningRates.Distinct().Count() == LearningRates.Count,
            $"{Setting.LearningRates} has a rate twice; each once was expected.");
        Require(
            Epsilons is null or { Count: > 0 },
            $"{Setting.Epsilons} is empty; one or more numbers with commas between them were expected.");
        Require(
            Epsilons is null || Epsilons.Distinct().Count() == Epsilons.Count,
            $"{Setting.Epsilons} has a radius twice; each once was expected.");
        Require(
            Epsilons is null || Training.Epsilon is null,
            $"{Setting.Epsilons} and {Setting.Epsilon} are both given; one of them was expected.");
        Require(Points is >= 1 and <= 10_000, $"{Setting.Points} is {Points}; 1 to 10000 was expected.");
        Require(
            Target is null || double.IsFinite(Target.Value),
            FormattableString.Invariant($"{Setting.Target} is {Target}; a number was expected."));
        Require(
            Training.DevSize is null or > 0,
            $"{Setting.DevSize} is 0; 1 or more was expected, because dev loss decides between learning rates.");
        Require(Training.TestSize is null or > 0, $"{Setting.TestSize} is 0; 1 or more was expected.");
        Require(
            Function is null || (Function.Dimension is { } only ? Dimension == only : Dimension is >= 2 and <= 1_000_000),
            $"{Setting.Dimension} is {Dimension}; "
                + $"{Function?.Dimension?.ToString(System.Globalization.CultureInfo.InvariantCulture) ?? "2 to 1000000"} was expected for "
                + $"{Function?.Name}.");
        Require(
            Function is null || DeviceName.KindOf(Training.Device) is not DeviceKind.Cuda,
            $"{Setting.Device} is {Training.Device} with {Setting.Function}; functions are computed on the CPU, and cpu was expected.");
        Require(
            Training.Schedule == ScheduleShape.Constant || Training.Warmup < ForwardPasses,
            $"{Setting.Warmup} is {Training.Warmup}; fewer than {Setting.ForwardPasses} was expected.");
        var variants = Optimizers.Select(ComparedVariant.Parse).ToList();
        ComparedVariant.RequireRadius(variants, Training, Epsilons?[0]);
        Require(
            !Widen || variants.TrueForAll(v => RatesOf(v, RadiiOf(v)[0]).Count > 1),
            $"{Setting.Widen} is given with one learning rate; two or more, between which there is a distance, were expected.");
        Require(
            Function is null || !TestAtEnd, $"{Setting.TestAtEnd} is given with {Setting.Function}; functions have no test examples.");
        foreach (var variant in variants)
        {
            Function?.RequireFit(MethodOf(variant));
            foreach (double epsilon in RadiiOf(variant))
            {
                foreach (double rate in RatesOf(variant, epsilon))
                {
                    Require(rate > 0 && double.IsFinite(rate), FormattableString.Invariant(
                        $"A learning rate is {rate}; a positive number was expected."));
                    Of(variant, rate, epsilon, FirstSeed).Options.Validate();
                }
            }
        }
    }

    /// <summary>One run.</summary>
    internal Trial Of(ComparedVariant variant, double rate, double epsilon, int seed)
    {
        var options = variant.Apply(Training) with { LearningRate = rate, Epsilon = epsilon, Seed = (uint)seed, Steps = ForwardPasses };
        return new Trial(Presets.Resolve(options), Points) { Function = Function, Dimension = Dimension, TestAtEnd = TestAtEnd };
    }

    private static void Require(bool condition, string message)
    {
        if (!condition)
        {
            throw new InvalidInputException(message);
        }
    }
}
