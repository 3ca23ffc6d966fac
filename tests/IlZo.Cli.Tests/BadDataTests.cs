namespace IlZo.Cli.Tests;

/// <summary>Data, tasks and places that cannot be used.</summary>
public sealed class BadDataTests
{
    private const string Good = "{\"sentence\": \"good\", \"label\": 1, \"idx\": 0}\n{\"sentence\": \"bad\", \"label\": 0, \"idx\": 1}\n";

    [Theory]
    [InlineData("{\"sentence\": \"good\", \"label\": 1}\n{\"sentence\": ", "train.jsonl:2")]
    [InlineData("{\"sentence\": \"good\", \"label\": 7}\n", "train.jsonl:1")]
    [InlineData("{\"sentence\": \"good\"}\n", "train.jsonl:1")]
    [InlineData("{\"sentence\": [\"good\"], \"label\": 1}\n", "train.jsonl:1")]
    [InlineData("[]\n", "train.jsonl:1")]
    [InlineData("\0\0\0\0", "train.jsonl:1")]
    [InlineData("\n\n", "train.jsonl")]
    [InlineData("", "train.jsonl")]
    public void A_broken_training_file_is_refused_with_the_line(string train, string place)
    {
        using var temp = new TempFolder();
        Data(temp, train, Good);
        string message = Ilzo.Run(TinyRun.Command(1, "--dev-size", "0", "--data", temp["data"], "--run", temp["run"])).Refusal(2);
        Assert.Contains(place, message, StringComparison.Ordinal);
        Assert.False(Path.Exists(temp["run"]));
    }

    [Fact]
    public void Missing_data_is_refused()
    {
        using var temp = new TempFolder();
        string[] train = TinyRun.Command(1, "--run", temp["run"], "--data");
        Assert.Contains("no such folder", Ilzo.Run([.. train, temp["none"]]).Refusal(2), StringComparison.Ordinal);
        Directory.CreateDirectory(temp["empty"]);
        Assert.Contains("train.jsonl", Ilzo.Run([.. train, temp["empty"]]).Refusal(2), StringComparison.Ordinal);
        Assert.Contains("no built-in data", Ilzo.Run("train", "--task", "rte", "--run", temp["run"]).Refusal(2), StringComparison.Ordinal);
        Assert.Contains(
            "not a known task", Ilzo.Run("train", "--task", "nonsense", "--run", temp["run"]).Refusal(2), StringComparison.Ordinal);
        Assert.Contains(
            "task.json",
            Ilzo.Run("train", "--task", temp.Write("task.json", "{\"name\": 3}"), "--run", temp["run"]).Refusal(2),
            StringComparison.Ordinal);
        Assert.False(Path.Exists(temp["run"]));
    }

    [Fact]
    public void More_dev_examples_than_rows_are_refused()
    {
        using var temp = new TempFolder();
        Data(temp, Good, Good);
        Assert.Contains(
            "2 examples", Ilzo.Run(TinyRun.Command(1, "--data", temp["data"], "--run", temp["run"])).Refusal(2), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--steps", "many")]
    [InlineData("--steps", "-1")]
    [InlineData("--batch-size", "0")]
    [InlineData("--lr", "NaN")]
    [InlineData("--lr", "-1")]
    [InlineData("--eps", "0")]
    [InlineData("--dtype", "int8")]
    [InlineData("--threads", "0")]
    [InlineData("--optimizer", "adam")]
    [InlineData("--max-length", "1")]
    public void A_flag_out_of_range_is_refused(string flag, string value)
    {
        using var temp = new TempFolder();
        string message = Ilzo.Run(TinyRun.Command(1, "--run", temp["run"], flag, value)).Refusal(2);
        Assert.Contains(value, message, StringComparison.Ordinal);
        Assert.False(Path.Exists(temp["run"]));
    }

    [Fact]
    public void A_file_where_the_run_folder_should_be_is_refused()
    {
        using var temp = new TempFolder();
        string file = temp.Write("run", "not a folder");
        Assert.Contains(file, Ilzo.Run(TinyRun.Command(1, "--run", file)).Errors, StringComparison.Ordinal);
        var below = Ilzo.Run(TinyRun.Command(1, "--run", Path.Combine(file, "below")));
        Assert.Contains(file, below.Refusal(below.ExitCode), StringComparison.Ordinal);
        Assert.InRange(below.ExitCode, 1, 2);
        Assert.Equal("not a folder", File.ReadAllText(file));
    }

    [Fact]
    public void A_folder_without_a_run_is_no_run()
    {
        using var temp = new TempFolder();
        Ilzo.Run("replay", "--run", temp.Path).Refusal(2);
        Ilzo.Run("export", "--run", temp.Path, "--out", temp["out"]).Refusal(2);
        Assert.Empty(Directory.EnumerateFileSystemEntries(temp.Path));
    }

    [Fact]
    public void A_damaged_run_is_refused()
    {
        using var temp = new TempFolder();
        TinyRun.Train(temp["run"], 3);
        string metrics = temp["run", "metrics.jsonl"];
        string lines = File.ReadAllText(metrics);

        // Metrics follow from the log.
        File.WriteAllText(metrics, lines.Replace("\"forward_passes\"", "\r\"forward_passez\"", StringComparison.Ordinal));
        Ilzo.Run("train", "--run", temp["run"], "--resume", "--json").Json.GetProperty("steps");
        Assert.Equal(lines, File.ReadAllText(metrics));

        string log = temp["run", "trajectory.bin"];
        byte[] bytes = File.ReadAllBytes(log);
        bytes[bytes.Length / 2] ^= 1;
        File.WriteAllBytes(log, bytes);
        Assert.Contains("trajectory.bin", Ilzo.Run("replay", "--run", temp["run"]).Refusal(2), StringComparison.Ordinal);
        File.WriteAllText(temp["run", "config.json"], "{\"options\": {\"steps\": \"x\"}}");
        Assert.Contains("config.json", Ilzo.Run("replay", "--run", temp["run"]).Refusal(2), StringComparison.Ordinal);
    }

    [Fact]
    public void An_export_over_something_else_is_refused()
    {
        using var temp = new TempFolder();
        TinyRun.Train(temp["run"], 1);
        Directory.CreateDirectory(temp["other"]);
        File.WriteAllText(temp["other", "thesis.txt"], "a year's work");
        Ilzo.Run("export", "--run", temp["run"], "--out", temp["other"]).Refusal(2);
        Assert.Equal([temp["other", "thesis.txt"]], Directory.EnumerateFileSystemEntries(temp["other"]));
    }

    private static void Data(TempFolder temp, string train, string validation)
    {
        Directory.CreateDirectory(temp["data"]);
        File.WriteAllText(temp["data", "train.jsonl"], train);
        File.WriteAllText(temp["data", "validation.jsonl"], validation);
    }
}
