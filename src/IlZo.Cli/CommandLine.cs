using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Parsing;
using IlZo.Cli.Commands;
using IlZo.Cli.Shell;
using IlZo.Files;

namespace IlZo.Cli;

/// <summary>The command <c>ilzo</c>: its verbs, and what happens around each of them.</summary>
internal static class CommandLine
{
    private const string Description = """
        Fine-tunes transformer language models with forward passes only (zeroth-order optimization).

        Example: ilzo train
          trains the built-in model on the built-in SST-2 sample and reports what it learned.
        """;

    private const string FirstSteps = """
        IlZo fine-tunes language models with forward passes only. Three commands to begin with:

          ilzo train                             train the built-in model on built-in film reviews: a minute on two cores
          ilzo train --data FILE --model DIR     train your own model on your own texts (docs/data.md)
          ilzo chat --model RUN                  talk to what came out of it, for a model with a chat template

        'ilzo --help' lists all commands.

        """;

    /// <summary>All verbs. A new one is a file beside the others and a line here.</summary>
    public static RootCommand Root()
    {
        var root = new RootCommand(Description)
        {
            TrainCommand.Create(),
            AddHeadCommand.Create(),
            SweepCommand.Create(),
            CompareCommand.Create(),
            EvalCommand.Create(),
            ScoreCommand.Create(),
            TokenizeCommand.Create(),
            ChatCommand.Create(),
            GenerateCommand.Create(),
            ReportCommand.Create(),
            ReplayCommand.Create(),
            ExportCommand.Create(),
            InspectCommand.Create(),
            BenchCommand.Create(),
            DevicesCommand.Create(),
            SelfTestCommand.Create(),
            ListCommand.Create(),
            CompletionCommand.Create(Root),
        };
        root.SetAction(_ =>
        {
            Terminal.Results.Write(FirstSteps);
            return 0;
        });
        return root;
    }

    /// <summary>Runs a command line.</summary>
    /// <returns>0 for success, 1 where the work failed, 2 for wrong usage or input, 130 after Ctrl+C and 143 after SIGTERM.</returns>
    public static int Run(string[] args)
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
            parsed = Root().Parse(args, new ParserConfiguration { ResponseFileTokenReplacer = null });
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
