using System.CommandLine;
using System.Globalization;
using IlZo.Clusters;
using IlZo.Clusters.Nats;
using IlZo.Training;

namespace IlZo.Cli.Commands;

/// <summary><c>ilzo cluster</c>: what there is on servers that runs are shared by.</summary>
internal static class ClusterCommand
{
    private static readonly Option<string?> s_folder = Flags.Text("--run", "DIR", "The folder of a worker of the run.");

    private static readonly Option<bool> s_json = Flags.Json("Print one JSON object with the array runs.");

    public static Command Create() => new("cluster", "See, stop or restore runs that several machines train together (docs/cluster.md).")
    {
        Verb("status", "List the runs of the servers and how far they are.", Status, s_json),
        Verb("stop", "Ask all workers of a run to stop; it can be resumed.", Stop, ClusterFlags.Run),
        Verb("restore", "Put back a run's log that the servers have lost, from a worker's folder.", Restore, s_folder),
        ClusterPlanCommand.Create(),
    };

    private static Command Verb(string name, string description, Func<ParseResult, CancellationToken, int> run, Option own)
    {
        var command = new Command(name, description);
        ClusterFlags.AddConnectionTo(command);
        command.Add(own);
        command.SetAction(parsed =>
        {
            using var interruption = Terminal.OnInterrupt();
            return run(parsed, interruption.Token);
        });
        return command;
    }

    private static int Status(ParseResult parsed, CancellationToken cancellation)
    {
        var connection = ClusterFlags.Connection(parsed);
        var runs = NatsRuns.List(connection, cancellation).Select(run => (Server: run, Log: Read(connection, run.Run, cancellation)))
            .ToList();
        if (!parsed.GetValue(s_json))
        {
            Terminal.PrintTable(runs.Select(run => (run.Server.Run, Line(run.Server, run.Log))));
            return 0;
        }

        Terminal.PrintJson(writer =>
        {
            writer.WriteStartArray("runs");
            foreach (var (server, log) in runs)
            {
                writer.WriteStartObject();
                writer.WriteString("run", server.Run);
                writer.WriteNumber("entries", server.Entries);
                writer.WriteNumber("bytes", server.Bytes);
                writer.WriteString("optimizer", log?.Configuration.Options.Optimizer);
                writer.WriteNumber("step", log?.Step ?? 0);
                writer.WriteNumber("steps", log?.Configuration.Options.Steps ?? 0);
                writer.WriteEndObject();
            }

            writer.WriteEndArray();
        });
        return 0;
    }

    private static string Line(NatsRun server, CommonLog? log)
    {
        string what = log is null
            ? "its log does not begin with what a run is"
            : string.Create(
                CultureInfo.InvariantCulture,
                $"{log.Configuration.Options.Optimizer} on {log.Configuration.Options.Task}, step {log.Step} ")
                + string.Create(CultureInfo.InvariantCulture, $"of {log.Configuration.Options.Steps}")
                + (log.DevLoss is { } loss ? Format.Invariant($", dev loss {loss:F4}") : string.Empty);
        string last = server.Last is { } time ? time.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss'Z'", CultureInfo.InvariantCulture) : "never";
        return $"{what}, {server.Entries} entries, {Format.Bytes(server.Bytes)}, last {last}";
    }

    private static CommonLog? Read(ClusterConnection connection, string run, CancellationToken cancellation)
    {
        using var channel = NatsChannel.Open(connection, run, create: false, cancellation: cancellation);
        return CommonLog.Read(channel, run, cancellation);
    }

    private static int Stop(ParseResult parsed, CancellationToken cancellation)
    {
        var connection = ClusterFlags.Connection(parsed);
        string name = ClusterFlags.RunOf(parsed, connection, cancellation);
        using var channel = NatsChannel.Open(connection, name, create: false, cancellation: cancellation);
        ClusterRun.AskToStop(channel);
        Terminal.Say($"run {name}: its workers were asked to stop.");
        return 0;
    }

    private static int Restore(ParseResult parsed, CancellationToken cancellation)
    {
        var folder = new RunFolder(parsed.GetValue(s_folder) ?? throw new InvalidInputException(
            $"{s_folder.Name} is not given; the folder of a worker was expected."));
        using var run = new ClusterRequest(ClusterFlags.Connection(parsed), new ClusterSettings()).Open(cancellation);
        var (put, all) = run.Restore(folder);
        Terminal.Say($"run {run.Name}: {put} entries were put back, and the log has {all}.");
        return 0;
    }
}
