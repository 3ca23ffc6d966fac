using System.Text.Json;
using IlZo.Checkpoints;

namespace IlZo.Cli.Tests;

public sealed class ScoreTests
{
    [Theory]
    [InlineData("opt-tiny")]
    [InlineData("opt-350m-style")]
    [InlineData("opt-tiny-bf16")]
    [InlineData("llama-gqa-sharded")]
    [InlineData("llama3-rope")]
    [InlineData("gemma-tiny-bf16")]
    [InlineData("gemma2-tiny")]
    [InlineData("phi3-longrope")]
    public void Ids_are_scored_as_the_reference_scores_them_without_a_tokenizer(string fixture)
    {
        using var temp = new TempFolder();
        string folder = TestData.Fixture(fixture);
        int[][] inputs = Inputs(folder);
        string file = temp.Write("in.jsonl", string.Concat(inputs.Select(ids => $"{{\"ids\": [{string.Join(", ", ids)}]}}\n")));
        var outcome = Ilzo.Run("score", "--model", folder, "--input", file, "--logits", temp["logits.safetensors"]);
        string[] lines = outcome.Success.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(inputs.Length, lines.Length);
        using var expected = SafetensorsFile.Open(Path.Combine(folder, "expected.safetensors"));
        using var logits = SafetensorsFile.Open(temp["logits.safetensors"]);
        for (int i = 0; i < inputs.Length; i++)
        {
            using var line = JsonDocument.Parse(lines[i]);
            var values = line.RootElement.GetProperty("token_logprobs").EnumerateArray().ToArray();
            Assert.Equal(inputs[i].Length, values.Length);
            Assert.Equal(JsonValueKind.Null, values[0].ValueKind);
            float[] actual = [.. values.Skip(1).Select(v => v.GetSingle())];
            if (actual.Length > 0)
            {
                Close(Values(expected, $"input{i}.logprobs"), actual, 5e-5f);
                Close(Values(expected, $"input{i}.mean_nll"), [line.RootElement.GetProperty("nll").GetSingle()], 2e-5f);
            }
            else
            {
                Assert.Equal(JsonValueKind.Null, line.RootElement.GetProperty("nll").ValueKind);
            }

            Close(Values(expected, $"input{i}.logits"), Values(logits, $"logits.{i}"), 1e-4f);
            AssertTop(line.RootElement, Values(logits, $"logits.{i}"), inputs[i].Length);
        }
    }

    [Fact]
    public void The_built_in_model_names_the_next_tokens_of_its_reference()
    {
        using var temp = new TempFolder();
        var entries = TestData.Reference("opt-reviews-6m").GetProperty("next_token").EnumerateArray().ToArray();
        string[] lines = Score(temp, entries.Select(e => e.GetProperty("prompt").GetString()!));
        foreach (var (line, entry) in lines.Zip(entries))
        {
            using var score = JsonDocument.Parse(line);
            var top = score.RootElement.GetProperty("top").EnumerateArray().ToArray();
            var expected = entry.GetProperty("top10").EnumerateArray().Take(5).ToArray();
            Assert.Equal(expected.Select(e => e.GetProperty("id").GetInt32()), top.Select(t => t.GetProperty("id").GetInt32()));
            Assert.Equal(expected.Select(e => e.GetProperty("token").GetString()), top.Select(t => t.GetProperty("token").GetString()));

            // Differences of logits are differences of log-probabilities.
            Close(
                [.. expected.Select(e => e.GetProperty("logit").GetSingle() - expected[0].GetProperty("logit").GetSingle())],
                [.. top.Select(t => t.GetProperty("logprob").GetSingle() - top[0].GetProperty("logprob").GetSingle())],
                2e-4f);
        }
    }

    [Fact]
    public void The_built_in_model_finds_held_out_texts_as_probable_as_its_reference()
    {
        using var temp = new TempFolder();
        var entries = TestData.Reference("opt-reviews-6m").GetProperty("validation_nll").EnumerateArray().ToArray();
        string[] lines = Score(temp, entries.Select(e => e.GetProperty("text").GetString()!));
        foreach (var (line, entry) in lines.Zip(entries))
        {
            using var score = JsonDocument.Parse(line);
            Assert.Equal(
                entry.GetProperty("input_ids").EnumerateArray().Select(e => e.GetInt32()),
                score.RootElement.GetProperty("ids").EnumerateArray().Select(e => e.GetInt32()));
            Assert.Equal(entry.GetProperty("mean_nll").GetDouble(), score.RootElement.GetProperty("nll").GetDouble(), 2e-5);
        }
    }

    [Fact]
    public void BabyLlama_finds_its_text_as_probable_as_its_reference()
    {
        var reference = TestData.Reference("babyllama361");
        var score = Ilzo.Run("score", "--model", TestData.BabyLlama, "--text", reference.GetProperty("text").GetString()!).Json;
        Assert.Equal(reference.GetProperty("text_mean_nll_float32").GetDouble(), score.GetProperty("nll").GetDouble(), 5e-6);
    }

    [Theory]
    [InlineData("{\"ids\": [1]}\n{oops", ":2: ")]
    [InlineData("{\"ids\": [1]}\n\n{\"ids\": [1, \"2\"]}", ":3: ")]
    [InlineData("{\"ids\": [1.5]}", ":1: ")]
    [InlineData("{\"ids\": 7}", ":1: ")]
    [InlineData("{\"ids\": []}", ":1 has no tokens")]
    [InlineData("{\"ids\": [512]}", ":1 has the token id 512; ids from 0 to 511")]
    [InlineData("{\"ids\": [-1]}", ":1 has the token id -1")]
    [InlineData("{\"ids\": [1], \"text\": \"a\"}", ":1: has both")]
    [InlineData("{\"words\": \"a\"}", ":1: has neither")]
    [InlineData("{\"text\": 5}", ":1: ")]
    [InlineData("[1]", ":1 (row 1): ")]
    [InlineData("", ": has no lines")]
    public void A_broken_line_is_named_and_nothing_is_printed(string content, string place)
    {
        using var temp = new TempFolder();
        string file = temp.Write("in.jsonl", content);
        string message = Ilzo.Run("score", "--model", TestData.Stories, "--input", file, "--logits", temp["out.safetensors"]).Refusal(2);
        Assert.Contains(file + place, message, StringComparison.Ordinal);
        Assert.False(File.Exists(temp["out.safetensors"]));
    }

    [Fact]
    public void A_text_longer_than_a_table_of_positions_is_refused_and_one_longer_than_rotations_were_trained_for_is_not()
    {
        using var temp = new TempFolder();
        string file = temp.Write("in.jsonl", $"{{\"ids\": [{string.Join(",", Enumerable.Repeat(1, 513))}]}}");
        string message = Ilzo.Run("score", "--model", TestData.Fixture("opt-tiny"), "--input", file).Refusal(2);
        Assert.Contains("has 513 tokens; at most 64", message, StringComparison.Ordinal);
        Assert.Equal(513, Ilzo.Run("score", "--model", TestData.Stories, "--input", file).Json.GetProperty("ids").GetArrayLength());
    }

    [Fact]
    public void Exactly_one_input_is_expected()
    {
        Ilzo.Run("score").Refusal(2);
        Ilzo.Run("score", "--text", "a", "--input", "b").Refusal(2);
    }

    private static string[] Score(TempFolder temp, IEnumerable<string> texts)
    {
        string file = temp.Write("in.jsonl", string.Concat(texts.Select(t => $"{{\"text\": \"{JsonEncodedText.Encode(t)}\"}}\n")));
        return Ilzo.Run("score", "--input", file).Success.Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }

    private static void AssertTop(JsonElement score, float[] logits, int tokens)
    {
        float[] last = logits[^(logits.Length / tokens)..];
        double sum = Math.Log(last.Sum(l => Math.Exp(l)));
        var expected = last.Select((l, id) => (Id: id, LogProbability: l - sum)).OrderByDescending(t => t.LogProbability).Take(5);
        foreach (var (actual, (id, value)) in score.GetProperty("top").EnumerateArray().Zip(expected))
        {
            Assert.Equal(id, actual.GetProperty("id").GetInt32());
            Assert.Equal(value, actual.GetProperty("logprob").GetDouble(), 1e-5);
            Assert.False(actual.TryGetProperty("token", out _));
        }

        Assert.Equal(5, score.GetProperty("top").GetArrayLength());
    }

    private static int[][] Inputs(string folder)
    {
        using var inputs = JsonDocument.Parse(File.ReadAllText(Path.Combine(folder, "inputs.json")));
        return
        [
            .. inputs.RootElement.GetProperty("inputs").EnumerateArray()
                .TakeWhile(i => i.GetProperty("padding").GetString() == "none")
                .Select(i => i.GetProperty("input_ids").EnumerateArray().Select(e => e.GetInt32()).ToArray()),
        ];
    }

    /// <summary>The numbers of a tensor in fp32.</summary>
    internal static unsafe float[] Values(SafetensorsFile file, string tensor)
    {
        var entry = file.Tensors.Single(t => t.Name == tensor);
        return new ReadOnlySpan<float>(entry.Data, (int)(entry.ByteCount / sizeof(float))).ToArray();
    }

    /// <summary>Requires numbers to be near others.</summary>
    internal static void Close(float[] expected, float[] actual, float tolerance)
    {
        Assert.Equal(expected.Length, actual.Length);
        Assert.All(expected.Zip(actual), pair => Assert.InRange(pair.Second, pair.First - tolerance, pair.First + tolerance));
    }
}
