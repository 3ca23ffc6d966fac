using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Parsing;
using IlZo.Cli.Shell;
using IlZo.Files;

namespace IlZo.Cli;

/// <summary>What happens around a command: parsing, refusals, exit codes.</summary>
internal static class CommandRunner
{
    /// <summary>Runs a command line.</summary>
    /// <param name="args">The words of the command line.</param>
    /// <param name="root">Makes the program's commands.</param>
    /// <returns>0 for success, 1 where the work failed, 2 for wrong usage or input, 130 after Ctrl+C and 143 after SIGTERM.</returns>
    public static int Run(string[] args, Func<RootCommand> root)
    {
        Setting.SpellAs(Flags.Of);
        Terminal.Prepare();
        ParseResult? parsed = null;

        // The handler's sentence begins a line of its own where a live one may stand.
        MappingGuard.Install(Console.IsErrorRedirected ? "ilzo: " : "\nilzo: ");
        try
        {
            PathBytes.Require(args);

            // A text that begins with @ is a text, not the name of a file of arguments.
            parsed = root().Parse(args, new ParserConfiguration { ResponseFileTokenReplacer = null });
            if (parsed.Errors.Count > 0 && parsed.Action is not HelpAction)
            {
                Failure.ReportUsage(parsed);
                return Failure.BadInput;
            }

            RefuseEmptyValues(parsed);
            int exit = parsed.Invoke(new InvocationConfiguration
            {
                EnableDefaultExceptionHandler = false,
                ProcessTerminationTimeout = null,
                Output = Terminal.Results,
                Error = Terminal.Messages,
            });
            Terminal.EndResults();
            return exit;
        }
        catch (Exception e)
        {
            bool isInput = e is InvalidInputException && parsed is not null;
            return Failure.Report(e, isInput ? Suggestion.OfValue(parsed!, e.Message) : string.Empty);
        }
    }

    // What a variable of a shell that is not set leaves.
    private static void RefuseEmptyValues(ParseResult parsed)
    {
        var options = parsed.CommandResult.Children.OfType<OptionResult>().Select(o => (o.Option, o.Tokens));
        foreach (var (option, tokens) in options.Where(o => o.Option.HelpName != Flags.AnyText))
        {
            if (tokens.Any(token => token.Value.Length == 0))
            {
                throw new InvalidInputException($"{option.Name} is ''; {option.HelpName} was expected.");
            }
        }
    }
}
