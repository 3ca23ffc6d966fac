using System.Text.Json;
using IlZo.Checkpoints;

namespace IlZo.Cli.Tests;

/// <summary>A masked language model from the command line: few-shot training, evaluation, and what it cannot do.</summary>
public sealed class MaskedModelTests : IDisposable
{
    private readonly TempFolder _temp = new();

    public void Dispose() => _temp.Dispose();

    [Fact]
    public void Few_shot_training_ends_in_a_model_that_evaluates_the_same()
    {
        string model = TinyRoberta.Write(_temp);
        string[] flags =
            ["train", "--model", model, "--task", "sst2", "--shots", "4", "--test-size", "30", "--steps", "6", "--eval-every", "3"];
        string[] more = ["--batch-size", "4", "--lr", "1e-2", "--seed", "13"];
        var result = Ilzo.Run([.. flags, .. more, "--run", _temp["run"], "--threads", "2", "--json"]).Json;
        Assert.Equal(30, result.GetProperty("test_examples").GetInt32());
        Assert.Equal(0, result.GetProperty("skipped_steps").GetInt32());

        // Few-shot runs draw their test rows with the published seed whatever their own is.
        var evaluated =
            Ilzo.Run("eval", "--model", _temp["run", "checkpoint"], "--task", "sst2", "--test-size", "30", "--seed", "42", "--json").Json;
        Assert.Equal(result.GetProperty("test_loss").GetDouble(), evaluated.GetProperty("loss").GetDouble());

        Assert.Equal(TinyRun.Sha(result), TinyRun.Sha(Ilzo.Run("replay", "--run", _temp["run"], "--json").Json));
        var single = Ilzo.Run([.. flags, .. more, "--run", _temp["single"], "--threads", "1", "--json"]).Json;
        Assert.Equal(TinyRun.Sha(result), TinyRun.Sha(single));
    }

    [Fact]
    public void DiZO_projects_queries_and_values()
    {
        string[] more = ["--model", TinyRoberta.Write(_temp), "--optimizer", "dizo", "--opt", "interval=2,inner=2", "--eps", "1e-2"];
        var result = TinyRun.Train(_temp["run"], 4, more);
        Assert.Equal(0, result.GetProperty("skipped_steps").GetInt32());
        Assert.Equal(TinyRun.Sha(result), TinyRun.Sha(Ilzo.Run("replay", "--run", _temp["run"], "--json").Json));
    }

    [Fact]
    public void Accuracy_is_trained_on_and_decides_which_step_is_kept()
    {
        string model = TinyRoberta.Write(_temp);
        var result = Ilzo.Run(
            "train", "--model", model, "--task", "sst2", "--shots", "8", "--test-size", "0", "--steps", "4", "--eval-every", "2",
            "--batch-size", "16",
            "--objective", "accuracy", "--eps", "0.3", "--run", _temp["run"], "--json").Json;
        double loss = result.GetProperty("dev_loss").GetDouble();
        Assert.InRange(loss, -1, 0);
        Assert.Equal(Math.Round(loss * 16), loss * 16, 1e-12);
    }

    [Fact]
    public void Users_rows_of_two_sentences_are_classified_three_ways()
    {
        string model = TinyRoberta.Write(_temp);
        Directory.CreateDirectory(_temp["data"]);
        string[] labels = ["entailment", "neutral", "contradiction"];
        foreach (string file in new[] { "train.jsonl", "validation.jsonl" })
        {
            File.WriteAllLines(
                _temp["data", file],
                Enumerable.Range(0, 12).Select(
                    i => $$"""{"premise": "A cat {{i}}.", "hypothesis": "It is {{i}}.", "label": "{{labels[i % 3]}}"}"""));
        }

        var evaluated = Ilzo.Run("eval", "--model", model, "--task", "mnli", "--data", _temp["data"], "--json").Json;
        Assert.Equal(12, evaluated.GetProperty("examples").GetInt32());
        Assert.InRange(evaluated.GetProperty("loss").GetDouble(), 0.1, 10);
    }

    [Fact]
    public void Text_is_not_continued()
    {
        string refusal = Ilzo.Run("generate", "--model", TinyRoberta.Write(_temp), "--prompt", "A").Refusal(2);
        Assert.Contains("is a masked language model (RobertaForMaskedLM)", refusal, StringComparison.Ordinal);
        Assert.Contains("a causal language model was expected", refusal, StringComparison.Ordinal);
    }

    [Fact]
    public void Masks_are_scored_as_the_reference_scores_them()
    {
        // The fixture has no tokenizer; one of as many tokens, whose last is the mask.
        string folder = _temp.Copy(TestData.Fixture("roberta-tiny"), "tiny");
        const int mask = 330;
        string vocabulary = string.Join(", ", Enumerable.Range(0, mask).Select(i => $"\"t{i}\": {i}"));
        File.WriteAllText(
            Path.Combine(folder, "tokenizer.json"),
            $$"""{"model": {"type": "BPE", "vocab": { {{vocabulary}}, "<mask>": {{mask}} }, "merges": []} }""");
        File.WriteAllText(Path.Combine(folder, "tokenizer_config.json"), """{"mask_token": "<mask>"}""");
        using var inputs = JsonDocument.Parse(File.ReadAllText(Path.Combine(folder, "inputs.json")));
        var entries = inputs.RootElement.GetProperty(
            "inputs").EnumerateArray().TakeWhile(i => i.GetProperty("padding").GetString() == "none").ToArray();
        string file = _temp.Write("in.jsonl", string.Concat(
            entries.Select(e => $"{{\"ids\": {e.GetProperty("input_ids").GetRawText().ReplaceLineEndings(" ")}}}\n")));
        string[] lines = Ilzo.Run("score", "--model", folder, "--input", file, "--logits", _temp["logits.safetensors"]).Success.Split(
            '\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(entries.Length, lines.Length);
        using var expected = SafetensorsFile.Open(Path.Combine(folder, "expected.safetensors"));
        using var logits = SafetensorsFile.Open(_temp["logits.safetensors"]);
        for (int i = 0; i < entries.Length; i++)
        {
            using var line = JsonDocument.Parse(lines[i]);
            var masks = line.RootElement.GetProperty("masks").EnumerateArray().ToArray();
            int[] positions = Integers(entries[i].GetProperty("mask_positions"));
            int[] labels = Integers(entries[i].GetProperty("mask_labels"));
            Assert.Equal(positions, masks.Select(m => m.GetProperty("position").GetInt32()));
            ScoreTests.Close(ScoreTests.Values(expected, $"input{i}.logits"), ScoreTests.Values(logits, $"logits.{i}"), 1e-4f);
            float[] reference = ScoreTests.Values(expected, $"input{i}.mask_logits");
            float[] ofLabels = ScoreTests.Values(expected, $"input{i}.mask_logprobs");
            for (int m = 0; m < masks.Length; m++)
            {
                float[] row = reference[(m * (mask + 1))..((m + 1) * (mask + 1))];

                // The reference's own log-probability of a label gives what its logits are counted from.
                double sum = row[labels[m]] - ofLabels[m];
                var best = row.Index().OrderByDescending(r => r.Item).Take(5).ToArray();
                var top = masks[m].GetProperty("top").EnumerateArray().ToArray();
                Assert.Equal(best.Select(b => b.Index), top.Select(t => t.GetProperty("id").GetInt32()));
                Assert.All(
                    best.Zip(top), pair => Assert.Equal(pair.First.Item - sum, pair.Second.GetProperty("logprob").GetDouble(), 5e-5));
                Assert.All(top, t => Assert.Equal($"t{t.GetProperty("id").GetInt32()}", t.GetProperty("token").GetString()));
            }
        }

        static int[] Integers(JsonElement list) => [.. list.EnumerateArray().Select(e => e.GetInt32())];
    }

    [Fact]
    public void A_mask_is_written_in_the_text_and_a_text_without_one_is_refused()
    {
        string model = TinyRoberta.Write(_temp);
        var score = Ilzo.Run("score", "--model", model, "--text", "A cat is a <mask> animal, <mask>.").Json;
        Assert.Equal([5, 8], score.GetProperty("masks").EnumerateArray().Select(m => m.GetProperty("position").GetInt32()));
        Assert.Equal(50264, score.GetProperty("ids")[5].GetInt32());
        Assert.Contains(
            "--text has no mask (the token 50264)",
            Ilzo.Run("score", "--model", model, "--text", "A cat").Refusal(2),
            StringComparison.Ordinal);
        string file = _temp.Write("in.jsonl", "{\"text\": \"a <mask>\"}\n{\"text\": \"b\"}\n");
        Assert.Contains(":2 has no mask", Ilzo.Run("score", "--model", model, "--input", file).Refusal(2), StringComparison.Ordinal);
    }

    [Fact]
    public void Tasks_without_a_suitable_prompt_are_refused()
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
    public void Options_that_make_no_sense_are_refused(string expected, params string[] flags) =>
        Assert.Contains(expected, Ilzo.Run(["train", "--run", _temp["run"], .. flags]).Refusal(2), StringComparison.Ordinal);
}
