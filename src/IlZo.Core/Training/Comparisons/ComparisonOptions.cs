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
/// The methods, each alone or with settings of its own after colons: <c>mezo:queries=3</c>, <c>loren:source=true</c>.
/// </param>
public sealed record ComparisonOptions(TrainingOptions Training, IReadOnlyList<string> Optimizers)
{
    /// <summary>Seeds 0 … n − 1 of each method and rate.</summary>
    public int Seeds { get; init; } = 2;

    /// <summary>Forward passes of each run; a run ends with the step that reaches them.</summary>
    public int ForwardPasses { get; init; } = 1000;

    /// <summary>The rates of every method; null for a third of its usual one, that one, and three times it.</summary>
    public IReadOnlyList<double>? LearningRates { get; init; }

    /// <summary>The perturbation radii of every method; null for the usual one alone.</summary>
    public IReadOnlyList<double>? Epsilons { get; init; }

    /// <summary>
    /// Whether a method whose best rate is the lowest or the highest of several gets a further one beyond it, until that is no longer so or
    /// there are four of them.
    /// </summary>
    public bool Widen { get; init; }

    /// <summary>Evaluations of each run, at equal distances in forward passes.</summary>
    public int Points { get; init; } = 8;

    /// <summary>The dev loss whose price in forward passes is asked for; null for none.</summary>
    public double? Target { get; init; }

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
    internal IReadOnlyList<double> RadiiOf(ComparedVariant variant) =>
        Epsilons is { } own ? [.. own.Order()] : [variant.Apply(Training).Epsilon ?? Presets.Of(Training).EpsilonOf(MethodOf(variant))];

    /// <summary>The rates of a method at a radius, in rising order.</summary>
    internal IReadOnlyList<double> RatesOf(ComparedVariant variant, double epsilon)
    {
        if (LearningRates is { } own)
        {
            return [.. own.Order()];
        }

        var preset = Presets.Of(Training);
        double usual = preset.LearningRateOf(MethodOf(variant), Training.LearningRate ?? preset.LearningRate, epsilon);
        return [Preset.Rounded(usual / 3), usual, Preset.Rounded(usual * 3)];
    }

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
        foreach (var variant in Optimizers.Select(ComparedVariant.Parse))
        {
            foreach (double epsilon in RadiiOf(variant))
            {
                foreach (double rate in RatesOf(variant, epsilon))
                {
                    Require(rate > 0 && double.IsFinite(rate), FormattableString.Invariant(
                        $"A learning rate is {rate}; a positive number was expected."));
                    Of(variant, rate, epsilon, 0).Options.Validate();
                }
            }
        }
    }

    /// <summary>One run.</summary>
    internal Trial Of(ComparedVariant variant, double rate, double epsilon, int seed)
    {
        var options = variant.Apply(Training) with { LearningRate = rate, Epsilon = epsilon, Seed = (uint)seed, Steps = ForwardPasses };
        return new Trial(Presets.Resolve(options), Points) { Function = Function, Dimension = Dimension };
    }

    private static void Require(bool condition, string message)
    {
        if (!condition)
        {
            throw new InvalidInputException(message);
        }
    }
}
