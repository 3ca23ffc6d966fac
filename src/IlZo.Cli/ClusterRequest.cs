using IlZo.Clusters;
using IlZo.Clusters.Nats;

namespace IlZo.Cli;

/// <summary>What a command line says of the others who train a run.</summary>
/// <param name="Connection">Where the servers are.</param>
/// <param name="Settings">What workers agree on, if this one begins the run.</param>
/// <param name="Audit">How often a part that another has done is done again here.</param>
/// <param name="Replicas">How many servers keep the log of a run that begins.</param>
/// <param name="EvaluatesOnly">Whether the log is left to others.</param>
internal sealed record ClusterRequest(
    ClusterConnection Connection, ClusterSettings Settings, double Audit = 0, int Replicas = 1, bool EvaluatesOnly = false)
{
    /// <summary>
    /// The run as this worker takes part in it. Servers that cannot be used are found before anything is read or written.
    /// </summary>
    /// <param name="cancellation">Ends the work.</param>
    /// <exception cref="InvalidInputException">The servers cannot be used.</exception>
    public ClusterRun Open(CancellationToken cancellation)
    {
        var run = new ClusterRun(
            name =>
            {
                var channel = NatsChannel.Open(Connection, name, !EvaluatesOnly, Replicas, cancellation);
                Terminal.Say(
                    $"cluster: run {name}; others join with 'ilzo worker --cluster {Connection.Address} --cluster-run {name}'");
                return channel;
            },
            Settings, Audit, EvaluatesOnly, cancellation: cancellation);
        NatsRuns.List(Connection, cancellation);
        return run;
    }

    /// <summary>Says what is worth knowing at the end of a run.</summary>
    public static void SayHowItWent(ClusterRun run)
    {
        if (run.Differences > 0)
        {
            Terminal.Say(
                $"note: {run.Differences} entries of the run's common log differ from what this worker computed: a difference in rounding "
                    + "between engines, or a machine that computes wrongly, which --audit finds.");
        }

        if (run.Refused > 0)
        {
            Terminal.Say($"note: {run.Refused} messages were not those of a worker of this run, and were left aside.");
        }
    }
}
