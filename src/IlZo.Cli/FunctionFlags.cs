using System.CommandLine;
using IlZo.Functions;

namespace IlZo.Cli;

/// <summary>The flags of commands that take a test function in the place of a model and its task.</summary>
/// <param name="more">What else is to be said of it.</param>
internal sealed class FunctionFlags(string more = "")
{
    /// <summary>The settings that a function does not have.</summary>
    public static IReadOnlyList<string> OfModels { get; } =
    [
        "model", "task", "data", "batch-size", "train-size", "dev-size", "test-size", "max-length", "dtype", "shots", "objective",
        "data-seed",
        "engine", "precision", "weight-memory", "write-every", "split-special-tokens", "overcommit",
        .. TrainingSetting.OfTrainedWeights,
    ];

    /// <summary>The function.</summary>
    public Option<string?> Function { get; } = Flags.Text(
        "--function", "NAME",
        $"A test function instead of a model and task: {string.Join(", ", TestFunction.All.Select(f => f.Name))}.{more}");

    /// <summary>Its variables.</summary>
    public Option<int?> Dimension { get; } = Flags.Number<int>(
        "--dimension", "N", "Number of variables (default: 1000, or the function's own).");

    /// <summary>The function, and its variables where they are given or it has but one number of them; null without one.</summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="shared">The settings that the command has flags for.</param>
    /// <exception cref="InvalidInputException">A flag has no meaning beside the others, or there is no such function.</exception>
    public (TestFunction Function, int? Dimension)? Resolve(ParseResult parsed, IEnumerable<TrainingSetting> shared)
    {
        if (parsed.GetValue(Function) is not { } name)
        {
            return parsed.GetValue(Dimension) is null
                ? null
                : throw new InvalidInputException("--dimension was expected only with --function.");
        }

        if (shared.FirstOrDefault(s => OfModels.Contains(s.Name) && parsed.GetValue(s.Flag) is not null) is { } other)
        {
            throw new InvalidInputException($"--{other.Name} says what a function does not have; one of it and --function was expected.");
        }

        var function = TestFunction.Find(name);
        return (function, parsed.GetValue(Dimension) ?? function.Dimension);
    }
}
