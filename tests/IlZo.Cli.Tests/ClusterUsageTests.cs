namespace IlZo.Cli.Tests;

/// <summary>What a command line says of other machines is understood or refused before anything else is done.</summary>
public class ClusterUsageTests
{
    private const string Nowhere = "nats://127.0.0.1:1";

    [Theory]
    [InlineData("--split is given without --cluster; the two together were expected.", "train", "--split", "queries")]
    [InlineData("--audit is given without --cluster; the two together were expected.", "train", "--audit", "0.5")]
    [InlineData("--tls-ca is given without --cluster; the two together were expected.", "train", "--tls-ca", "ca.pem")]
    [InlineData("--split is 'half'; auto, examples or queries was expected.", "train", "--cluster", Nowhere, "--split", "half")]
    [InlineData("--engines is 'any'; same or mixed was expected.", "train", "--cluster", Nowhere, "--engines", "any")]
    [InlineData(
        "--quorum is 2 with --split examples, where each query needs all workers; auto or queries was expected.",
        "train", "--cluster", Nowhere, "--quorum", "2", "--split", "examples")]
    [InlineData("--quorum is 0; 1 or more was expected.", "train", "--cluster", Nowhere, "--quorum", "0")]
    [InlineData("--mark-every is -1; 0 or more steps was expected.", "train", "--cluster", Nowhere, "--mark-every", "-1")]
    [InlineData("--audit is 2; 0 to 1 was expected.", "train", "--cluster", Nowhere, "--audit", "2")]
    [InlineData("--replicas is 0; 1 or more was expected.", "train", "--cluster", Nowhere, "--replicas", "0")]
    [InlineData(
        "--find-lr is given with --cluster, where all workers have one rate; one of them was expected.", "train", "--cluster", Nowhere,
        "--find-lr")]
    [InlineData("--cluster is not given; the address of a NATS server, such as nats://HOST:4222, was expected.", "worker")]
    [InlineData("--cluster is not given; the address of a NATS server, such as nats://HOST:4222, was expected.", "cluster", "status")]
    [InlineData("--run is not given; the folder of a worker was expected.", "cluster", "restore", "--cluster", Nowhere)]
    [InlineData("--network is 'moon'; loopback, 10gbe, 1gbe or wan was expected.", "cluster", "plan", "--network", "moon")]
    [InlineData("--device is 'tpu'; cpu or h100 was expected for a plan.", "cluster", "plan", "--device", "tpu")]
    [InlineData("--machines is 0; 1 or more was expected.", "cluster", "plan", "--machines", "0")]
    [InlineData(
        "--loss, --churn or --slow is given without --simulate; the two together were expected.", "cluster", "plan", "--churn", "2")]
    [InlineData("--simulate is 1; 2 or more was expected.", "cluster", "plan", "--simulate", "1")]
    [InlineData("--loss is 1; 0 or more and less than 1 was expected.", "cluster", "plan", "--simulate", "2", "--loss", "1")]
    public void What_has_no_meaning_is_refused(string message, params string[] args) =>
        Assert.Equal(message, Ilzo.Run(args).Refusal(2));

    [Fact]
    public void A_server_that_is_not_there_is_named_and_nothing_is_written()
    {
        string folder = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName());
        string message = Ilzo.Run("train", "--cluster", Nowhere, "--run", folder, "--steps", "1").Errors;
        Assert.Contains($"--cluster {Nowhere}", message, StringComparison.Ordinal);
        Assert.False(Directory.Exists(folder));
    }

    // The figures of docs/cluster.md's source: 0.9 ns a weight and four operations a weight and token at 4.6e11 a second, so that examples
    // on n machines take 1.781e-8 / n + 9e-10 of a second a weight.
    [Fact]
    public void A_plan_is_what_its_constants_come_to()
    {
        var plan = Ilzo.Run("cluster", "plan", "--machines", "16", "--json").Json;
        double weights = plan.GetProperty("weights").GetDouble();
        foreach (var row in plan.GetProperty("plans").EnumerateArray())
        {
            int n = row.GetProperty("machines").GetInt32();
            double step = weights * ((4 / 4.6e11 * 16 * 128 / n) + 0.9e-9);
            Assert.InRange(row.GetProperty("steps_per_second").GetDouble() * step, 0.99, 1);
            Assert.InRange(row.GetProperty("examples_speed_up").GetDouble(), 0.99 * weights * ((4 / 4.6e11 * 2048) + 0.9e-9) / step, n);
        }
    }

    // Work takes a tenth more or less, and the slowest of eight decides.
    [Fact]
    public void A_simulation_of_the_workers_comes_near_the_plan()
    {
        var plan = Ilzo.Run("cluster", "plan", "--machines", "8", "--simulate", "8", "--churn", "1", "--json").Json;
        var simulated = plan.GetProperty("simulated");
        Assert.True(simulated.GetProperty("same_log").GetBoolean());
        Assert.Equal(1, simulated.GetProperty("workers_left").GetInt32());
        double predicted = plan.GetProperty("plans").EnumerateArray().Last().GetProperty("steps_per_second").GetDouble();
        Assert.InRange(simulated.GetProperty("steps_per_second").GetDouble(), 0.5 * predicted, 1.1 * predicted);
    }
}
