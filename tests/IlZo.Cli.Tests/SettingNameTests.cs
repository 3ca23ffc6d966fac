using System.CommandLine;
using System.Reflection;

namespace IlZo.Cli.Tests;

/// <summary>Messages of the library name options, which are flags here.</summary>
public class SettingNameTests
{
    [Fact]
    public void Every_option_that_the_library_names_is_a_flag_of_a_command()
    {
        string[] flags = [.. CommandsOf(CommandLine.Root()).SelectMany(c => c.Options).Select(o => o.Name)];
        string[] named = [.. typeof(Setting).GetProperties(BindingFlags.Public | BindingFlags.Static).Select(p => Flags.Of(p.Name))];
        Assert.NotEmpty(named);
        Assert.Empty(named.Except(flags));
    }

    private static IEnumerable<Command> CommandsOf(Command command) => command.Subcommands.SelectMany(CommandsOf).Prepend(command);
}
