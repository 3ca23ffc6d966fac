using System.CommandLine;
using IlZo.Clusters;
using IlZo.Clusters.Nats;

namespace IlZo.Cli;

/// <summary>The options of commands that meet others on NATS servers.</summary>
internal static class ClusterFlags
{
    /// <summary><c>--cluster-run</c>.</summary>
    public static readonly Option<string?> Run = Flags.Text(
        "--cluster-run", "ID", "The run's ID among those of the servers (default: the only one there is).");

    private static readonly Option<string?> s_servers = Flags.Text(
        "--cluster", "ADDRESS,…", "NATS servers where others train the same run: nats://HOST:4222 or tls://HOST:4222 (docs/cluster.md).");

    private static readonly Option<string?> s_split = Flags.Text(
        "--split", "auto|examples|queries", "How work is divided, if the run begins here (default: auto).");

    private static readonly Option<string?> s_engines = Flags.Text(
        "--engines", "same|mixed", "Whether workers may have other engines than the one that begins the run (default: same).");

    private static readonly Option<int?> s_markEvery = Flags.Number<int>(
        "--mark-every", "N", "Steps after which workers compare their weights (default: 200; 0 for never).");

    private static readonly Option<int?> s_quorum = Flags.Number<int>(
        "--quorum", "K", "Queries that a step waits for, of the --queries it has, if the run begins here (default: all).");

    private static readonly Option<double?> s_audit = Flags.Number<double>(
        "--audit", "P", "Probability that a part which another worker has done is done again here, and compared (default: 0).");

    private static readonly Option<bool> s_evaluateOnly = new("--evaluate-only")
    {
        Description = "Evaluate, and leave it to others to enter steps into the log: for users who may only send messages.",
    };

    private static readonly Option<int?> s_replicas = Flags.Number<int>(
        "--replicas", "N", "Servers that keep the log of a run that begins here (default: 1).");

    private static readonly Option<string?> s_credentials = Flags.Text(
        "--creds", "FILE", "A NATS user's credentials, as nsc writes them.");

    private static readonly Option<string?> s_key = Flags.Text("--nkey", "FILE", "The seed of a NATS user's NKey.");

    private static readonly Option<string?> s_authority = Flags.Text(
        "--tls-ca", "FILE", "The authorities of the servers' certificates, in PEM (default: the system's).");

    private static readonly Option<string?> s_certificate = Flags.Text("--tls-cert", "FILE", "The worker's certificate, in PEM.");

    private static readonly Option<string?> s_certificateKey = Flags.Text("--tls-key", "FILE", "The key of --tls-cert, in PEM.");

    private static readonly Option[] s_connection = [s_servers, s_credentials, s_key, s_authority, s_certificate, s_certificateKey];

    private static readonly Option[] s_beginning = [s_split, s_engines, s_markEvery, s_quorum, s_replicas];

    /// <summary>Adds what a training has.</summary>
    public static void AddTo(Command training)
    {
        foreach (var option in (Option[])[s_servers, .. s_beginning, s_audit, .. s_connection[1..]])
        {
            training.Add(option);
        }
    }

    /// <summary>Adds what a worker has, which begins no run.</summary>
    public static void AddToWorker(Command worker)
    {
        foreach (var option in (Option[])[s_servers, Run, s_evaluateOnly, s_audit, .. s_connection[1..]])
        {
            worker.Add(option);
        }
    }

    /// <summary>Adds what it takes to reach the servers.</summary>
    public static void AddConnectionTo(Command command) => Array.ForEach(s_connection, command.Add);

    /// <summary>What a command line says; null where it names no servers.</summary>
    /// <exception cref="InvalidInputException">An option has no meaning without the others, or a value is wrong.</exception>
    public static ClusterRequest? Read(ParseResult parsed)
    {
        if (parsed.GetValue(s_servers) is null)
        {
            return ((Option[])[.. s_beginning, s_audit, .. s_connection]).FirstOrDefault(o => parsed.GetResult(o) is { Implicit: false })
                is { } lone
                ? throw new InvalidInputException($"{lone.Name} is given without {s_servers.Name}; the two together were expected.")
                : null;
        }

        var settings = new ClusterSettings(
            parsed.GetValue(s_split) is { } split ? SplitOf(split) : WorkSplit.Auto,
            parsed.GetValue(s_engines) is { } engines && IsMixed(engines),
            parsed.GetValue(s_markEvery) ?? new ClusterSettings().MarkEvery,
            parsed.GetValue(s_quorum) is { } quorum ? Flags.AtLeastOne(s_quorum.Name, quorum) : 0);
        settings.Validate();
        return new ClusterRequest(
            Connection(parsed), settings, parsed.GetValue(s_audit) ?? 0,
            Flags.AtLeastOne(s_replicas.Name, parsed.GetValue(s_replicas) ?? 1), parsed.GetValue(s_evaluateOnly));
    }

    /// <summary>How to reach the servers.</summary>
    /// <exception cref="InvalidInputException">There are none, or a value is wrong.</exception>
    public static ClusterConnection Connection(ParseResult parsed) => new(ClusterAddress.Parse(
        parsed.GetValue(s_servers) ?? throw new InvalidInputException(
            $"{s_servers.Name} is not given; the address of a NATS server, such as nats://HOST:4222, was expected.")))
    {
        CredentialsFile = parsed.GetValue(s_credentials),
        NKeySeedFile = parsed.GetValue(s_key),
        TlsCaFile = parsed.GetValue(s_authority),
        TlsCertificateFile = parsed.GetValue(s_certificate),
        TlsKeyFile = parsed.GetValue(s_certificateKey),
    };

    /// <summary>The run that a command line names, or the only one there is.</summary>
    /// <exception cref="InvalidInputException">There is none, or several.</exception>
    public static string RunOf(ParseResult parsed, ClusterConnection connection, CancellationToken cancellation)
    {
        if (parsed.GetValue(Run) is { } named)
        {
            return named;
        }

        var runs = NatsRuns.List(connection, cancellation);
        return runs.Count == 1
            ? runs[0].Run
            : throw new InvalidInputException(
                runs.Count == 0
                    ? $"{connection.Address} has no runs; one that 'ilzo train {s_servers.Name} {connection.Address}' has begun was "
                        + "expected."
                    : $"{Run.Name} is not given, and {connection.Address} has {runs.Count} runs "
                        + $"({string.Join(", ", runs.Select(r => r.Run))}); one of them was expected.");
    }

    private static WorkSplit SplitOf(string word) => word switch
    {
        "auto" => WorkSplit.Auto,
        "examples" => WorkSplit.Examples,
        "queries" => WorkSplit.Queries,
        _ => throw new InvalidInputException($"{s_split.Name} is '{word}'; auto, examples or queries was expected."),
    };

    private static bool IsMixed(string word) => word switch
    {
        "same" => false,
        "mixed" => true,
        _ => throw new InvalidInputException($"{s_engines.Name} is '{word}'; same or mixed was expected."),
    };
}
