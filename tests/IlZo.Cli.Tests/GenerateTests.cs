using System.Text.Json;

namespace IlZo.Cli.Tests;

public sealed class GenerateTests
{
    [Fact]
    public void Stories260K_tells_its_reference_story_letter_by_letter()
    {
        var reference = TestData.Reference("stories260K");
        int count = reference.GetProperty("greedy_ids").GetArrayLength() - 1;
        var outcome = Ilzo.Run("generate", "--model", TestData.Stories, "--prompt", "", "--max-new-tokens", $"{count}");
        Assert.Equal(reference.GetProperty("greedy_text").GetString(), outcome.Success);
        Assert.Equal(string.Empty, outcome.Errors);
    }

    [Fact]
    public void BabyLlama_tells_its_reference_story()
    {
        // The reference joins the pieces of the vocabulary as they are; the tokenizer's decoder strips the one space that
        // encoding puts in front of a text.
        var reference = TestData.Reference("babyllama361");
        int[] ids = Ids(reference, "greedy_ids");
        var result = Ilzo.Run("generate", "--model", TestData.BabyLlama, "--max-new-tokens", $"{ids.Length - 1}", "--json").Json;
        Assert.Equal(ids[..1], Ids(result, "prompt_ids"));
        Assert.Equal(ids[1..], Ids(result, "ids"));
        Assert.Equal(reference.GetProperty("greedy_text").GetString(), " " + result.GetProperty("text").GetString());
    }

    [Fact]
    public void The_built_in_model_continues_as_its_reference()
    {
        foreach (var entry in TestData.Reference("opt-reviews-6m").GetProperty("greedy").EnumerateArray())
        {
            var result =
                Ilzo.Run("generate", "--prompt", entry.GetProperty("prompt").GetString()!, "--max-new-tokens", "40", "--json").Json;
            Assert.Equal(Ids(entry, "input_ids"), Ids(result, "prompt_ids"));
            Assert.Equal(Ids(entry, "new_ids"), Ids(result, "ids"));

            // The reference shows the token that ends the text; as text it is nothing.
            Assert.Equal(entry.GetProperty("text").GetString(), result.GetProperty("text").GetString() + "</s>");
            Assert.Equal("end_of_text", result.GetProperty("stop").GetString());
        }
    }

    [Fact]
    public void Echo_prints_the_prompt_in_front_of_the_continuation() => Assert.Equal(
        "the film is a very good movie . It was great.", Ilzo.Run("generate", "--prompt", "the film is", "--echo").Success);

    [Fact]
    public void The_seed_decides_what_is_sampled()
    {
        string[] arguments = ["generate", "--model", TestData.Stories, "--max-new-tokens", "40", "--temperature", "1.2"];
        string first = Ilzo.Run([.. arguments, "--seed", "7"]).Success;
        Assert.Equal(first, Ilzo.Run([.. arguments, "--seed", "7", "--threads", "1"]).Success);
        Assert.NotEqual(first, Ilzo.Run([.. arguments, "--seed", "8"]).Success);
    }

    [Fact]
    public void A_tiny_top_p_is_greedy()
    {
        string[] arguments = ["generate", "--model", TestData.Stories, "--max-new-tokens", "40"];
        Assert.Equal(Ilzo.Run(arguments).Success, Ilzo.Run([.. arguments, "--temperature", "1.5", "--top-p", "0.000001"]).Success);
    }

    [Fact]
    public void A_text_may_be_longer_than_a_model_with_rotated_positions_was_made_for_which_is_mentioned()
    {
        var outcome = Ilzo.Run("generate", "--model", TestData.BabyLlama, "--max-new-tokens", "262", "--json");
        Assert.Equal("max_new_tokens", outcome.Json.GetProperty("stop").GetString());
        Assert.Equal(262, Ids(outcome.Json, "ids").Length);
        Assert.Contains("longer than the 256 tokens that the model was made for", outcome.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public void The_models_own_settings_decide_what_is_taken_unless_a_temperature_is_given()
    {
        using var temp = new TempFolder();
        string model = temp.Copy(TestData.Stories, "model");
        string[] greedy = ["generate", "--model", TestData.Stories, "--max-new-tokens", "30"];
        string[] own = ["generate", "--model", model, "--max-new-tokens", "30", "--seed", "3"];
        string file = Path.Combine(model, "generation_config.json");
        File.WriteAllText(file, """{"eos_token_id": 2, "temperature": 1.4, "top_k": 12}""");
        Assert.Equal(Ilzo.Run(greedy).Success, Ilzo.Run(own).Success);
        File.WriteAllText(file, """{"eos_token_id": 2, "do_sample": true, "temperature": 1.4, "top_k": 12}""");
        string drawn = Ilzo.Run(own).Success;
        Assert.Equal(Ilzo.Run([.. greedy, "--seed", "3", "--temperature", "1.4", "--top-k", "12"]).Success, drawn);
        Assert.NotEqual(Ilzo.Run(greedy).Success, drawn);
        Assert.Equal(Ilzo.Run(greedy).Success, Ilzo.Run([.. own, "--temperature", "0"]).Success);
        File.WriteAllText(file, """{"eos_token_id": 2, "repetition_penalty": 1.5, "max_new_tokens": 30}""");
        Assert.Equal(Ilzo.Run([.. greedy, "--repetition-penalty", "1.5"]).Success, Ilzo.Run("generate", "--model", model).Success);
        File.WriteAllText(file, "[]");
        Assert.Contains("generation_config.json' holds a JSON array", Ilzo.Run(own).Refusal(2), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--temperature", "-1")]
    [InlineData("--temperature", "NaN")]
    [InlineData("--top-p", "0")]
    [InlineData("--top-p", "1.5")]
    [InlineData("--max-new-tokens", "-1")]
    public void Numbers_out_of_range_are_refused(string flag, string value) =>
        Assert.Contains(flag, Ilzo.Run("generate", flag, value).Refusal(2), StringComparison.Ordinal);

    [Fact]
    public void A_prompt_longer_than_the_models_texts_is_refused()
    {
        string prompt = string.Concat(Enumerable.Repeat("word ", 600));
        Assert.Contains("at most 512", Ilzo.Run("generate", "--prompt", prompt).Refusal(2), StringComparison.Ordinal);
    }

    [Fact]
    public void Many_prompts_are_continued_as_each_is_alone_whatever_file_they_come_from()
    {
        using var temp = new TempFolder();
        string[] prompts = [.. Enumerable.Range(0, 18).Select(i => $"Once upon a time {i} \"dogs\" é"), "Lily"];
        string[] common =
            ["generate", "--model", TestData.Stories, "--max-new-tokens", "8", "--temperature", "1.2", "--seed", "5", "--stop", "."];
        string json = string.Concat(prompts.Select(p => JsonSerializer.Serialize(new { prompt = p }) + "\n"));
        string lines = string.Concat(prompts.Select(p => p + "\r\n"));
        string fromFile = Ilzo.Run([.. common, "--prompts", temp.Write("p.jsonl", json), "--echo"]).Success;
        string[] results = fromFile.Split('\n')[..^1];
        Assert.Equal(prompts, results.Select(r => JsonDocument.Parse(r).RootElement.GetProperty("prompt").GetString()));
        Assert.Equal(fromFile, Ilzo.Run([.. common, "--prompts", temp.Write("p.txt", lines), "--echo", "--threads", "1"]).Success);
        Assert.Equal(fromFile, Ilzo.RunWithInput(lines, [.. common, "--prompts", "-", "--echo"]).Success);
        Assert.Equal(fromFile, Ilzo.RunWithInput(json, [.. common, "--prompts", "-", "--echo"]).Success);
        foreach (int i in (int[])[0, 17, 18])
        {
            Assert.Equal(results[i] + "\n", Ilzo.Run([.. common, "--prompt", prompts[i], "--json", "--echo"]).Success);
        }
    }

    [Fact]
    public void A_text_ends_before_a_string_that_lies_across_tokens()
    {
        string[] common = ["generate", "--model", TestData.Stories, "--max-new-tokens", "30", "--prompt", "Once upon a time"];
        string whole = Ilzo.Run(common).Success;
        string stop = whole[9..20];
        string expected = whole[..whole.IndexOf(stop, StringComparison.Ordinal)];
        Assert.Equal(expected, Ilzo.Run([.. common, "--stop", stop]).Success);
        var json = Ilzo.Run([.. common, "--stop", "xyz", "--stop", stop, "--json"]).Json;
        Assert.Equal(("stop_string", expected), (json.GetProperty("stop").GetString(), json.GetProperty("text").GetString()));
    }

    [Theory]
    [InlineData("", "standard input: has no lines; a prompt in each was expected.")]
    [InlineData("{\"prompt\": \"a\"}\n{\"text\": \"a\"}\n", "standard input:2: has no \"prompt\"")]
    [InlineData("{\"prompt\": 3}\n", "standard input:1: \"prompt\" is ")]
    [InlineData("a\n\0\n", "standard input:2: holds a NUL byte")]
    public void Prompts_that_are_none_are_refused_with_their_place(string input, string expected) =>
        Assert.StartsWith(expected, Ilzo.RunWithInput(input, "generate", "--prompts", "-").Refusal(2), StringComparison.Ordinal);

    [Fact]
    public void One_source_of_prompts_is_expected() => Assert.Equal(
        "--prompt and --prompts are both given; one of them was expected.",
        Ilzo.Run("generate", "--prompts", "-", "--prompt", "a").Refusal(2));

    private static int[] Ids(JsonElement json, string name) => [.. json.GetProperty(name).EnumerateArray().Select(e => e.GetInt32())];
}
