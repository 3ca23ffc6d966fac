using IlZo.Tensors;

namespace IlZo.Optimizers;

/// <summary>A method by its name.</summary>
/// <param name="Name">What the command line calls it.</param>
/// <param name="Description">What it is, in a line.</param>
/// <param name="Make">Makes it; it asks its settings for all of its own options when it is made, and for weights only later.</param>
public sealed record OptimizerMethod(string Name, string Description, Func<OptimizerSettings, Optimizer> Make)
{
    /// <summary>Directions a step where none are asked for.</summary>
    public int Queries { get; init; } = 1;

    /// <summary>The fewest directions a step.</summary>
    public int LeastQueries { get; init; } = 1;

    /// <summary>The most directions a step.</summary>
    public int MostQueries { get; init; } = int.MaxValue;

    /// <summary>On how many sides of the weights it can take losses; the first is the standard.</summary>
    public IReadOnlyList<int> Sides { get; init; } = [2];

    /// <summary>The kinds of directions it works with; the first is the standard.</summary>
    public IReadOnlyList<DirectionKind> Directions { get; init; } =
        [DirectionKind.Gaussian, DirectionKind.Rademacher, DirectionKind.Sphere];

    /// <summary>
    /// The learning rate that suits it, as a multiple of the one that suits <c>mezo</c> on the same weights times what
    /// <see cref="DividesBy"/> says: from publications' ratios where they give some, and no higher than what was measured
    /// (docs/optimizers.md).
    /// </summary>
    public double RateFactor { get; init; } = 1;

    /// <summary>What it divides its update by.</summary>
    public UpdateDivisor DividesBy { get; init; }

    /// <summary>Settings from its publication, or from one that tried it.</summary>
    internal IReadOnlyList<PublishedSetting> Published { get; init; } = [];

    /// <summary>The names of the method's own options.</summary>
    internal IReadOnlyList<string> OptionNames()
    {
        using var none = new ParameterSet([], []);
        var settings = new OptimizerSettings(none);
        using var optimizer = Make(settings);
        return [.. settings.Options.Known];
    }

    /// <exception cref="InvalidInputException">The method cannot do what is asked for.</exception>
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
                $"{Setting.Directions} is {settings.Directions.Name()}; {string.Join(" or ", Directions.Select(d => d.Name()))} was "
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
}
