namespace IlZo.Cli.Tests;

public sealed class TrainTests
{
    [Fact]
    public void The_result_is_one_object_on_output_and_in_the_run_folder()
    {
        using var temp = new TempFolder();
        var outcome = Ilzo.Run(TinyRun.Command(30, "--run", temp["run"], "--json"));
        string[] names =
        [
            "zero_shot_accuracy", "test_accuracy", "test_loss", "test_examples", "dev_loss", "selected_step", "steps", "forward_passes",
            "tokens", "seconds", "skipped_steps", "peak_rss_bytes", "weights_sha256", "run", "dev_loss_at_start", "ended_worse",
            "selected_sha256",
            "computed",
        ];
        Assert.Equal(names, outcome.Json.EnumerateObject().Select(p => p.Name));
        Assert.Equal(30, outcome.Json.GetProperty("steps").GetInt32());
        Assert.Equal(60, outcome.Json.GetProperty("forward_passes").GetInt32());
        Assert.Equal(8, outcome.Json.GetProperty("test_examples").GetInt32());
        Assert.Equal(temp["run"], outcome.Json.GetProperty("run").GetString());
        Assert.Equal(outcome.Output, File.ReadAllText(temp["run", "result.json"]));
        Assert.Equal(
            [
                "checkpoint", "clock.json", "config.json", "environment.json", "metrics.jsonl", "report.html", "result.json",
                "samples.json", "trajectory.bin",
            ],
            Directory.EnumerateFileSystemEntries(
                temp["run"]).Select(p => Path.GetFileName(p)!).Where(n => !n.EndsWith(".lock", StringComparison.Ordinal)).Order());

        // Plain lines where standard error is no terminal: the resolved settings, steps, evaluations.
        Assert.Contains("lr 0.0001, eps 0.001", outcome.Errors, StringComparison.Ordinal);
        Assert.Contains("\nstep 30/30  loss ", outcome.Errors, StringComparison.Ordinal);
        Assert.Contains("\nstep 20: dev accuracy ", outcome.Errors, StringComparison.Ordinal);
        Assert.DoesNotContain("\r", outcome.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public void People_read_a_table()
    {
        using var temp = new TempFolder();
        string output = Ilzo.Run(TinyRun.Command(2, "--run", temp["run"])).Success;
        Assert.Matches(@"zero-shot accuracy +\d+\.\d % \(\d of 8; 95 % interval", output);
        Assert.Matches(@"final accuracy +\d+\.\d %", output);
        Assert.Contains(temp["run", "checkpoint"], output, StringComparison.Ordinal);
    }

    [Fact]
    public void Threads_change_no_bit_of_the_weights()
    {
        using var temp = new TempFolder();
        var one = TinyRun.Train(temp["one"], 25, "--threads", "1", "--dtype", "fp16");
        var two = TinyRun.Train(temp["two"], 25, "--threads", "2", "--dtype", "fp16");
        Assert.Equal(TinyRun.Sha(one), TinyRun.Sha(two));
        Assert.Equal(File.ReadAllBytes(temp["one", "trajectory.bin"]), File.ReadAllBytes(temp["two", "trajectory.bin"]));
    }

    [Theory]
    [InlineData("auto")]
    [InlineData("bf16")]
    public void A_rate_of_zero_leaves_every_byte_of_the_weights(string dtype)
    {
        using var temp = new TempFolder();
        string[] more = ["--lr", "0", "--batch-size", "1", "--dev-size", "0", "--test-size", "0", "--dtype", dtype, "--threads", "1"];
        string data = SingleWordData(temp);
        string[] flags =
        [
            "--model", TestData.Stories, "--task", "sst2", "--data", data, "--steps", "1000", "--train-size", "2", "--run", temp["run"],
            "--json",
        ];
        string after = TinyRun.Sha(Ilzo.Run(["train", .. flags, .. more]).Json);
        string before = TinyRun.Sha(Ilzo.Run("replay", "--run", temp["run"], "--to-step", "0", "--json").Json);
        Assert.Equal(before, after);
    }

    [Fact]
    public void Replay_rebuilds_the_weights_of_any_step()
    {
        using var temp = new TempFolder();
        var forty = TinyRun.Train(temp["forty"], 40);
        var ten = TinyRun.Train(temp["ten"], 10);
        Assert.NotEqual(TinyRun.Sha(forty), TinyRun.Sha(ten));
        Assert.Equal(TinyRun.Sha(forty), TinyRun.Sha(Ilzo.Run("replay", "--run", temp["forty"], "--json").Json));
        var replayed = Ilzo.Run("replay", "--run", temp["forty"], "--to-step", "10", "--out", temp["out"], "--json").Json;
        Assert.Equal(TinyRun.Sha(ten), TinyRun.Sha(replayed));
        Assert.Equal(
            File.ReadAllBytes(temp["ten", "checkpoint", "model.safetensors"]), File.ReadAllBytes(temp["out", "model.safetensors"]));
        Assert.Contains("0 to 40", Ilzo.Run("replay", "--run", temp["forty"], "--to-step", "41").Refusal(2), StringComparison.Ordinal);
    }

    [Fact]
    public void An_exported_model_loads_again()
    {
        using var temp = new TempFolder();
        var trained = TinyRun.Train(temp["run"], 20);
        Ilzo.Run("export", "--run", temp["run"], "--out", temp["model"]);
        var evaluated = Ilzo.Run("eval", "--model", temp["model"], "--task", "sst2", "--test-size", "8", "--seed", "3", "--json").Json;
        Assert.Equal(trained.GetProperty("test_loss").GetDouble(), evaluated.GetProperty("loss").GetDouble());
        Assert.Equal(
            Directory.EnumerateFiles(TestData.Stories).Select(f => Path.GetFileName(f)!).Where(f => f != "reference.json").Order(),
            Directory.EnumerateFiles(temp["model"]).Select(f => Path.GetFileName(f)!).Order());
    }

    [Fact]
    public void Without_a_run_folder_each_run_gets_a_new_one()
    {
        using var temp = new TempFolder();
        string[] flags = TinyRun.Command(1, "--json");
        Assert.Equal(temp["runs", "stories260K-sst2-mezo-seed3"], Ilzo.RunIn(temp.Path, flags).Json.GetProperty("run").GetString());
        Assert.Equal(temp["runs", "stories260K-sst2-mezo-seed3-2"], Ilzo.RunIn(temp.Path, flags).Json.GetProperty("run").GetString());
    }

    [Fact]
    public void A_folder_with_a_run_or_with_other_files_is_refused()
    {
        using var temp = new TempFolder();
        TinyRun.Train(temp["run"], 1);
        string[] train = TinyRun.Command(1);
        Assert.Contains("--resume", Ilzo.Run([.. train, "--run", temp["run"]]).Errors, StringComparison.Ordinal);
        Directory.CreateDirectory(temp["full"]);
        File.WriteAllText(temp["full", "thesis.txt"], "a year's work");
        Ilzo.Run([.. train, "--run", temp["full"]]).Refusal(2);
        Assert.Equal([temp["full", "thesis.txt"]], Directory.EnumerateFileSystemEntries(temp["full"]));
    }

    // One short row of each label.
    private static string SingleWordData(TempFolder temp)
    {
        Directory.CreateDirectory(temp["data"]);
        foreach (string file in new[] { "train.jsonl", "validation.jsonl" })
        {
            File.WriteAllText(
                temp["data", file],
                "{\"sentence\": \"bad\", \"label\": 0, \"idx\": 0}\n{\"sentence\": \"good\", \"label\": 1, \"idx\": 1}\n");
        }

        return temp["data"];
    }
}
