using IlZo.Optimizers;

namespace IlZo.Cli.Tests;

/// <summary><c>ilzo probe</c>.</summary>
public sealed class ProbeTests
{
    [Fact]
    public void Every_method_is_measured_and_shares_add_up()
    {
        var json = Ilzo.Run(
            "probe", "--model", TestData.Stories, "--task", "sst2", "--train-size", "8", "--dev-size", "0", "--test-size", "0",
            "--batch-size", "2", "--max-length", "48", "--draws", "3", "--json").Json;
        var methods = json.GetProperty("methods").EnumerateArray().ToArray();
        Assert.Equal(OptimizerCatalog.OfLosses.Select(m => m.Name), methods.Select(m => m.GetProperty("name").GetString()));
        foreach (var method in methods)
        {
            Assert.Equal(0, method.GetProperty("skipped").GetInt32());
            Assert.Equal(1, method.GetProperty("energy").EnumerateObject().Sum(e => e.Value.GetDouble()), 1e-9);
            Assert.True(method.GetProperty("second_moment")[0].GetDouble() > 0);
            Assert.True(method.GetProperty("forward_passes").GetDouble() >= 2);
        }

        Assert.Contains("value", json.GetProperty("gradient_square_by_part").EnumerateObject().Select(p => p.Name));
    }

    [Fact]
    public void A_run_stands_for_its_result_and_an_adapter_for_the_weights_that_are_measured()
    {
        using var temp = new TempFolder();
        TinyRun.Train(temp["run"], 1, "--adapter", "lora");
        var json = Ilzo.Run(
            "probe", "--model", temp["run"], "--task", "sst2", "--train-size", "8", "--dev-size", "0", "--test-size", "0",
            "--batch-size", "2", "--optimizers", "mezo", "--draws", "2", "--json").Json;
        Assert.Contains(temp["run"], json.GetProperty("subject").GetString(), StringComparison.Ordinal);
        Assert.InRange(json.GetProperty("weights").GetInt64(), 1, 50_000);
    }

    [Fact]
    public void A_function_has_a_table_for_people()
    {
        string table = Ilzo.Run("probe", "--function", "sphere", "--dimension", "250", "--optimizers", "mezo,lozo", "--draws", "5").Success;
        Assert.StartsWith("sphere of 250 variables: 250 weights, loss ", table, StringComparison.Ordinal);
        Assert.Contains("\n| lozo | 0.001 | 2 | ", table, StringComparison.Ordinal);
        Assert.Contains("| share of the square | block 1 | block 2 | block 3 |", table, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--draws 1", "--draws is 1; 2 to 1000000 was expected.")]
    [InlineData("--dimension 5", "--dimension was expected only with --function.")]
    [InlineData("--function sphere --dimension 0", "--dimension is 0; 1 or more was expected.")]
    [InlineData(
        "--function sphere --batch-size 4", "--batch-size says what a function does not have; one of it and --function was expected.")]
    [InlineData("--function saddle --dimension 3", "--dimension is 3; 2 was expected.")]
    [InlineData("--objective accuracy", "--objective is accuracy, which has no gradient; loss was expected.")]
    [InlineData("--optimizers forward-gradient --eps 1", "--eps is 1; none was expected, because no method here has a radius.")]
    [InlineData("--optimizers mezo,mezo", "--optimizers names a method twice; each once was expected.")]
    public void What_cannot_be_measured_is_refused(string arguments, string message) =>
        Assert.Equal(message, Ilzo.Run(["probe", .. arguments.Split(' ')]).Refusal(2));
}
