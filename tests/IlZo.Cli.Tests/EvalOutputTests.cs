using System.Text.Json;

namespace IlZo.Cli.Tests;

/// <summary>What <c>ilzo eval</c> says of predictions beyond their accuracy, and what can stand around the examples.</summary>
public sealed class EvalOutputTests : IDisposable
{
    private readonly TempFolder _temp = new();

    public void Dispose() => _temp.Dispose();

    [Fact]
    public void Classes_and_the_file_of_predictions_agree_with_the_accuracy()
    {
        var result = Ilzo.Run("eval", "--task", "sst2", "--test-size", "40", "--predictions", _temp["p.jsonl"], "--json").Json;
        JsonElement[] lines = [.. File.ReadLines(_temp["p.jsonl"]).Select(l => JsonDocument.Parse(l).RootElement)];

        Assert.Equal(Enumerable.Range(0, 40), lines.Select(l => l.GetProperty("index").GetInt32()));
        Assert.Equal(result.GetProperty("correct").GetInt32(), lines.Count(l => l.GetProperty("correct").GetBoolean()));
        string[] words = ["terrible", "great"];
        foreach (var line in lines)
        {
            double[] scores = [.. line.GetProperty("scores").EnumerateArray().Select(s => s.GetDouble())];
            string prediction = words[scores[0] >= scores[1] ? 0 : 1];
            Assert.Equal(words, line.GetProperty("candidates").EnumerateArray().Select(c => c.GetString()));
            Assert.Equal(prediction, line.GetProperty("prediction").GetString());
            Assert.Equal(line.GetProperty("gold")[0].GetString() == prediction, line.GetProperty("correct").GetBoolean());
            Assert.StartsWith("built-in sst2/validation.jsonl:", line.GetProperty("where").GetString(), StringComparison.Ordinal);
        }

        var confusion = result.GetProperty("confusion");
        Assert.Equal(result.GetProperty("correct").GetInt32(), confusion[0][0].GetInt32() + confusion[1][1].GetInt32());
        foreach (var (word, c) in words.Select((word, c) => (word, c)))
        {
            var item = result.GetProperty("classes")[c];
            int support = lines.Count(l => l.GetProperty("gold")[0].GetString() == word);
            int predicted = lines.Count(l => l.GetProperty("prediction").GetString() == word);
            int right = lines.Count(l => l.GetProperty("correct").GetBoolean() && l.GetProperty("prediction").GetString() == word);
            Assert.Equal(
                (word, support, predicted),
                (item.GetProperty("name").GetString(), item.GetProperty("support").GetInt32(), item.GetProperty("predicted").GetInt32()));
            Assert.Equal((double)right / support, item.GetProperty("recall").GetDouble(), 12);
            Assert.Equal(2.0 * right / (support + predicted), item.GetProperty("f1").GetDouble(), 12);
        }

        double macro = result.GetProperty("classes").EnumerateArray().Average(c => c.GetProperty("f1").GetDouble());
        Assert.Equal(macro, result.GetProperty("macro_f1").GetDouble(), 12);
        Assert.InRange(result.GetProperty("matthews_correlation").GetDouble(), -1, 1);
        Assert.Equal(result.GetProperty("correct").GetInt32() / 40.0, result.GetProperty("accuracy").GetDouble());
    }

    [Fact]
    public void Generated_answers_have_an_F1_with_its_interval()
    {
        string data = Answers();
        var result = Ilzo.Run("eval", "--task", "squad", "--data", data, "--predictions", _temp["p.jsonl"], "--json").Json;
        double f1 = result.GetProperty("f1").GetDouble();
        Assert.InRange(f1, result.GetProperty("f1_low").GetDouble(), result.GetProperty("f1_high").GetDouble());
        Assert.InRange(result.GetProperty("loss").GetDouble(), 0.1, 20);
        Assert.False(result.TryGetProperty("classes", out _));
        JsonElement[] lines = [.. File.ReadLines(_temp["p.jsonl"]).Select(l => JsonDocument.Parse(l).RootElement)];
        Assert.Equal(f1, lines.Average(l => l.GetProperty("f1").GetDouble()), 12);
        Assert.Equal(result.GetProperty("rouge_l").GetDouble(), lines.Average(l => l.GetProperty("rouge_l").GetDouble()), 12);
        Assert.All(lines, l => Assert.Equal(["number", "the film"], l.GetProperty("gold").EnumerateArray().Select(g => g.GetString())));

        string output = Ilzo.Run("eval", "--task", "squad", "--data", data).Success;
        Assert.Matches(@"\nF1 +\d+\.\d % \(95 % interval \d+\.\d-\d+\.\d %\)\n", output);
        Assert.Matches(@"\nexact match +\d+\.\d % \(\d of 3; 95 % interval", output);
    }

    [Fact]
    public void Demonstrations_and_calibration_change_scores_and_not_the_rows()
    {
        string[] usual = ["eval", "--task", "sst2", "--test-size", "12", "--predictions", _temp["p.jsonl"], "--json"];
        var plain = Scores(usual);
        var shown = Scores([.. usual, "--demonstrations", "4"]);
        var own = Scores([.. usual, "--demonstrations", "4", "--demonstrations-per-example"]);
        var calibrated = Scores([.. usual, "--calibrate"]);
        Assert.Equal(plain.Where, shown.Where);
        Assert.Equal(plain.Where, calibrated.Where);
        Assert.NotEqual(plain.First, shown.First);
        Assert.NotEqual(shown.First, own.First);

        // Options of one token: each score moves by the same amount for every row.
        double[] shift = [.. plain.First.Zip(calibrated.First, (a, b) => b - a)];
        Assert.All(shift, s => Assert.Equal(shift[0], s, 9));
        Assert.NotEqual(0, shift[0]);
        Assert.Equal(4, Ilzo.Run([.. usual, "--demonstrations", "4"]).Json.GetProperty("demonstrations").GetInt32());

        (string[] Where, double[] First) Scores(string[] command)
        {
            Assert.Equal(12, Ilzo.Run(command).Json.GetProperty("examples").GetInt32());
            JsonElement[] lines = [.. File.ReadLines(_temp["p.jsonl"]).Select(l => JsonDocument.Parse(l).RootElement)];
            return ([.. lines.Select(l => l.GetProperty("where").GetString()!)], [.. lines.Select(
                l => l.GetProperty("scores")[0].GetDouble())]);
        }
    }

    [Fact]
    public void Prompts_that_lose_their_beginning_are_counted()
    {
        string[] command = ["eval", "--task", "sst2", "--test-size", "5", "--demonstrations", "2", "--max-length", "24"];
        Assert.Equal(5, Ilzo.Run([.. command, "--json"]).Json.GetProperty("truncated").GetInt32());
        Assert.Contains("5 of 5 prompts were too long", Ilzo.Run(command).Success, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--demonstrations is -1", "--demonstrations", "-1")]
    [InlineData("--demonstrations of 1 or more was expected", "--demonstrations-per-example")]
    [InlineData("a file in an existing folder was expected", "--predictions", "no/such/folder/p.jsonl")]
    [InlineData("a file in an existing folder was expected", "--predictions", "/")]
    public void Unusable_options_are_refused(string expected, params string[] flags) =>
        Assert.Contains(expected, Ilzo.Run(["eval", "--test-size", "2", .. flags]).Refusal(2), StringComparison.Ordinal);

    [Fact]
    public void Calibration_needs_a_prompt_without_content() => Assert.Contains(
        "task squad has no prompt without content", Ilzo.Run("eval", "--task", "squad", "--data", Answers(), "--calibrate").Refusal(2),
        StringComparison.Ordinal);

    [Theory]
    [InlineData("--demonstrations", "2")]
    [InlineData("--calibrate")]
    public void Only_causal_models_take_demonstrations_and_calibration(params string[] flags) => Assert.Contains(
        "is a masked language model (RobertaForMaskedLM)",
        Ilzo.Run(["eval", "--model", TinyRoberta.Write(_temp), "--task", "sst2", "--test-size", "2", .. flags]).Refusal(2),
        StringComparison.Ordinal);

    private string Answers()
    {
        Directory.CreateDirectory(_temp["data"]);
        string[] rows = [.. Enumerable.Range(0, 6).Select(i => $$$"""{"title": "Film {{{i}}}", "context": "It is good.", "question": "What is good?", "answers": {"text": ["number", "the film"]}}""")];
        File.WriteAllLines(_temp["data", "train.jsonl"], rows[..3]);
        File.WriteAllLines(_temp["data", "validation.jsonl"], rows[3..]);
        return _temp["data"];
    }
}
