using System.CommandLine;
using IlZo.Cli.Commands;

namespace IlZo.Cli;

/// <summary>The command <c>ilzo</c>: its verbs.</summary>
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
            WorkerCommand.Create(),
            ClusterCommand.Create(),
            AddHeadCommand.Create(),
            SweepCommand.Create(),
            CompareCommand.Create(),
            StudyCommand.Create(),
            ProbeCommand.Create(),
            EvalCommand.Create(),
            ScoreCommand.Create(),
            TokenizeCommand.Create(),
            ChatCommand.Create(),
            GenerateCommand.Create(),
            ServeCommand.Create(ServingProgram.Run),
            ReportCommand.Create(),
            ReplayCommand.Create(),
            ExportCommand.Create(),
            ImportCommand.Create(),
            QuantizeCommand.Create(),
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
}
