using System.CommandLine;
using System.Text.Json.Nodes;
using IlZo.Training;

namespace IlZo.Cli.Commands;

/// <summary><c>ilzo replay</c>.</summary>
internal static class ReplayCommand
{
    private static readonly Option<string> s_run = RunProduct.Run();
    private static readonly Option<long?> s_toStep = Flags.Number<long>(
        "--to-step", "N", "The step whose weights to rebuild (default: the last one in the log).");
    private static readonly Option<string?> s_out = Flags.Text(
        "--out", "DIR", "Save the weights here, in the Hugging Face layout.");
    private static readonly Option<string?> s_model = Flags.Text(
        "--model", "DIR", "The base model, if it is no longer where the run found it.");
    private static readonly Option<bool> s_allowShortLog = Flags.AllowShortLog();
    private static readonly Option<int?> s_threads = Flags.Threads();
    private static readonly Option<bool> s_json = Flags.Json();

    public static Command Create()
    {
        var command = new Command(
            "replay",
            "Rebuild the weights at any step of a run from its base model and its log, without a forward pass.")
        {
            s_run, s_toStep, s_out, s_model, s_allowShortLog, s_threads, s_json,
        };
        command.SetAction(Run);
        return command;
    }

    private static int Run(ParseResult parsed)
    {
        string? output = parsed.GetValue(s_out);
        using var interruption = Terminal.OnInterrupt();
        var replay = Replay.Run(
            new RunFolder(parsed.GetValue(s_run)!),
            parsed.GetValue(s_toStep),
            output,
            parsed.GetValue(s_threads),
            parsed.GetValue(s_model),
            parsed.GetValue(s_allowShortLog),
            cancellation: interruption.Token);
        RunProduct.Print(
            parsed.GetValue(s_json),
            output is null ? null : Path.GetFullPath(output),
            ("steps", JsonValue.Create(replay.Steps)),
            ("weights_sha256", JsonValue.Create(replay.WeightsSha256)!));
        return 0;
    }
}
