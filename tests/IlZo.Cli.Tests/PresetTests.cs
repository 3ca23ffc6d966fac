using System.Text.Json;
using IlZo.Models;
using IlZo.Optimizers;
using IlZo.Training;

namespace IlZo.Cli.Tests;

/// <summary>What the command does where nothing is asked for.</summary>
public sealed class PresetTests : IDisposable
{
    private readonly TempFolder _temp = new();

    public void Dispose() => _temp.Dispose();

    [Theory]
    [InlineData("mezo-momentum", null, 5e-6, 1e-3)]
    [InlineData("fzoo", null, 5e-7, 1e-3)]
    [InlineData("mezo", "prefix", 0.3, 1e-1)]
    public void The_command_takes_the_preset_of_the_library(string optimizer, string? adapter, double lr, double eps)
    {
        string[] of = adapter is null ? [] : ["--adapter", adapter];
        var outcome = Ilzo.Run(
            [
                "train", "--optimizer", optimizer, .. of, "--steps", "1", "--train-size", "1", "--dev-size", "0", "--test-size", "1",
                "--run", _temp["run"], "--json", "--allow-worse",
            ]);
        Assert.Equal(JsonValueKind.Object, outcome.Json.ValueKind);
        Assert.Contains(
            FormattableString.Invariant($"1 steps of 16 examples, lr {lr:R}, eps {eps:R}\n"), outcome.Errors, StringComparison.Ordinal);
        using var file = JsonDocument.Parse(File.ReadAllText(_temp["run", "config.json"]));
        var options = file.RootElement.GetProperty("options");
        var expected = Presets.Resolve(new TrainingOptions { Optimizer = optimizer, Adapter = adapter });
        Assert.Equal((lr, lr), (expected.LearningRate, options.GetProperty("lr").GetDouble()));
        Assert.Equal((eps, eps), (expected.Epsilon, options.GetProperty("eps").GetDouble()));
        Assert.Equal((16, 16), (expected.BatchSize, options.GetProperty("batch_size").GetInt32()));
        Assert.Equal("sst2-sentiment", options.GetProperty("task").GetString());
    }

    [Fact]
    public void Defaults_are_listed_for_each_method()
    {
        Assert.Contains(
            "default, others: weights lr 1E-08, eps 0.001;", Ilzo.Run("ls", "optimizers", "--verbose").Success, StringComparison.Ordinal);
        foreach (var method in Ilzo.Run("ls", "optimizers", "--verbose", "--json").Json.GetProperty("optimizers").EnumerateArray())
        {
            var defaults = method.GetProperty("defaults").EnumerateArray().ToArray();
            var listed = OptimizerCatalog.Find(method.GetProperty("name").GetString()!);
            Assert.Equal(Presets.All.Select(p => p.LearningRateOf(listed)), defaults.Select(d => d.GetProperty("lr").GetDouble()));
            Assert.Equal(Presets.All.Select(p => p.BatchSize), defaults.Select(d => d.GetProperty("batch_size").GetInt32()));
        }
    }

    [Fact]
    public void Inspect_predicts_for_the_batch_that_train_takes()
    {
        var memory = Ilzo.Run("inspect", TestData.Fixture("roberta-tiny"), "--json").Json.GetProperty("training_memory");
        Assert.Equal(64, memory.GetProperty("batch_size").GetInt32());
    }
}
