using System.CommandLine;
using IlZo.Training;

namespace IlZo.Cli.Commands;

/// <summary><c>ilzo replay</c>.</summary>
internal static class ReplayCommand
{
    private static readonly Option<string> s_run = new("--run")
    {
        Description = "Folder of the run.",
        HelpName = "DIR",
        Required = true,
    };
    private static readonly Option<long?> s_toStep = Flags.Number<long>(
        "--to-step", "N", "The step whose weights to rebuild (default: the last one in the log).");
    private static readonly Option<string?> s_out = Flags.Text(
        "--out", "DIR", "Save the weights here, in the Hugging Face layout.");
    private static readonly Option<string?> s_model = Flags.Text(
        "--model", "DIR", "The base model, where it is no longer where the run found it.");
    private static readonly Option<bool> s_allowShortLog = Flags.AllowShortLog();
    private static readonly Option<int?> s_threads = Flags.Threads();
    private static readonly Option<bool> s_json = Flags.Json();

    public static Command Create()
    {
        var command = new Command(
            "replay",
            "Rebuild the weights of a run's step from its base model and its log, without a forward pass.")
        {
            s_run, s_toStep, s_out, s_model, s_allowShortLog, s_threads, s_json,
        };
        command.SetAction(Run);
        return command;
    }

    private static int Run(ParseResult parsed)
    {
        string? output = parsed.GetValue(s_out);
        var replay = Replay.Run(
            new RunFolder(parsed.GetValue(s_run)!),
            parsed.GetValue(s_toStep),
            output,
            parsed.GetValue(s_threads),
            parsed.GetValue(s_model),
            parsed.GetValue(s_allowShortLog));
        string? saved = output is null ? null : Path.GetFullPath(output);
        if (parsed.GetValue(s_json))
        {
            Terminal.PrintJson(writer =>
            {
                writer.WriteNumber("steps", replay.Steps);
                writer.WriteString("weights_sha256", replay.WeightsSha256);
                if (saved is not null)
                {
                    writer.WriteString("out", saved);
                }
            });
            return 0;
        }

        Terminal.PrintTable(
        [
            ("steps", $"{replay.Steps}"),
            ("weights_sha256", replay.WeightsSha256),
            .. saved is null ? Array.Empty<(string, string)>() : [("saved to", saved)],
        ]);
        return 0;
    }
}
