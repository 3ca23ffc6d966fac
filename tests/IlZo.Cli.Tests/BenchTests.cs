using System.Text.Json;

namespace IlZo.Cli.Tests;

public sealed class BenchTests
{
    [Fact]
    public void StepsOfMethodsAreMeasuredSideBySide()
    {
        string[] lines = Ilzo.Run(
            "bench", "optimizers", "--model", TestData.Stories, "--batch", "1", "--seq", "8", "--steps", "2", "--optimizers", "mezo,loren,fzoo", "--json")
            .Success.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        var results = lines.Select(line => JsonDocument.Parse(line).RootElement).ToArray();
        Assert.Equal(["mezo", "loren", "fzoo"], results.Select(r => r.GetProperty("optimizer").GetString()));
        Assert.Equal([2, 6, 9], results.Select(r => r.GetProperty("forward_passes_per_step").GetDouble()));
        Assert.Equal(1, results[0].GetProperty("relative").GetDouble());
        Assert.All(results, r => Assert.InRange(r.GetProperty("update_share").GetDouble(), 0, 1));
    }

    [Fact]
    public void AMethodThatIsNotThereIsRefused() => Assert.StartsWith(
        "There is no optimizer 'nobody'",
        Ilzo.Run("bench", "optimizers", "--model", TestData.Stories, "--optimizers", "mezo,nobody").Refusal(2),
        StringComparison.Ordinal);
}
