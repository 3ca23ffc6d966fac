using System.CommandLine;

namespace IlZo.Cli.Tests.Documentation;

/// <summary>The documented commands are those of the program: all are parsed, and run unless <see cref="NotRun"/> says why not.</summary>
public sealed class DocumentedCommandTests
{
    private static readonly IReadOnlyList<DocumentedCommand> s_all = DocumentedCommand.All;

    /// <summary>Pages with commands that can be run.</summary>
    public static TheoryData<string> Pages => [.. s_all.Where(IsRun).Select(command => command.Page).Distinct()];

    [Fact]
    public void Every_command_of_ilzo_is_understood()
    {
        None(
            from command in s_all
            where command.IsIlzo
            from error in Errors(command.Words.Skip(1))
            select $"{command}: {error}");
        Assert.NotEmpty(Errors(["train", "--learning-speed", "1"]));
        Assert.True(s_all.Count(command => command.IsIlzo) > 80);
    }

    [Fact]
    public void Every_command_is_run_or_listed_with_a_reason() => None(
        from command in s_all
        where IsRun(command) && !command.IsIlzo && !DocumentedRun.Programs.Contains(command.Words[0])
        select $"{command}");

    [Fact]
    public void Every_entry_of_the_lists_is_about_a_command()
    {
        DocumentedCommand[] run = [.. s_all.Where(IsRun)];
        None(NotRun.All.Where(e => !s_all.Any(command => NotRun.IsAbout(e.Commands, command))).Select(e => e.Commands));
        None(NotRun.EachNight.Where(e => !run.Any(command => NotRun.IsAbout(e, command))).Select(e => $"{e.Page}: {e.Commands}"));
        None(ShortCommand.All.Except(run.Select(ShortCommand.EntryAbout)).Select(e => e.Words));
        None(Placeholders.All.Keys.Where(path => !run.Any(command => Placeholders.IsIn(command, path))));
    }

    [Fact]
    public void Files_of_the_repository_that_other_commands_name_are_there() => None(
        from command in s_all
        where !command.IsIlzo
        from word in command.Words
        where word.Contains('/') && Directory.Exists(DocumentedCommand.InRepository(word.Split('/')[0]))
        where !Path.Exists(DocumentedCommand.InRepository(word))
        select $"{command}: {word}");

    [Theory]
    [MemberData(nameof(Pages))]
    public void The_commands_of_a_page_succeed(string page)
    {
        DocumentedCommand[] commands = [.. s_all.Where(command => command.Page == page && IsRun(command) && IsNow(command))];
        Assert.SkipWhen(commands.Length == 0, "ILZO_TEST_LONG is not 1.");
        using var folder = new TempFolder();
        Placeholders.Make(folder, commands);
        var run = new DocumentedRun(folder.Path);
        var failures = new List<string>();
        foreach (var command in commands)
        {
            var outcome = run.Run(command);
            if (outcome.ExitCode != 0)
            {
                failures.Add($"{command}: exit code {outcome.ExitCode}: {outcome.Errors}");
            }
        }

        None(failures);
    }

    // Unlike Assert.Empty, shows all of them in full.
    private static void None(IEnumerable<string> wrong)
    {
        string all = string.Join('\n', wrong);
        Assert.True(all.Length == 0, all);
    }

    private static bool IsRun(DocumentedCommand command) => !NotRun.All.Any(entry => NotRun.IsAbout(entry.Commands, command));

    private static bool IsNow(DocumentedCommand command) =>
        Core.Tests.LongTests.Run || !NotRun.EachNight.Any(entry => NotRun.IsAbout(entry, command));

    private static IEnumerable<string> Errors(IEnumerable<string> arguments) => CommandLine.Root()
        .Parse([.. arguments], new ParserConfiguration { ResponseFileTokenReplacer = null }).Errors.Select(error => error.Message);
}
