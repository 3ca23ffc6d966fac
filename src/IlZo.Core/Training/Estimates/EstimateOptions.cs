using System.Globalization;
using IlZo.Functions;
using IlZo.Optimizers;

namespace IlZo.Training;

/// <summary>What is to be measured of gradient estimates.</summary>
/// <param name="Training">
/// The model, the examples, of which the first batch is taken, and what all methods share; <see cref="TrainingOptions.Optimizer"/> and its
/// options do not count.
/// </param>
/// <param name="Optimizers">The methods by their names, each alone or with settings of its own, as in a comparison.</param>
internal sealed record EstimateOptions(TrainingOptions Training, IReadOnlyList<string> Optimizers)
{
    /// <summary>How many estimates are made with each method.</summary>
    public const int DefaultDraws = 100;

    /// <summary>Estimates of each method, two at least.</summary>
    public int Draws { get; init; } = DefaultDraws;

    /// <summary>A function in the place of a model and its task; null for those.</summary>
    public TestFunction? Function { get; init; }

    /// <summary>The variables of the function.</summary>
    public int Dimension { get; init; } = 1000;

    /// <summary>Refuses what cannot be measured, before anything of a model is read.</summary>
    /// <exception cref="InvalidInputException">A number is outside its range, or a method is unknown.</exception>
    public void Validate()
    {
        Require(Optimizers.Count > 0, $"{Setting.Optimizers} is empty; one or more names with commas between them were expected.");
        Require(Optimizers.Distinct().Count() == Optimizers.Count, $"{Setting.Optimizers} names a method twice; each once was expected.");
        Require(
            Function is null || (Dimension >= 1 && (Function.Dimension ?? Dimension) == Dimension),
            $"{Setting.Dimension} is {Dimension}; {Function?.Dimension?.ToString(CultureInfo.InvariantCulture) ?? "1 or more"} was "
                + "expected.");
        Require(
            Training.Objective == TrainingOptions.Loss,
            $"{Setting.Objective} is {Training.Objective}, which has no gradient; {TrainingOptions.Loss} was expected.");
        ComparedVariant.RequireRadius([.. Optimizers.Select(ComparedVariant.Parse)], Training, null);
        foreach (string name in Optimizers)
        {
            var training = Of(name);
            Function?.RequireFit(training.Method);
            training.Validate();
        }
    }

    /// <summary>The resolved settings of a method.</summary>
    /// <param name="name">The method, as it is named here.</param>
    /// <exception cref="InvalidInputException">There is no such method, or a value cannot be used.</exception>
    public TrainingOptions Of(string name) => Presets.Resolve(ComparedVariant.Parse(name).Apply(Training with { Opt = "" }));

    private static void Require(bool condition, string problem)
    {
        if (!condition)
        {
            throw new InvalidInputException(problem);
        }
    }
}
