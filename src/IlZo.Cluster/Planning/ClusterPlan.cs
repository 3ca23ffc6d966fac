namespace IlZo.Clusters.Planning;

/// <summary>What a run on several machines is predicted to do, for one number of machines.</summary>
/// <param name="Machines">How many there are.</param>
/// <param name="StepsPerSecond">Steps a second of one query each, with examples divided.</param>
/// <param name="ExamplesSpeedUp">The same over one machine's.</param>
/// <param name="QueriesPerSecond">Queries a second where each machine has one of a step.</param>
/// <param name="QueriesSpeedUp">The same over one machine's.</param>
/// <param name="BytesSent">Bytes that a worker sends in a step, with examples divided.</param>
/// <param name="BytesReceived">Bytes that it receives.</param>
public sealed record ClusterPlan(
    int Machines, double StepsPerSecond, double ExamplesSpeedUp, double QueriesPerSecond, double QueriesSpeedUp, double BytesSent,
    double BytesReceived)
{
    private const int ValueBytes = 17;
    private const int BodyBytes = 16;
    private const int EntryBytes = 100;

    /// <summary>The prediction.</summary>
    /// <param name="weights">Weights of the model.</param>
    /// <param name="batch">Examples of a step.</param>
    /// <param name="length">Tokens of an example.</param>
    /// <param name="machines">How many machines there are.</param>
    /// <param name="machine">What they are.</param>
    /// <param name="network">What lies between them.</param>
    public static ClusterPlan Of(double weights, int batch, int length, int machines, MachineSpeed machine, NetworkSpeed network)
    {
        double alone = Evaluation(weights, (double)batch * length, machine) + Update(weights, 1, machine);
        int share = (batch + machines - 1) / machines;
        int workers = (batch + share - 1) / share;
        double byExamples = Evaluation(weights, (double)share * length, machine) + Update(weights, 1, machine)
            + Round(workers, machines, share, network);
        double byQueries = Evaluation(weights, (double)batch * length, machine) + Update(weights, machines, machine)
            + Round(machines, machines, batch, network);
        double message = NetworkSpeed.MessageOverhead + BodyBytes + ((double)ValueBytes * share);
        return new ClusterPlan(
            machines, 1 / byExamples, alone / byExamples, machines / byQueries, machines * alone / byQueries,
            machines == 1 ? 0 : message + ((EntryBytes + NetworkSpeed.MessageOverhead) / (double)machines),
            machines == 1 ? 0 : ((workers - 1) * message) + EntryBytes + NetworkSpeed.MessageOverhead);
    }

    /// <summary>Seconds that a machine takes to evaluate both points of a query.</summary>
    public static double Evaluation(double weights, double tokens, MachineSpeed machine) =>
        weights * ((machine.PerWeightToken * tokens) + machine.PerWeight);

    /// <summary>Seconds of an update.</summary>
    public static double Update(double weights, int directions, MachineSpeed machine) =>
        weights * (machine.Update + (machine.UpdateDirection * directions));

    // Values to the server and to all others, then the entry: to the server, its answer, and the entry to all others.
    private static double Round(int senders, int machines, int values, NetworkSpeed network)
    {
        if (machines == 1)
        {
            return 2 * network.Latency;
        }

        double bytes = NetworkSpeed.MessageOverhead + BodyBytes + ((double)ValueBytes * values);
        return (4 * network.Latency) + ((double)senders * machines * NetworkSpeed.PerDelivery) + (senders * bytes / network.BytesPerSecond);
    }
}
