using System.CommandLine;

namespace IlZo.Cli.Shell;

/// <summary>An option, as a shell completes it.</summary>
/// <param name="Name">Its name with dashes.</param>
/// <param name="HasValue">Whether a value follows.</param>
/// <param name="MayBePath">Whether that may be a path.</param>
/// <param name="Values">The values that can be named.</param>
internal sealed record CompletedOption(string Name, bool HasValue, bool MayBePath, IReadOnlyList<string> Values);

/// <summary>A command, as a shell completes it.</summary>
/// <param name="Place">The words that lead to it, with spaces between them.</param>
/// <param name="Commands">The words that may follow.</param>
/// <param name="Options">Its options.</param>
/// <param name="TakesPath">Whether a path may follow that belongs to no option.</param>
internal sealed record CompletedCommand(
    string Place, IReadOnlyList<string> Commands, IReadOnlyList<CompletedOption> Options, bool TakesPath)
{
    /// <summary>All words that may follow.</summary>
    public IEnumerable<string> Words => [.. Commands, .. Options.Select(o => o.Name)];

    /// <summary>A program's commands, each before those below it.</summary>
    public static IReadOnlyList<CompletedCommand> Of(Command command, string place = "ilzo") =>
    [
        new CompletedCommand(
            place,
            [.. command.Subcommands.Where(c => !c.Hidden).Select(c => c.Name)],
            [
                .. command.Options.Where(o => !o.Hidden && o.Name != Help).Select(Complete),
                new CompletedOption(Help, HasValue: false, MayBePath: false, []),
            ],
            command.Arguments.Count > 0),
        .. command.Subcommands.Where(c => !c.Hidden).SelectMany(c => Of(c, $"{place} {c.Name}")),
    ];

    private const string Help = "--help";

    private static CompletedOption Complete(Option option) => OptionValues.Has(option)
        ? new CompletedOption(option.Name, HasValue: true, OptionValues.MayBePath(option), OptionValues.Of(option))
        : new CompletedOption(option.Name, HasValue: false, MayBePath: false, []);
}
