using System.Text.Json;
using IlZo.Core.Tests;
using IlZo.Optimizers;

namespace IlZo.Cli.Tests;

/// <summary>Every method at its defaults on a model of each architecture that has presets of its own.</summary>
public sealed class MethodDefaultsTests
{
    private static readonly string[] s_everyTime = ["fzoo", "dizo", "mezo-svrg"];

    [Theory]
    [InlineData("gpt2")]
    [InlineData("roberta")]
    public void A_method_ends_no_worse_than_it_began_or_says_so(string architecture)
    {
        using var temp = new TempFolder();
        string model = architecture == "gpt2" ? Gpt2Tests.Model(temp) : TinyRoberta.Write(temp);
        string[] sizes =
            ["--task", "sst2", "--steps", "12", "--eval-every", "6", "--train-size", "64", "--dev-size", "24", "--test-size", "8"];
        foreach (string method in LongTests.Of(OptimizerCatalog.All.Select(m => m.Name), name => s_everyTime.Contains(name)))
        {
            var outcome = Ilzo.Run(["train", "--model", model, "--optimizer", method, .. sizes, "--run", temp[method]]);
            bool said = outcome.Errors.Contains("no step was as good as the start: the initial weights are kept", StringComparison.Ordinal);
            Assert.True(outcome.ExitCode == (said ? 1 : 0), $"{method}: exit code {outcome.ExitCode}, {outcome.Errors}");
            var result = Ilzo.Run("eval", "--run", temp[method], "--split", "dev", "--json").Json;
            double start = Start(temp[method, "metrics.jsonl"]);
            Assert.True(result.GetProperty("loss").GetDouble() <= start, $"{method}: {result} is worse than {start} at the start.");
        }
    }

    private static double Start(string metrics)
    {
        using var first = JsonDocument.Parse(File.ReadLines(metrics).First(line => line.Contains("dev_loss", StringComparison.Ordinal)));
        return first.RootElement.GetProperty("dev_loss").GetDouble();
    }
}
