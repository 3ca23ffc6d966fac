namespace IlZo.Cli.Tests;

public sealed class FindRateTests
{
    [Fact]
    public void A_rate_is_found_shown_and_trained_with()
    {
        using var temp = new TempFolder();
        var outcome = Ilzo.Run(TinyRun.Command(2, "--run", temp["run"], "--find-lr", "--lr", "1e-5"));
        Assert.Equal(0, outcome.ExitCode);
        var probes = outcome.Errors.Split('\n').Where(l => l.StartsWith("learning rate ", StringComparison.Ordinal)).Select(line =>
        {
            string[] words = line.Split(' ');
            return (Rate: double.Parse(words[2].TrimEnd(':')), Loss: double.Parse(words[4]));
        }).ToArray();
        Assert.True(probes.Length >= 3, outcome.Errors);

        // Rates are tried until there is a worse one on both sides. The lowest of those that are as good as the best is taken.
        string summary = outcome.Errors.Split('\n').Single(l => l.StartsWith("learning rate: ", StringComparison.Ordinal));
        double before = double.Parse(summary.Split(", from ")[1].Split(',')[0]);
        var best = probes.MinBy(p => p.Loss);
        Assert.Contains(probes, p => p.Rate > best.Rate);
        Assert.Contains(probes, p => p.Rate < best.Rate);
        best = probes.OrderBy(p => p.Rate).First(p => before - p.Loss >= 0.9 * (before - best.Loss));
        Assert.Contains($"lr {best.Rate:R}, ", outcome.Errors, StringComparison.Ordinal);
        Assert.Contains($"\"lr\": {best.Rate:R},", File.ReadAllText(temp["run", "config.json"]), StringComparison.Ordinal);
    }

    [Fact]
    public void Where_no_rate_helps_nothing_is_trained()
    {
        using var temp = new TempFolder();

        // No loss is finite at this radius, so that no step is taken.
        string refusal = Ilzo.Run(TinyRun.Command(2, "--run", temp["run"], "--find-lr", "--eps", "1e30")).Errors.Split('\n')[^2];
        Assert.Contains("lowers the loss", refusal, StringComparison.Ordinal);
        Assert.False(Directory.Exists(temp["run"]));
    }

    [Fact]
    public void A_run_that_goes_on_keeps_its_rate()
    {
        using var temp = new TempFolder();
        TinyRun.Train(temp["run"], 1);
        Assert.Contains(
            "--find-lr is given with --resume", Ilzo.Run("train", "--run", temp["run"], "--resume", "--find-lr").Refusal(2),
            StringComparison.Ordinal);
    }
}
