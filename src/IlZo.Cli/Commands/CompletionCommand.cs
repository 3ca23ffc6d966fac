using System.CommandLine;
using IlZo.Cli.Shell;

namespace IlZo.Cli.Commands;

/// <summary><c>ilzo completion</c>.</summary>
internal static class CompletionCommand
{
    /// <param name="root">Makes the command that is completed.</param>
    public static Command Create(Func<Command> root)
    {
        var command = new Command("completion", "Print a script that completes commands, options and their values in a shell.");
        foreach (var (shell, install, write) in CompletionScripts.All)
        {
            var script = new Command(shell, $"For {shell}: {install}");
            script.SetAction(_ =>
            {
                Terminal.Results.Write(write(CompletedCommand.Of(root())));
                return 0;
            });
            command.Add(script);
        }

        return command;
    }
}
