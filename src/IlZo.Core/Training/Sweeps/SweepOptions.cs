using IlZo.Backends;
using IlZo.Noise;

namespace IlZo.Training;

/// <summary>How a sweep chooses what it tries.</summary>
public enum SweepStrategy
{
    /// <summary>All combinations of the values.</summary>
    Grid,

    /// <summary>Combinations at random.</summary>
    Random,

    /// <summary>
    /// Successive halving (Jamieson and Talwalkar 2016, arXiv 1502.07943): many combinations for few forward passes, and the best of them
    /// for more, round by round.
    /// </summary>
    Halving,
}

/// <summary>The words of strategies.</summary>
internal sealed class StrategyWords() : Words<SweepStrategy>(
    ("grid", SweepStrategy.Grid), ("random", SweepStrategy.Random), ("halving", SweepStrategy.Halving))
{
    public static StrategyWords Instance { get; } = new();

    protected override string Option => Setting.Strategy;
}

/// <summary>What a sweep tries.</summary>
/// <param name="Training">What all trainings share. Its steps and evaluation interval have no part; warm-up and schedule count forward
/// passes.</param>
/// <param name="Axes">The settings that are varied; at least one.</param>
public sealed record SweepOptions(TrainingOptions Training, IReadOnlyList<SweepAxis> Axes)
{
    /// <summary>Combinations of a random sweep, and of the first round of successive halving, where none are asked for.</summary>
    public const int DefaultTrials = 16;

    /// <summary>Of how many combinations one is kept where nobody says.</summary>
    internal const int DefaultEta = 3;

    /// <summary>The most combinations.</summary>
    internal const int MostTrials = 10_000;

    // How often a combination that was drawn before is drawn again: there may be no other.
    private const int MostDraws = 100;

    /// <summary>How combinations are chosen.</summary>
    public SweepStrategy Strategy { get; init; }

    /// <summary>
    /// Combinations that are drawn; null for 16, and for all of them where successive halving has values alone. A grid has all.
    /// </summary>
    public int? Trials { get; init; }

    /// <summary>Forward passes of each training, which ends with the step that reaches them; of the last round with successive
    /// halving.</summary>
    public int ForwardPasses { get; init; } = 1000;

    /// <summary>Trainings of each combination, with the seed of <see cref="Training"/> and those that follow it.</summary>
    public int Seeds { get; init; } = 1;

    /// <summary>Of how many combinations successive halving keeps one, and by how much each round is longer than the one before.</summary>
    public int Eta { get; init; } = DefaultEta;

    /// <summary>The seed of what is drawn.</summary>
    public uint SweepSeed { get; init; }

    /// <summary>Evaluations of each training, at equal distances in forward passes.</summary>
    public int Points { get; init; } = 8;

    /// <summary>Trainings at a time, each on its part of the threads. Results do not depend on it.</summary>
    public int Jobs { get; init; } = 1;

    /// <summary>The forward passes of each round; one round but with successive halving.</summary>
    internal IReadOnlyList<int> Rounds
    {
        get
        {
            if (Strategy != SweepStrategy.Halving)
            {
                return [ForwardPasses];
            }

            var rounds = new List<int> { ForwardPasses };
            for (int left = Combinations.Count / Eta; left >= 1 && rounds[0] > 1; left /= Eta)
            {
                rounds.Insert(0, (rounds[0] + Eta - 1) / Eta);
            }

            return rounds;
        }
    }

    /// <summary>The combinations of the first round: a value of each axis.</summary>
    internal IReadOnlyList<IReadOnlyList<string>> Combinations =>
        IsDrawn ? Drawn() : [.. Product(0)];

    private bool IsDrawn => Strategy == SweepStrategy.Random
        || (Strategy == SweepStrategy.Halving && (Trials is not null || Axes.Any(a => a.IsRange)));

    /// <summary>Refuses what cannot be tried, before anything of a model is read.</summary>
    /// <exception cref="InvalidInputException">A number is outside its range, or a combination cannot be trained.</exception>
    public void Validate()
    {
        Require(Axes.Count > 0, $"{Setting.Axes} is not given; a setting and its values, as in lr=1e-6,3e-6, were expected.");
        Require(Axes.DistinctBy(a => a.Name).Count() == Axes.Count, $"{Setting.Axes} has a setting twice; each once was expected.");
        Require(Trials is null or (>= 1 and <= MostTrials), $"{Setting.Trials} is {Trials}; 1 to {MostTrials} was expected.");
        Require(ForwardPasses >= 1, $"{Setting.ForwardPasses} is {ForwardPasses}; 1 or more was expected.");
        Require(Seeds is >= 1 and <= 1000, $"{Setting.Seeds} is {Seeds}; 1 to 1000 was expected.");
        TrialQueue.RequireJobs(Jobs, Training);
        Require(Eta is >= 2 and <= 100, $"{Setting.Eta} is {Eta}; 2 to 100 was expected.");
        Require(Points is >= 1 and <= 10_000, $"{Setting.Points} is {Points}; 1 to 10000 was expected.");
        Require(Strategy != SweepStrategy.Grid || Trials is null, $"{Setting.Trials} is {Trials} with a grid, which has all combinations; "
            + $"no {Setting.Trials}, or another {Setting.Strategy}, was expected.");
        Require(Strategy != SweepStrategy.Grid || !Axes.Any(a => a.IsRange), $"{Setting.Axes} has a range, and a grid has values alone; "
            + $"values, or another {Setting.Strategy}, were expected.");
        double product = Axes.Aggregate(1.0, (n, axis) => n * Math.Max(1, axis.Values.Count));
        Require(
            Strategy != SweepStrategy.Grid || product <= MostTrials,
            FormattableString.Invariant($"The grid has {product} combinations; at most {MostTrials} were expected."));
        Require(
            Training.DevSize is null or > 0,
            $"{Setting.DevSize} is 0; 1 or more was expected, because dev loss decides between settings.");
        Require(Training.TestSize is null or > 0, $"{Setting.TestSize} is 0; 1 or more was expected.");
        Require(
            Strategy == SweepStrategy.Halving || Eta == DefaultEta,
            $"{Setting.Eta} is {Eta} with {Setting.Strategy} {StrategyWords.Instance.Of(Strategy)}; it was expected only with halving.");
        Require(
            SweepSeed == 0 || IsDrawn, $"{Setting.SweepSeed} is {SweepSeed}, and nothing is drawn; it was expected only where values are.");
        Require(
            Training.Seed <= uint.MaxValue - (uint)(Seeds - 1),
            $"{Setting.Seed} is {Training.Seed}; {uint.MaxValue - (uint)(Seeds - 1)} or less was expected for {Seeds} {Setting.Seeds}.");
        var alike = new Dictionary<string, string>();
        foreach (var values in Combinations)
        {
            var trial = Of(values, ForwardPasses, 0);
            trial.Options.Validate();
            string described = string.Join(", ", Axes.Zip(values, (axis, value) => $"{axis.Name} {value}"));
            string identity = trial.Identity(string.Empty).ToJsonString();
            Require(
                alike.TryAdd(identity, described),
                $"{Setting.Axes} has '{described}', which trains as '{alike[identity]}' does; values with other results were expected.");
        }
    }

    /// <summary>Options with the values of a combination.</summary>
    internal TrainingOptions With(IReadOnlyList<string> values) =>
        Axes.Zip(values).Aggregate(Training, (options, value) => value.First.Apply(options, value.Second));

    /// <summary>One training.</summary>
    internal Trial Of(IReadOnlyList<string> values, int forwardPasses, int seed) => new(
        Presets.Resolve(With(values) with { Seed = Training.Seed + (uint)seed, Steps = forwardPasses }), Points);

    private IEnumerable<IReadOnlyList<string>> Product(int axis) => axis == Axes.Count
        ? [[]]
        : from value in Axes[axis].Values from rest in Product(axis + 1) select (IReadOnlyList<string>)[value, .. rest];

    private List<IReadOnlyList<string>> Drawn()
    {
        var drawn = new List<IReadOnlyList<string>>();
        var seen = new HashSet<string>();
        int wanted = Trials ?? DefaultTrials;
        for (uint draw = 0; drawn.Count < wanted && draw < (uint)wanted * MostDraws; draw++)
        {
            var key = new NoiseKey(SweepSeed, NoiseStream.Sweep, draw, 0);
            string[] values = [.. Axes.Select((axis, i) => axis.Draw(key, i))];
            if (seen.Add(string.Join('\n', values)))
            {
                drawn.Add(values);
            }
        }

        return drawn;
    }

    private static void Require(bool condition, string message)
    {
        if (!condition)
        {
            throw new InvalidInputException(message);
        }
    }
}
