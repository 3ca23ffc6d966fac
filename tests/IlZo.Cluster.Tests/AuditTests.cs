using IlZo.Cluster.Tests.Schedules;
using IlZo.Clusters;

namespace IlZo.Cluster.Tests;

/// <summary>A worker that does not tell what it computes is found as often as the others look.</summary>
public class AuditTests
{
    private const int Steps = 200;

    [Fact]
    public void A_false_value_ends_the_run_of_all_and_names_who_said_it()
    {
        var (found, honest, liar) = Train(1, 0);
        Assert.Equal(0, found);
        Assert.Contains($"worker {1:x16} says", honest, StringComparison.Ordinal);
        Assert.Contains($"Another worker has stopped the run: Run", liar, StringComparison.Ordinal);
    }

    [Fact]
    public void Without_an_audit_what_a_worker_says_counts()
    {
        var (steps, honest, liar) = Train(0, 0);
        Assert.Equal((Steps, "", ""), (steps, honest, liar));
    }

    [Fact]
    public void Other_engines_are_not_taken_for_liars()
    {
        var hub = new MemoryHub();
        using var run = new ClusterRun(_ => hub.Open(), new ClusterSettings(MixedEngines: true), audit: 0.5);
        string message = Assert.Throws<InvalidInputException>(() => new NumberRun(1, 8, Steps).Train(run)).Message;
        Assert.Contains("--engines mixed, and --audit is 0.5", message, StringComparison.Ordinal);
    }

    // Each step's lie is found with probability p, so that the steps before are geometric: their mean is (1 - p) / p, and the variance of
    // one (1 - p) / p². A lie that comes after the other has computed the liar's part itself is not looked at, as may happen to half of
    // them where many threads wait for a processor: the rate then is p / 2.
    [Fact]
    public void Lies_are_found_at_the_stated_rate()
    {
        const double p = 0.25;
        const int runs = 60;
        double mean = Enumerable.Range(0, runs).Average(run => (double)Train(p, run).Steps);
        Assert.InRange(mean, Mean(p) - (4 * Deviation(p)), Mean(p / 2) + (4 * Deviation(p / 2)));

        static double Mean(double rate) => (1 - rate) / rate;
        static double Deviation(double rate) => Math.Sqrt(1 - rate) / rate / Math.Sqrt(runs);
    }

    // Two workers, of which one tells values that it has not computed: the honest one's steps, and what both come to.
    private static (int Steps, string Honest, string Liar) Train(double audit, int seed)
    {
        var numbers = new NumberRun(1, 8, Steps, rounds: 1);
        var hub = new MemoryHub();
        using var both = new Barrier(2);
        int steps = 0;
        string Live(Func<byte[], byte[]?>? alter, double own, ulong worker, Action<int>? onStep)
        {
            using var channel = hub.Open(alter);
            both.SignalAndWait();
            using var run = new ClusterRun(_ => channel, new ClusterSettings(WorkSplit.Examples, MarkEvery: 0), own, worker: worker);
            try
            {
                numbers.Train(run, onBegun: both.SignalAndWait, onStep: onStep);
                return "";
            }
            catch (InvalidInputException e)
            {
                return e.Message;
            }
        }

        var liar = Task.Factory.StartNew(() => Live(Lie, 0, 1, null), TaskCreationOptions.LongRunning);
        var honest = Task.Factory.StartNew(
            () => Live(null, audit, (ulong)(seed + 2), step => steps = step), TaskCreationOptions.LongRunning);
        Task.WaitAll(liar, honest);
        return (steps, honest.Result, liar.Result);
    }

    private static byte[]? Lie(byte[] bytes)
    {
        var message = Message.Decode(bytes)!;
        if (message.Kind != MessageKind.Values)
        {
            return bytes;
        }

        var body = ValuesBody.Decode(message.Body)!;
        var values = body.Values.Select(v => (ReadOnlyMemory<byte>)BitConverter.GetBytes(BitConverter.ToDouble(v.Span) + 1)).ToList();
        return (message with { Body = (body with { Values = values }).Encode() }).Encode();
    }
}
