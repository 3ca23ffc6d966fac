using System.CommandLine;
using IlZo.Adapters;
using IlZo.Models;

namespace IlZo.Cli;

/// <summary>
/// Flags of a training that nothing would come of, which are refused: a run must not differ in silence from what was asked for.
/// </summary>
internal static class IgnoredFlags
{
    /// <summary>Checks a command line. The values of a file are not: a run's names all settings.</summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="settings">The settings that it has flags for.</param>
    /// <param name="adapter">The adapter that is trained, from wherever it is known.</param>
    /// <exception cref="InvalidInputException">A flag is given that has no meaning beside the others.</exception>
    public static void Refuse(ParseResult parsed, IEnumerable<TrainingSetting> settings, string? adapter)
    {
        string[] given = [.. settings.Where(s => parsed.GetValue(s.Flag) is not null).Select(s => s.Name)];
        foreach (string name in AdapterCatalog.OptionNames.Where(given.Contains))
        {
            string[] kinds = [.. AdapterCatalog.Kinds.Where(k => k.Options.Any(o => o.Name == name)).Select(k => k.Name)];
            if (!kinds.Contains(adapter))
            {
                throw new InvalidInputException(
                    $"--{name} is given without --adapter {string.Join(" or ", kinds)}; the two together were expected.");
            }
        }

        if (given.Contains("shots") && given.Contains("train-size"))
        {
            throw new InvalidInputException("--shots and --train-size are both given; one of them was expected.");
        }
    }
}
