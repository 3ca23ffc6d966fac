using System.Text.Json;

namespace IlZo.Cli.Tests;

public sealed class SweepTests
{
    private static readonly string[] s_small =
    [
        "--model", TestData.Stories, "--task", "sst2", "--batch-size", "2", "--train-size", "16", "--dev-size", "4", "--test-size", "4",
        "--threads", "1",
    ];

    [Fact]
    public void The_best_settings_train_to_the_loss_of_the_sweep()
    {
        using var temp = new TempFolder();
        var sweep = Sweep(temp["out"], "--vary", "lr=1e-4,1e-3", "--vary", "queries=1,2", "--forward-passes", "16").Json;
        var best = sweep.GetProperty("best");
        Assert.False(sweep.GetProperty("interrupted").GetBoolean());
        using var file = JsonDocument.Parse(File.ReadAllText(temp["out", "sweep.json"]));
        Assert.Equal(Losses(sweep), Losses(file.RootElement));
        Assert.Contains("\"interrupted\": false", File.ReadAllText(temp["out", "sweep.json"]), StringComparison.Ordinal);
        Assert.DoesNotContain("not done yet", File.ReadAllText(temp["out", "report.html"]), StringComparison.Ordinal);
        Assert.Equal(4, sweep.GetProperty("rounds")[0].GetProperty("trials").GetArrayLength());
        double[] losses =
        [
            .. sweep.GetProperty("rounds")[0].GetProperty("trials").EnumerateArray().Select(t => t.GetProperty("dev_loss").GetDouble()),
        ];
        Assert.Equal(losses.Order(), losses);
        Assert.Equal(losses[0], best.GetProperty("dev_loss").GetDouble());
        Assert.Equal(0, Ilzo.Run("train", "--config", temp["out", "best.json"], "--run", temp["run"], "--allow-worse").ExitCode);
        string last = File.ReadLines(temp["run", "metrics.jsonl"]).Last(line => line.Contains("\"dev_loss\"", StringComparison.Ordinal));
        using var line = JsonDocument.Parse(last);
        Assert.Equal(losses[0], line.RootElement.GetProperty("dev_loss").GetDouble());
        Assert.Equal(
            ["best.json", "curves.svg", "points.csv", "report.html", "runs.jsonl", "sweep.json", "table.md"],
            Directory.GetFiles(temp["out"]).Select(Path.GetFileName).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void A_sweep_that_was_cut_off_goes_on_to_the_same_result()
    {
        using var temp = new TempFolder();
        string[] what = ["--vary", "lr=1e-5..1e-3", "--strategy", "halving", "--trials", "4", "--eta", "2", "--forward-passes", "8"];
        var whole = Sweep(temp["whole"], what).Json;
        Assert.Equal([2, 4, 8], whole.GetProperty("rounds").EnumerateArray().Select(r => r.GetProperty("forward_passes").GetInt32()));
        Assert.Equal(
            [4, 2, 1], whole.GetProperty("rounds").EnumerateArray().Select(r => r.GetProperty("trials").GetArrayLength()));

        // As a kill leaves it: some whole lines and a part of one.
        string[] lines = File.ReadAllLines(temp["whole", "runs.jsonl"]);
        Directory.CreateDirectory(temp["cut"]);
        File.WriteAllText(temp["cut", "runs.jsonl"], $"{string.Join('\n', lines[..3])}\n{lines[3][..^9]}");
        var cut = Sweep(temp["cut"], [.. what, "--resume", "--jobs", "2"]);
        Assert.Equal(3, cut.Errors.Split("done before").Length - 1);
        Assert.Equal(lines.Length, File.ReadAllLines(temp["cut", "runs.jsonl"]).Length);
        Assert.Equal(Losses(whole), Losses(cut.Json));
    }

    [Fact]
    public void Objectives_begin_at_losses_of_their_own()
    {
        using var temp = new TempFolder();
        string[] what = ["--vary", "objective=loss,accuracy", "--lr", "1e-4", "--forward-passes", "4"];
        var first = Sweep(temp["out"], what);
        Assert.Equal(2, File.ReadLines(temp["out", "runs.jsonl"]).Select(Start).Distinct().Count());
        var more = Sweep(temp["out"], [.. what, "--seeds", "2", "--resume"]);
        Assert.DoesNotContain("another model", first.Errors + more.Errors, StringComparison.Ordinal);
        Assert.Equal(4, File.ReadLines(temp["out", "runs.jsonl"]).Count());

        static double Start(string line)
        {
            using var run = JsonDocument.Parse(line);
            return run.RootElement.GetProperty("run").GetProperty("points")[0].GetProperty("dev_loss").GetDouble();
        }
    }

    [Theory]
    [InlineData("--vary is 'lr'", "--vary", "lr")]
    [InlineData("--vary names 'steps'", "--vary", "steps=1,2")]
    [InlineData("--vary lr is '1..0.5'", "--vary", "lr=1..0.5")]
    [InlineData("--vary has a range, and a grid has values alone", "--vary", "lr=1e-4..1e-3")]
    [InlineData("--vary has a setting twice", "--vary", "lr=1", "--vary", "lr=2")]
    [InlineData("--lr and --vary lr are both given", "--vary", "lr=1e-4,1e-3", "--lr", "1")]
    [InlineData("--vary is not given")]
    [InlineData("--lr is much; a number was expected", "--vary", "lr=1e-4,much")]
    [InlineData("There is no optimizer 'nobody'", "--vary", "optimizer=mezo,nobody")]
    [InlineData("--opt: mezo has no option 'nothing'", "--vary", "opt.nothing=1,2")]
    [InlineData("--trials is 4 with a grid", "--vary", "lr=1e-4,1e-3", "--trials", "4")]
    [InlineData("--jobs is 2 with --device cuda:0, which", "--vary", "lr=1e-4,1e-3", "--jobs", "2", "--device", "cuda:0")]
    [InlineData("--vary has 'seed 2', which trains as 'seed 1' does", "--vary", "seed=1,2")]
    [InlineData("--vary has 'threads 2', which trains as 'threads 1' does", "--vary", "threads=1,2")]
    [InlineData("--vary has 'lr 0.0001', which trains as 'lr 1e-4' does", "--vary", "lr=1e-4,0.0001")]
    [InlineData("--seed is 4294967295; 4294967294 or less", "--vary", "lr=1e-4,1e-3", "--seed", "4294967295", "--seeds", "2")]
    [InlineData("--eta is 2 with --strategy grid", "--vary", "lr=1e-4,1e-3", "--eta", "2")]
    [InlineData("--eta is 4 with --strategy random", "--vary", "lr=1e-4..1e-3", "--strategy", "random", "--eta", "4")]
    [InlineData("--sweep-seed is 3, and nothing is drawn", "--vary", "lr=1e-4,1e-3", "--sweep-seed", "3")]
    [InlineData("--eta is 1", "--vary", "lr=1e-4,1e-3", "--eta", "1", "--strategy", "halving")]
    [InlineData("--resume is given without --out", "--vary", "lr=1e-4,1e-3", "--resume")]
    public void What_cannot_be_tried_is_refused(string message, params string[] flags) =>
        Assert.StartsWith(message, Ilzo.Run(["sweep", .. flags]).Refusal(2), StringComparison.Ordinal);

    [Fact]
    public void A_sweep_that_only_does_harm_says_so()
    {
        using var temp = new TempFolder();
        var outcome = Sweep(temp["out"], "--vary", "lr=0.003,0.004", "--forward-passes", "20");
        Assert.Equal(1, outcome.ExitCode);
        Assert.Contains("no combination ended below the dev loss that it began with", outcome.Errors, StringComparison.Ordinal);
    }

    private static Outcome Sweep(string folder, params string[] more) =>
        Ilzo.Run(["sweep", .. s_small, "--points", "2", "--out", folder, "--json", .. more]);

    private static string[] Losses(JsonElement sweep) =>
    [
        .. from round in sweep.GetProperty("rounds").EnumerateArray()
           from trial in round.GetProperty("trials").EnumerateArray()
           select $"{trial.GetProperty("number")} {trial.GetProperty("dev_loss").GetRawText()}",
    ];
}
