using System.CommandLine;
using IlZo.Benchmarks;
using IlZo.Clusters.Planning;

namespace IlZo.Cli.Commands;

/// <summary><c>ilzo cluster plan</c>.</summary>
internal static class ClusterPlanCommand
{
    private static readonly Option<string?> s_shape = Flags.Text(
        "--shape", "SHAPE", $"The model: {BenchModelOptions.Shapes} (default: opt-1.3b).");

    private static readonly Option<int?> s_machines = Flags.Number<int>("--machines", "N", "Machines at most (default: 16).");

    private static readonly Option<string?> s_network = Flags.Text(
        "--network", string.Join('|', NetworkSpeed.All.Select(n => n.Name)), "What lies between them (default: 10gbe).");

    private static readonly Option<string?> s_device = Flags.Text(
        "--device", string.Join('|', MachineSpeed.All.Select(m => m.Name)), "What each of them is (default: cpu, two cores).");

    private static readonly Option<int?> s_batch = Flags.Number<int>("--batch", "N", "Examples of a step (default: 16).");

    private static readonly Option<int?> s_length = Flags.Number<int>("--seq", "N", "Tokens of an example (default: 128).");

    private static readonly Option<int?> s_simulate = Flags.Number<int>(
        "--simulate", "STEPS", "Also simulate so many steps with all workers in simulated time, 2 or more.");

    private static readonly Option<double?> s_loss = Flags.Number<double>(
        "--loss", "P", "The part of messages that is lost in the simulation (default: 0).");

    private static readonly Option<int?> s_slow = Flags.Number<int>(
        "--slow", "N", "Workers in the simulation that take four times as long for all they do (default: 0).");

    private static readonly Option<int?> s_churn = Flags.Number<int>(
        "--churn", "N", "Workers that end during the simulation, each with another that joins (default: 0).");

    private static readonly Option<bool> s_json = Flags.Json();

    public static Command Create()
    {
        var command = new Command("plan", "Predict how a run gets faster on several machines, and simulate it.")
        {
            s_shape, s_machines, s_network, s_device, s_batch, s_length, s_simulate, s_loss, s_churn, s_slow, s_json,
        };
        command.SetAction(Run);
        return command;
    }

    private static int Run(ParseResult parsed)
    {
        var shape = SyntheticShape.Of(parsed.GetValue(s_shape) ?? "opt-1.3b");
        double weights = shape.Tensors.Sum(t => t.Shape.Aggregate(1.0, (product, size) => product * size));
        var machine = MachineSpeed.Of(parsed.GetValue(s_device) ?? "cpu");
        var network = NetworkSpeed.Of(parsed.GetValue(s_network) ?? "10gbe");
        int machines = Flags.AtLeastOne(s_machines.Name, parsed.GetValue(s_machines) ?? 16);
        int batch = Flags.AtLeastOne(s_batch.Name, parsed.GetValue(s_batch) ?? 16);
        int length = Flags.AtLeastOne(s_length.Name, parsed.GetValue(s_length) ?? 128);
        ClusterPlan[] plans =
            [.. Counts(machines).Select(n => ClusterPlan.Of(weights, batch, length, n, machine, network))];
        var simulated = Simulate(parsed, weights, batch, length, machines, machine, network);
        if (parsed.GetValue(s_json))
        {
            PrintJson(weights, plans, simulated);
            return 0;
        }

        Terminal.Say(Format.Invariant($"{machine.Name}: {machine.Source}"));
        Terminal.Results.WriteLine(
            "| machines | steps/s, examples divided | speed-up | queries/s, one each | speed-up | bytes a step sent | received |");
        Terminal.Results.WriteLine("|---|---|---|---|---|---|---|");
        foreach (var p in plans)
        {
            Terminal.Results.WriteLine(Format.Invariant(
                $"| {p.Machines} | {p.StepsPerSecond:G3} | {p.ExamplesSpeedUp:F1} | {p.QueriesPerSecond:G3} | {p.QueriesSpeedUp:F1} | ")
                + Format.Invariant($"{p.BytesSent:F0} | {p.BytesReceived:F0} |"));
        }

        if (simulated is not null)
        {
            Terminal.Results.WriteLine(Format.Invariant(
                $"simulated with {machines} workers: {simulated.StepsPerSecond:G3} steps/s, {simulated.BytesSent:F0} bytes a step sent by ")
                + Format.Invariant($"a worker, {simulated.Lost} messages lost, {simulated.Left} workers left, ")
                + (simulated.Same ? "the log of one worker" : "another log than that of one worker"));
        }

        return simulated is { Same: false } ? Failure.Work : 0;
    }

    private static SimulationResult? Simulate(
        ParseResult parsed, double weights, int batch, int length, int machines, MachineSpeed machine, NetworkSpeed network)
    {
        double loss = parsed.GetValue(s_loss) ?? 0;
        int churn = parsed.GetValue(s_churn) ?? 0;
        int slow = parsed.GetValue(s_slow) ?? 0;
        if (parsed.GetValue(s_simulate) is not { } steps)
        {
            return loss == 0 && churn == 0 && slow == 0 ? null : throw new InvalidInputException(
                $"{s_loss.Name}, {s_churn.Name} or {s_slow.Name} is given without {s_simulate.Name}; the two together were expected.");
        }

        Require(steps >= 2, s_simulate.Name, steps, "2 or more");
        Require(loss is >= 0 and < 1, s_loss.Name, loss, "0 or more and less than 1");
        Require(churn >= 0, s_churn.Name, churn, "0 or more");
        Require(slow >= 0 && slow <= machines, s_slow.Name, slow, $"0 to {machines}");
        return Simulation.Run(weights, batch, length, machines, steps, loss, churn, slow, machine, network);
    }

    private static void Require(bool condition, string name, double value, string expected)
    {
        if (!condition)
        {
            throw new InvalidInputException(Format.Invariant($"{name} is {value}; {expected} was expected."));
        }
    }

    // 1, 2, 4, … and the last.
    private static IEnumerable<int> Counts(int machines)
    {
        for (long n = 1; n < machines; n *= 2)
        {
            yield return (int)n;
        }

        yield return machines;
    }

    private static void PrintJson(double weights, ClusterPlan[] plans, SimulationResult? simulated) => Terminal.PrintJson(writer =>
    {
        writer.WriteNumber("weights", weights);
        writer.WriteStartArray("plans");
        foreach (var p in plans)
        {
            writer.WriteStartObject();
            writer.WriteNumber("machines", p.Machines);
            writer.WriteNumber("steps_per_second", p.StepsPerSecond);
            writer.WriteNumber("examples_speed_up", p.ExamplesSpeedUp);
            writer.WriteNumber("queries_per_second", p.QueriesPerSecond);
            writer.WriteNumber("queries_speed_up", p.QueriesSpeedUp);
            writer.WriteNumber("bytes_sent", p.BytesSent);
            writer.WriteNumber("bytes_received", p.BytesReceived);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        if (simulated is not null)
        {
            writer.WriteStartObject("simulated");
            writer.WriteNumber("steps_per_second", simulated.StepsPerSecond);
            writer.WriteNumber("bytes_sent", simulated.BytesSent);
            writer.WriteNumber("messages_lost", simulated.Lost);
            writer.WriteNumber("workers_left", simulated.Left);
            writer.WriteBoolean("same_log", simulated.Same);
            writer.WriteEndObject();
        }
    });
}
