namespace IlZo.Cli.Tests;

/// <summary>Training without prompts: a classification head on a language model.</summary>
public sealed class ClassificationTests : IDisposable
{
    private readonly TempFolder _temp = new();

    public void Dispose() => _temp.Dispose();

    [Theory]
    [InlineData("llama")]
    [InlineData("roberta")]
    public void A_head_is_added_trained_and_evaluated(string family)
    {
        string model = family == "llama" ? TestData.Stories : TinyRoberta.Write(_temp);
        Ilzo.Run("add-head", "--model", model, "--task", "sst2", "--seed", "5", "--out", _temp["head"]);
        var result = TinyRun.Train(_temp["run"], 10, "--model", _temp["head"], "--eval-every", "5");
        var evaluated = Ilzo.Run(
            "eval", "--model", _temp["run", "checkpoint"], "--task", "sst2", "--test-size", "8", "--seed", "3", "--json").Json;
        Assert.Equal(result.GetProperty("test_loss").GetDouble(), evaluated.GetProperty("loss").GetDouble());
        Assert.Equal(TinyRun.Sha(result), TinyRun.Sha(Ilzo.Run("replay", "--run", _temp["run"], "--json").Json));
        Assert.Contains("ForSequenceClassification", Ilzo.Run("inspect", _temp["run", "checkpoint"]).Success, StringComparison.Ordinal);
    }

    [Fact]
    public void What_does_not_fit_together_is_refused()
    {
        Ilzo.Run("add-head", "--task", "sst2", "--out", _temp["head"]);
        Assert.Contains(
            "a new folder was expected",
            Ilzo.Run("add-head", "--task", "sst2", "--out", _temp["head"]).Refusal(2),
            StringComparison.Ordinal);
        Assert.Contains(
            "tells 2 classes apart and task mnli has 3",
            Ilzo.Run("eval", "--model", _temp["head"], "--task", "mnli", "--data", _temp.Path).Refusal(2),
            StringComparison.Ordinal);
        Assert.Contains(
            "does not say what a classification head",
            Ilzo.Run("eval", "--model", _temp["head"], "--task", "wsc", "--data", _temp.Path).Refusal(2),
            StringComparison.Ordinal);
        Assert.Contains(
            "is a classifier", Ilzo.Run("generate", "--model", _temp["head"], "--prompt", "A").Refusal(2), StringComparison.Ordinal);
        Assert.Contains(
            "Task copa has no classes",
            Ilzo.Run("add-head", "--task", "copa", "--out", _temp["copa"]).Refusal(2),
            StringComparison.Ordinal);
        Assert.False(Directory.Exists(_temp["copa"]));
    }
}
