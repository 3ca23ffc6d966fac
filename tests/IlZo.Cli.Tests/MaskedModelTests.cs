namespace IlZo.Cli.Tests;

/// <summary>A masked language model from the command line: few-shot training, evaluation, and what it cannot do.</summary>
public sealed class MaskedModelTests : IDisposable
{
    private readonly TempFolder _temp = new();

    public void Dispose() => _temp.Dispose();

    [Fact]
    public void FewShotTrainingEndsInAModelThatEvaluatesTheSame()
    {
        string model = TinyRoberta.Write(_temp);
        string[] flags = ["train", "--model", model, "--task", "sst2", "--shots", "4", "--test-size", "30", "--steps", "6", "--eval-every", "3"];
        string[] more = ["--batch-size", "4", "--lr", "1e-2", "--seed", "13"];
        var result = Ilzo.Run([.. flags, .. more, "--run", _temp["run"], "--threads", "2", "--json"]).Json;
        Assert.Equal(30, result.GetProperty("test_examples").GetInt32());
        Assert.Equal(0, result.GetProperty("skipped_steps").GetInt32());

        // Few-shot runs draw their test rows with the published seed whatever their own is.
        var evaluated = Ilzo.Run("eval", "--model", _temp["run", "checkpoint"], "--task", "sst2", "--test-size", "30", "--seed", "42", "--json").Json;
        Assert.Equal(result.GetProperty("test_loss").GetDouble(), evaluated.GetProperty("loss").GetDouble());

        Assert.Equal(TinyRun.Sha(result), TinyRun.Sha(Ilzo.Run("replay", "--run", _temp["run"], "--json").Json));
        var single = Ilzo.Run([.. flags, .. more, "--run", _temp["single"], "--threads", "1", "--json"]).Json;
        Assert.Equal(TinyRun.Sha(result), TinyRun.Sha(single));
    }

    [Fact]
    public void DizoProjectsQueriesAndValues()
    {
        string[] more = ["--model", TinyRoberta.Write(_temp), "--optimizer", "dizo", "--opt", "interval=2,inner=2", "--eps", "1e-2"];
        var result = TinyRun.Train(_temp["run"], 4, more);
        Assert.Equal(0, result.GetProperty("skipped_steps").GetInt32());
        Assert.Equal(TinyRun.Sha(result), TinyRun.Sha(Ilzo.Run("replay", "--run", _temp["run"], "--json").Json));
    }

    [Fact]
    public void AccuracyIsTrainedOnAndDecidesWhichStepIsKept()
    {
        string model = TinyRoberta.Write(_temp);
        var result = Ilzo.Run(
            "train", "--model", model, "--task", "sst2", "--shots", "8", "--test-size", "0", "--steps", "4", "--eval-every", "2", "--batch-size", "16",
            "--objective", "accuracy", "--eps", "0.3", "--run", _temp["run"], "--json").Json;
        double loss = result.GetProperty("dev_loss").GetDouble();
        Assert.InRange(loss, -1, 0);
        Assert.Equal(Math.Round(loss * 16), loss * 16, 1e-12);
    }

    [Fact]
    public void UsersRowsOfTwoSentencesAreClassifiedThreeWays()
    {
        string model = TinyRoberta.Write(_temp);
        Directory.CreateDirectory(_temp["data"]);
        string[] labels = ["entailment", "neutral", "contradiction"];
        foreach (string file in new[] { "train.jsonl", "validation.jsonl" })
        {
            File.WriteAllLines(
                _temp["data", file],
                Enumerable.Range(0, 12).Select(i => $$"""{"premise": "A cat {{i}}.", "hypothesis": "It is {{i}}.", "label": "{{labels[i % 3]}}"}"""));
        }

        var evaluated = Ilzo.Run("eval", "--model", model, "--task", "mnli", "--data", _temp["data"], "--json").Json;
        Assert.Equal(12, evaluated.GetProperty("examples").GetInt32());
        Assert.InRange(evaluated.GetProperty("loss").GetDouble(), 0.1, 10);
    }

    [Fact]
    public void TextIsNeitherContinuedNorScored()
    {
        string model = TinyRoberta.Write(_temp);
        foreach (string[] args in (string[][])[["generate", "--model", model, "--prompt", "A"], ["score", "--model", model, "--text", "A cat"]])
        {
            string refusal = Ilzo.Run(args).Refusal(2);
            Assert.Contains("is a masked language model (RobertaForMaskedLM)", refusal, StringComparison.Ordinal);
            Assert.Contains("a causal language model was expected", refusal, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void TasksWithoutASuitablePromptAreRefused()
    {
        string model = TinyRoberta.Write(_temp);
        Assert.Contains(
            "Task boolq has no prompt for a masked language model such as RobertaForMaskedLM",
            Ilzo.Run("eval", "--model", model, "--task", "boolq", "--data", _temp.Path).Refusal(2),
            StringComparison.Ordinal);
        Assert.Contains(
            "Task mnli has no prompt for a causal language model such as OPTForCausalLM",
            Ilzo.Run("eval", "--task", "mnli", "--data", _temp.Path).Refusal(2),
            StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--shots is 0", "--shots", "0")]
    [InlineData("--dev-size is 5", "--shots", "4", "--dev-size", "5")]
    [InlineData("--objective is 'f2'", "--objective", "f2")]
    public void OptionsThatMakeNoSenseAreRefused(string expected, params string[] flags) =>
        Assert.Contains(expected, Ilzo.Run(["train", "--run", _temp["run"], .. flags]).Refusal(2), StringComparison.Ordinal);
}
