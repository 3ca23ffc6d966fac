using System.CommandLine;
using IlZo.Checkpoints;
using IlZo.Training;

namespace IlZo.Cli.Commands;

/// <summary><c>ilzo export</c>.</summary>
internal static class ExportCommand
{
    private static readonly Option<string> s_run = new("--run")
    {
        Description = "Folder of the run.",
        HelpName = "DIR",
        Required = true,
    };
    private static readonly Option<string> s_out = new("--out")
    {
        Description = "Folder to create, or a saved model to replace.",
        HelpName = "DIR",
        Required = true,
    };
    private static readonly Option<bool> s_json = Flags.Json();

    public static Command Create()
    {
        var command = new Command(
            "export",
            "Copy the model that a run selected, in the Hugging Face layout.") { s_run, s_out, s_json };
        command.SetAction(Run);
        return command;
    }

    private static int Run(ParseResult parsed)
    {
        var run = new RunFolder(parsed.GetValue(s_run)!);
        run.ReadConfiguration();
        if (!Directory.Exists(run.CheckpointFolder))
        {
            throw new InvalidInputException(
                $"'{run.CheckpointFolder}' does not exist: the run has not come to an evaluation yet, after which it is there; "
                + "'ilzo replay --out' saves any step.");
        }

        string output = Path.GetFullPath(parsed.GetValue(s_out)!);
        using var checkpoint = CheckpointFolder.Open(run.CheckpointFolder);
        checkpoint.Save(output, new Dictionary<string, Tensors.Parameter>());
        if (parsed.GetValue(s_json))
        {
            Terminal.PrintJson(writer => writer.WriteString("out", output));
        }
        else
        {
            Terminal.PrintTable([("saved to", output)]);
        }

        return 0;
    }
}
