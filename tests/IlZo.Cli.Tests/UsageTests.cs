namespace IlZo.Cli.Tests;

/// <summary>Command lines that say less, or more, than the command can do.</summary>
public sealed class UsageTests
{
    [Theory]
    [InlineData("train", "--run", "")]
    [InlineData("train", "--model", "")]
    [InlineData("train", "--data", "")]
    [InlineData("replay", "--run", "")]
    [InlineData("export", "--run", "run", "--out", "")]
    [InlineData("add-head", "--task", "sst2", "--out", "")]
    [InlineData("compare", "--function", "sphere", "--out", "")]
    [InlineData("bench", "make", "--shape", "opt-tiny", "--out", "")]
    public void An_empty_value_is_refused_by_the_name_of_its_option(params string[] arguments) =>
        Assert.StartsWith($"{arguments[^2]} is ''; ", Ilzo.Run(arguments).Refusal(2), StringComparison.Ordinal);

    [Fact]
    public void A_text_may_be_empty()
    {
        Assert.Equal(1, Ilzo.Run("score", "--text", "").Json.GetProperty("ids").GetArrayLength());
        Assert.NotEmpty(Ilzo.Run("generate", "--prompt", "", "--max-new-tokens", "2").Success);
    }

    [Theory]
    [InlineData("{\"data\": \"\"}", "--data is ''")]
    [InlineData("{\"model\": \"a\\u0000b\"}", "--model is 'a\\u0000b'")]
    [InlineData("{\"chat_template\": \"\", \"data\": \"faq.jsonl\"}", "--chat-template is ''")]
    public void A_file_of_settings_names_paths(string content, string expected)
    {
        using var temp = new TempFolder();
        string config = temp.Write("c.json", content);
        Assert.StartsWith(expected, Ilzo.Run("train", "--config", config, "--run", temp["run"]).Refusal(2), StringComparison.Ordinal);
        Assert.False(Path.Exists(temp["run"]));
    }

    [Theory]
    [InlineData("fly", "'fly' is not a command; one of train, worker, cluster, add-head, ")]
    [InlineData("ls planets", "'planets' is not a command; one of models, tasks, optimizers was expected.")]
    public void A_word_that_is_no_command_is_named_with_those_that_are(string line, string expected) =>
        Assert.StartsWith($"ilzo: {expected}", Ilzo.Run(line.Split(' ')).Errors, StringComparison.Ordinal);

    [Theory]
    [InlineData("train", "--seed", "-1", "--seed is -1; a whole number of at least 0 was expected.")]
    [InlineData("train", "--steps", "3000000000", "--steps is 3000000000; a whole number of at most 2147483647 was expected.")]
    [InlineData("train", "--steps", "1.5", "--steps is 1.5; a whole number was expected.")]
    [InlineData("eval", "--seed", "4294967296", "--seed is '4294967296'; a whole number of at most 4294967295 was expected.")]
    public void A_whole_number_outside_its_range_is_refused_with_the_limit(string verb, string option, string value, string expected) =>
        Assert.StartsWith($"ilzo: {expected}", Ilzo.Run(verb, option, value).Errors, StringComparison.Ordinal);

    [Theory]
    [InlineData("train --rank 4", "--rank is given without --adapter lora")]
    [InlineData("train --adapter prefix --alpha 3", "--alpha is given without --adapter lora")]
    [InlineData("train --adapter prefix --targets q_proj", "--targets is given without --adapter lora")]
    [InlineData("train --adapter lora --prefix-tokens 3", "--prefix-tokens is given without --adapter prefix")]
    [InlineData("train --adapter some/folder --prefix-positions shifted", "--prefix-positions is given without --adapter prefix")]
    [InlineData("inspect builtin --rank 4", "--rank is given without --adapter lora")]
    [InlineData("compare --rank 4", "--rank is given without --adapter lora")]
    [InlineData("train --shots 4 --train-size 8", "--shots and --train-size are both given")]
    [InlineData("compare --lr 1e-4 --lrs 1e-5", "--lr and --lrs are both given")]
    [InlineData("eval --seed 1 --data-seed 2", "--seed and --data-seed")]
    [InlineData("generate --top-p 0.9", "--top-p is given and nothing is chosen at random at temperature 0")]
    public void An_option_that_nothing_would_come_of_is_refused(string line, string expected) =>
        Assert.StartsWith(expected, Ilzo.Run(line.Split(' ')).Refusal(2), StringComparison.Ordinal);

    [Fact]
    public void A_run_of_an_adapter_goes_on_with_the_options_it_was_begun_with()
    {
        using var temp = new TempFolder();
        TinyRun.Train(temp["run"], 1, "--adapter", "lora", "--rank", "2");
        Assert.Equal(2, Ilzo.Run(
            "train", "--run", temp["run"], "--resume", "--rank", "2", "--steps", "2", "--json").Json.GetProperty("steps").GetInt32());
        TinyRun.Train(temp["whole"], 1);
        Assert.Equal(1, Ilzo.Run(
            "train", "--config", temp["whole", "config.json"], "--run", temp["again"], "--json").Json.GetProperty("steps").GetInt32());
    }

    [Fact]
    public void Where_results_cannot_be_written_is_known_before_the_work()
    {
        using var temp = new TempFolder();
        string missing = temp["none", "logits.safetensors"];
        Assert.Equal(
            $"--logits is '{missing}'; a file in an existing folder was expected.",
            Ilzo.Run("score", "--text", "a", "--logits", missing).Refusal(2));
        string below = Path.Combine(temp.Write("file", ""), "below");
        var compared = Ilzo.Run("compare", "--function", "sphere", "--optimizers", "mezo", "--forward-passes", "4", "--out", below);
        Assert.Equal(1, compared.ExitCode);
        Assert.DoesNotContain("run 1/", compared.Errors, StringComparison.Ordinal);
        Assert.Contains("ilzo: reading or writing failed", compared.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public void A_comparison_that_fails_leaves_no_folder()
    {
        using var temp = new TempFolder();
        Assert.Equal(2, Ilzo.Run("compare", "--model", temp["none"], "--out", temp["out"]).ExitCode);
        Assert.False(Path.Exists(temp["out"]));
    }
}
