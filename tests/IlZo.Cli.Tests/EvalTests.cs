namespace IlZo.Cli.Tests;

public sealed class EvalTests
{
    // Zero-shot numbers of the model's card, computed by another implementation; a row whose two options are nearly equal may
    // fall the other way.
    [Theory]
    [InlineData("sst2", 513, 0.5852)]
    [InlineData("sst2-sentiment", 362, 1.3288)]
    public void The_built_in_model_has_the_zero_shot_accuracy_of_its_card(string task, int correct, double loss)
    {
        var result = Ilzo.Run("eval", "--model", "builtin", "--task", task, "--json").Json;
        Assert.Equal(698, result.GetProperty("examples").GetInt32());
        Assert.InRange(result.GetProperty("correct").GetInt32(), correct - 1, correct + 1);
        Assert.Equal(loss, result.GetProperty("loss").GetDouble(), 1e-4);
        double accuracy = result.GetProperty("accuracy").GetDouble();
        Assert.InRange(accuracy, result.GetProperty("accuracy_low").GetDouble(), result.GetProperty("accuracy_high").GetDouble());
    }

    [Fact]
    public void People_read_the_accuracy_with_its_interval()
    {
        string output = Ilzo.Run("eval", "--test-size", "10", "--threads", "1").Success;
        Assert.Matches(@"accuracy +\d+\.\d % \(\d+ of 10; 95 % interval \d+\.\d-\d+\.\d %\)", output);
    }

    [Fact]
    public void Training_rows_are_needed_for_demonstrations_alone()
    {
        using var temp = new TempFolder();
        Directory.CreateDirectory(temp["data"]);
        File.WriteAllText(temp["data", "validation.jsonl"], "{\"sentence\": \"good\", \"label\": 1}\n");
        string[] eval = ["eval", "--task", "sst2", "--data", temp["data"]];
        Assert.Equal(1, Ilzo.Run([.. eval, "--json"]).Json.GetProperty("examples").GetInt32());
        Assert.Contains("train.jsonl", Ilzo.Run([.. eval, "--demonstrations", "1"]).Refusal(2), StringComparison.Ordinal);
    }

    [Fact]
    public void An_evaluation_of_nothing_is_refused() =>
        Assert.Contains("--test-size", Ilzo.Run("eval", "--test-size", "0").Refusal(2), StringComparison.Ordinal);
}
