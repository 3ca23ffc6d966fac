using System.Text.Json;

namespace IlZo.Cli.Tests;

public sealed class ConfigFileTests
{
    [Fact]
    public void A_file_sets_what_flags_do_and_flags_win()
    {
        using var temp = new TempFolder();
        string config = temp.Write(
            "c.json",
            $$"""
            {"model": "{{TestData.Stories}}", "task": "sst2", "steps": 50, "batch-size": 2, "lr": 1e-4, "train_size": 32,
             "dev-size": 8, "test_size": 8, "eval-every": 20, "seed": 3, "data": null}
            """);
        var result = Ilzo.Run("train", "--config", config, "--steps", "4", "--run", temp["run"], "--json").Json;
        Assert.Equal(TinyRun.Sha(TinyRun.Train(temp["flags"], 4)), TinyRun.Sha(result));
    }

    [Fact]
    public void The_configuration_of_a_run_repeats_it()
    {
        using var temp = new TempFolder();
        var first = TinyRun.Train(temp["first"], 5);
        var second = Ilzo.Run("train", "--config", temp["first", "config.json"], "--run", temp["second"], "--json").Json;
        Assert.Equal(TinyRun.Sha(first), TinyRun.Sha(second));
    }

    [Fact]
    public void Options_of_a_method_are_text_in_a_file_and_pairs_as_flags()
    {
        using var temp = new TempFolder();
        string config = temp.Write("c.json", """{"optimizer": "dizo", "opt": "interval=2,inner=1"}""");
        string[] flags = ["--optimizer", "dizo", "--opt", "inner=1", "--opt", "interval=2"];
        var file = TinyRun.Train(temp["file"], 4, "--config", config);
        Assert.Equal(TinyRun.Sha(file), TinyRun.Sha(TinyRun.Train(temp["flags"], 4, flags)));
        Assert.Equal(8 + 4, file.GetProperty("forward_passes").GetInt64());
        Assert.Equal(TinyRun.Sha(file), TinyRun.Sha(Ilzo.Run("train", "--run", temp["file"], "--resume", "--json").Json));
        string message = Ilzo.Run("train", "--opt", "x=1", "--run", temp["none"]).Refusal(2);
        Assert.Contains("mezo has no option 'x'", message, StringComparison.Ordinal);
        message = Ilzo.Run("train", "--optimizer", "dizo", "--opt", "inner=0", "--run", temp["none"]).Refusal(2);
        Assert.Contains("--opt inner is '0'; a whole number of at least 1 was expected", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Schedules_that_depend_on_the_number_of_steps_keep_it()
    {
        using var temp = new TempFolder();
        TinyRun.Train(temp["run"], 4, "--schedule", "linear", "--warmup", "2");
        string message = Ilzo.Run("train", "--run", temp["run"], "--resume", "--steps", "5").Refusal(2);
        Assert.Contains("was started with steps 4, and 5", message, StringComparison.Ordinal);
    }

    [Fact]
    public void What_the_record_of_a_run_does_not_say_is_what_it_was_then()
    {
        using var temp = new TempFolder();
        string record = temp.Write(
            "config.json",
            """
            {"options": {"optimizer": "loren", "steps": 1, "batch_size": 1, "train_size": 2, "dev_size": 1, "test_size": 1, "samples": 0}}
            """);
        Assert.Equal(("source=false", "True"), Recorded("older", "--config", record));
        Assert.Equal(
            ("source=true", "False"),
            Recorded(
                "newer", "--optimizer", "loren", "--steps", "1", "--batch-size", "1", "--train-size", "2", "--dev-size", "1", "--test-size",
                "1", "--samples", "0"));

        (string Opt, string Split) Recorded(string name, params string[] flags)
        {
            Ilzo.Run(["train", "--allow-worse", .. flags, "--run", temp[name], "--json"]).Json.ToString();
            using var json = JsonDocument.Parse(File.ReadAllBytes(temp[name, "config.json"]));
            var options = json.RootElement.GetProperty("options");
            return (options.GetProperty("opt").GetString()!, options.GetProperty("split_special_tokens").GetBoolean().ToString());
        }
    }

    [Fact]
    public void The_options_of_a_method_stay_with_it()
    {
        using var temp = new TempFolder();
        string config = temp.Write("c.json", """{"optimizer": "dizo", "opt": "interval=2,inner=1"}""");
        var other = Ilzo.Run(TinyRun.Command(2, "--config", config, "--optimizer", "mezo", "--run", temp["run"], "--json"));
        Assert.Equal(TinyRun.Sha(TinyRun.Train(temp["mezo"], 2)), TinyRun.Sha(other.Json));
        Assert.Contains(
            "note: interval=2,inner=1 are options of dizo; they have no part in a run of mezo.", other.Errors, StringComparison.Ordinal);
        string message = Ilzo.Run(
            "train", "--config", config, "--optimizer", "mezo", "--opt", "inner=1", "--run", temp["none"]).Refusal(2);
        Assert.Contains("mezo has no option 'inner'", message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{\"steps\": \"many\"}", "'steps' is \"many\"; a number was expected")]
    [InlineData("{\"steps\": [1]}", "'steps' is [1]")]
    [InlineData("{\"steps\": 1.5}", "--steps is 1.5; a whole number was expected")]
    [InlineData("{\"steps\": -1}", "--steps is -1")]
    [InlineData("{\"steps\": 99999999999}", "--steps is 99999999999")]
    [InlineData("{\"seed\": -1}", "--seed is -1")]
    [InlineData("{\"lr\": 1e999}", "--lr is")]
    [InlineData("{\"model\": 5}", "'model' is 5; text was expected")]
    [InlineData("{\"step\": 5}", "'step' is not a setting; one of model, task")]
    [InlineData("{\"batch-size\": 1, \"batch_size\": 2}", "'batch-size' appears twice")]
    [InlineData("{\"task\": \"\\ud800\"}", "surrogate")]
    [InlineData("{\"options\": {}, \"extra\": 1}", "'extra'")]
    [InlineData("{\"steps\": 5", "line 1, byte")]
    [InlineData("[]", "an object with the names of flags was expected")]
    [InlineData("", "not valid JSON")]
    public void A_bad_file_is_refused_with_the_place(string content, string expected)
    {
        using var temp = new TempFolder();
        string config = temp.Write("c.json", content);
        string message = Ilzo.Run("train", "--config", config, "--run", temp["run"]).Refusal(2);
        Assert.Contains(expected, message, StringComparison.Ordinal);
        Assert.False(Directory.Exists(temp["run"]));
    }

    [Fact]
    public void A_missing_file_is_named() =>
        Assert.Contains("/no/such.json", Ilzo.Run("train", "--config", "/no/such.json").Refusal(2), StringComparison.Ordinal);
}
