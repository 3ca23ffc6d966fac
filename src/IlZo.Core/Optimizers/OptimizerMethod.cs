using IlZo.Backends;
using IlZo.Perturbations;
using IlZo.Tensors;

namespace IlZo.Optimizers;

/// <summary>A named method.</summary>
/// <param name="Name">Its name, for options and the command line.</param>
/// <param name="Description">A one-line description.</param>
/// <param name="Make">Creates it. It must read all of its own options from the settings on creation, and weights only later.</param>
public sealed record OptimizerMethod(string Name, string Description, Func<OptimizerSettings, Optimizer> Make)
{
    /// <summary>The default number of directions per step.</summary>
    public int Queries { get; init; } = 1;

    /// <summary>The minimum number of directions per step.</summary>
    public int LeastQueries { get; init; } = 1;

    /// <summary>The maximum number of directions per step.</summary>
    public int MostQueries { get; init; } = int.MaxValue;

    /// <summary>The numbers of sides of the weights on which it can evaluate losses; the first is the default.</summary>
    public IReadOnlyList<int> Sides { get; init; } = [2];

    /// <summary>The supported kinds of directions; the first is the default.</summary>
    public IReadOnlyList<DirectionKind> Directions { get; init; } =
        [DirectionKind.Gaussian, DirectionKind.Rademacher, DirectionKind.Sphere];

    /// <summary>
    /// A suitable learning rate, as a multiple of that of <c>mezo</c> on the same weights times what <see cref="DividesBy"/> says: the
    /// ratio in its publication if it gives one, and no higher than what was measured (docs/optimizers.md).
    /// </summary>
    public double RateFactor { get; init; } = 1;

    /// <summary>A suitable radius, as a multiple of that of <c>mezo</c> on the same weights; 0 for a method without one.</summary>
    public double RadiusFactor { get; init; } = 1;

    /// <summary>Whether it evaluates losses at a distance from the weights.</summary>
    internal bool HasRadius => RadiusFactor != 0;

    /// <summary>What it takes; what is not losses alone, not every device, engine and objective has.</summary>
    internal PassKind Takes { get; init; }

    /// <summary>What it divides its update by.</summary>
    public UpdateDivisor DividesBy { get; init; }

    /// <summary>Whether it reads the weights a run started from once they have changed, so that they have to be kept.</summary>
    internal bool ReadsStartLater { get; init; }

    /// <summary>Settings from its publication, or from one that evaluated it.</summary>
    internal IReadOnlyList<PublishedSetting> Published { get; init; } = [];

    /// <summary>The options whose default has changed.</summary>
    internal IReadOnlyList<ChangedDefault> ChangedDefaults { get; init; } = [];

    /// <summary>Options of its own as a record says them: those whose default has changed are there, whether they were given or
    /// not.</summary>
    /// <exception cref="InvalidInputException">They are no pairs.</exception>
    internal string Stated(string opt) => Completed(opt, c => c.Now);

    /// <summary>The options of a record, where those that an older one does not say are what they were then.</summary>
    /// <exception cref="InvalidInputException">They are no pairs.</exception>
    internal string Recorded(string opt) => Completed(opt, c => c.First);

    /// <summary>The names of the method's own options.</summary>
    internal IReadOnlyList<string> OptionNames()
    {
        using var none = new ParameterSet([], []);
        var settings = new OptimizerSettings(none);
        using var optimizer = Make(settings);
        return [.. settings.Options.Known];
    }

    /// <exception cref="InvalidInputException">The method does not support a setting.</exception>
    public Optimizer Create(OptimizerSettings settings)
    {
        if (settings.Queries < LeastQueries || settings.Queries > MostQueries)
        {
            string expectation = settings.Queries < LeastQueries ? $"{LeastQueries} or more" : $"{MostQueries} at most";
            throw new InvalidInputException($"{Setting.Queries} is {settings.Queries}; {expectation} was expected for {Name}.");
        }

        if (!Sides.Contains(settings.Sides))
        {
            throw new InvalidInputException($"{Setting.Sides} is {settings.Sides}; {string.Join(" or ", Sides)} was expected for {Name}.");
        }

        if (!Directions.Contains(settings.Directions))
        {
            throw new InvalidInputException(
                $"{Setting.Directions} is {DirectionWords.Instance.Of(settings.Directions)}; "
                    + $"{string.Join(" or ", Directions.Select(d => DirectionWords.Instance.Of(d)))} was "
                    + "expected for "
                    + $"{Name}.");
        }

        var optimizer = Make(settings);
        try
        {
            settings.Options.RequireAllKnown(Name);
            return optimizer;
        }
        catch
        {
            optimizer.Dispose();
            throw;
        }
    }

    private string Completed(string opt, Func<ChangedDefault, string> value)
    {
        if (ChangedDefaults.Count == 0)
        {
            return opt;
        }

        var options = MethodOptions.Parse(opt);
        foreach (var changed in ChangedDefaults)
        {
            options.SetAbsent(changed.Option, value(changed));
        }

        return options.ToString();
    }
}
