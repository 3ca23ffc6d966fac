using System.CommandLine;
using IlZo.Clusters;
using IlZo.Clusters.Nats;
using IlZo.Training;

namespace IlZo.Cli.Commands;

/// <summary><c>ilzo worker</c>.</summary>
internal static class WorkerCommand
{
    // What may be elsewhere, or otherwise, on another machine; all else is the run's.
    private static readonly TrainingSetting[] s_settings =
    [
        .. ((string[])[
            "model", "data", "task", "chat-template", "adapter", "threads", "device", "engine", "precision", "weight-memory", "write-every",
            "overcommit", "samples",
        ]).Select(TrainingSetting.Named),
    ];

    private static readonly Option<string?> s_run = Flags.Text(
        "--run", "DIR", "Folder of the run on this machine (default: a new one under runs/); one that has it already goes on.");

    private static readonly Option<bool> s_noReport = new("--no-report") { Description = "Do not write report.html." };

    private static readonly Option<bool> s_json = Flags.Json("Print the result as one JSON object.");

    public static Command Create()
    {
        var command = new Command(
            "worker",
            "Join a run that others train: the model and the data are this machine's own copies, all else is the run's (docs/cluster.md).");
        ClusterFlags.AddToWorker(command);
        command.Add(s_run);
        foreach (var setting in s_settings)
        {
            command.Add(setting.Flag);
        }

        command.Add(s_noReport);
        command.Add(s_json);
        command.SetAction(Run);
        return command;
    }

    private static int Run(ParseResult parsed)
    {
        var connection = ClusterFlags.Connection(parsed);
        var request = ClusterFlags.Read(parsed);
        using var interruption = Terminal.OnInterrupt();
        string name = ClusterFlags.RunOf(parsed, connection, interruption.Token);
        var begun = Begun(connection, name, interruption.Token);
        var folder = new RunFolder(parsed.GetValue(s_run) ?? RunName.Next(begun.Options, "worker", name));
        folder.Adopt(begun);
        var values = TrainingConfigFile.Read(folder.ConfigurationFile, parsed.GetValue(TrainingSetting.Named("device").Flag));
        var options = folder.WithKeptStart(TrainingSetting.Resolve(parsed, s_settings, values));
        options.Validate();
        return new TrainingSession(options, folder, new ResumePolicy(), request)
        {
            Json = parsed.GetValue(s_json),
            AllowWorse = true,
            WritesReport = !parsed.GetValue(s_noReport),
        }.Run(interruption.Token);
    }

    private static RunConfiguration Begun(ClusterConnection connection, string name, CancellationToken cancellation)
    {
        using var channel = NatsChannel.Open(connection, name, create: false, cancellation: cancellation);
        return Genesis.Require(channel.Entry(0, cancellation), name).Parse($"run {name}");
    }
}
