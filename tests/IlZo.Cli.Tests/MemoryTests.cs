using System.Text.Json;

namespace IlZo.Cli.Tests;

/// <summary>What the command says and does about memory before it takes any.</summary>
public sealed class MemoryTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("ilzo-test-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void A_batch_that_no_machine_holds_is_refused_with_the_numbers()
    {
        string run = Path.Combine(_folder, "run");
        string refusal = Ilzo.Run(TinyRun.Command(1, "--batch-size", "2147483647", "--run", run)).Refusal(2);
        Assert.StartsWith("Training is predicted to take ", refusal, StringComparison.Ordinal);
        Assert.Contains("activations", refusal, StringComparison.Ordinal);
        Assert.Contains("free memory is", refusal, StringComparison.Ordinal);
        Assert.EndsWith("or --overcommit to try all the same.", refusal, StringComparison.Ordinal);
        Assert.False(Directory.Exists(run));
    }

    [Fact]
    public void A_comparison_refuses_it_too()
    {
        string refusal = Ilzo.Run(
            "compare", "--model", TestData.Stories, "--task", "sst2", "--optimizers", "mezo", "--seeds", "1", "--forward-passes", "2",
            "--lr", "1e-3",
            "--batch-size", "2147483647", "--out", Path.Combine(_folder, "out")).Errors;
        Assert.Contains("Training is predicted to take ", refusal, StringComparison.Ordinal);
    }

    [Fact]
    public void To_overcommit_is_no_part_of_a_run()
    {
        string run = Path.Combine(_folder, "run");
        string sha = TinyRun.Sha(TinyRun.Train(run, 2, "--overcommit"));
        Assert.DoesNotContain("overcommit", File.ReadAllText(Path.Combine(run, "config.json")), StringComparison.Ordinal);
        Assert.Equal(sha, TinyRun.Sha(TinyRun.Train(run, 2, "--resume")));
    }

    [Fact]
    public void The_collector_keeps_a_small_budget_for_what_lives_shortly()
    {
        using var configuration = JsonDocument.Parse(File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "ilzo.runtimeconfig.json")));
        var properties = configuration.RootElement.GetProperty("runtimeOptions").GetProperty("configProperties");
        Assert.Equal(4 << 20, properties.GetProperty("System.GC.Gen0MaxBudget").GetInt32());
        Assert.False(properties.GetProperty("System.GC.Concurrent").GetBoolean());
    }
}
