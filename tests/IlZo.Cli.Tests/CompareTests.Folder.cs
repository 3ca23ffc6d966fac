namespace IlZo.Cli.Tests;

/// <summary>The folder of a comparison: what it goes on from, and what it leaves alone.</summary>
public sealed partial class CompareTests
{
    [Fact]
    public void A_comparison_that_was_cut_off_goes_on_to_the_same_result()
    {
        using var temp = new TempFolder();
        var whole = Compare(temp["whole"], "mezo,fzoo", "--threads", "1").Json;
        string[] lines = File.ReadAllLines(temp["whole", "runs.jsonl"]);
        Assert.Equal(8, lines.Length);
        Directory.CreateDirectory(temp["cut"]);
        File.WriteAllText(temp["cut", "runs.jsonl"], $"{string.Join('\n', lines[..5])}\n{lines[5][..100]}");
        var cut = Compare(temp["cut"], "mezo,fzoo", "--threads", "2", "--resume");
        Assert.Equal(Numbers(whole), Numbers(cut.Json));
        Assert.Equal(5, cut.Errors.Split("done before").Length - 1);
        Assert.Equal(8, File.ReadAllLines(temp["cut", "runs.jsonl"]).Length);

        // What is asked for beyond that is all that is computed.
        var more = Compare(temp["cut"], "mezo,fzoo,zo-sign", "--threads", "1", "--resume");
        Assert.Equal(8, more.Errors.Split("done before").Length - 1);
        Assert.Equal(12, File.ReadAllLines(temp["cut", "runs.jsonl"]).Length);
    }

    [Theory]
    [InlineData("1")]
    [InlineData("3")]
    public void Runs_of_other_data_are_not_mixed_in(string jobs)
    {
        using var temp = new TempFolder();
        Compare(temp["out"], "mezo", "--seeds", "1");
        string journal = File.ReadAllText(temp["out", "runs.jsonl"]);
        int at = journal.IndexOf("\"dev_loss\":", StringComparison.Ordinal) + "\"dev_loss\":".Length;
        File.WriteAllText(temp["out", "runs.jsonl"], journal[..at] + "9" + journal[at..]);
        string refusal = Compare(temp["out"], "mezo,fzoo", "--seeds", "1", "--resume", "--jobs", jobs).Errors.Split('\n')[^2];
        Assert.Contains("runs.jsonl: got runs of another model or of other data", refusal, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("[]")]
    [InlineData("nothing")]
    [InlineData("null")]
    [InlineData("{\"trial\":{},\"examples_sha256\":null,\"run\":{\"points\":[]}}")]
    [InlineData("{\"trial\":{},\"examples_sha256\":null,\"run\":{\"points\":[null]}}")]
    [InlineData("{\"trial\":null,\"examples_sha256\":null,\"run\":null}")]
    [InlineData("{\"trial\":{\"a\":1,\"a\":2},\"examples_sha256\":null,\"run\":{\"points\":[{}]}}")]
    public void A_journal_with_something_else_is_refused(string line)
    {
        using var temp = new TempFolder();
        File.WriteAllText(temp["runs.jsonl"], $"{line}\n");
        string refusal = Ilzo.Run("compare", "--function", "sphere", "--resume", "--out", temp.Path).Refusal(2);
        Assert.Contains("runs.jsonl:1: got other content; expected a finished run", refusal, StringComparison.Ordinal);
        Assert.Equal($"{line}\n", File.ReadAllText(temp["runs.jsonl"]));
    }

    [Fact]
    public void What_a_killed_comparison_left_is_removed_by_the_next()
    {
        using var temp = new TempFolder();
        string folder = temp["runs", "sphere-compare"];
        Directory.CreateDirectory(folder);
        string[] left = [".trial.tmp-", ".compare.json.tmp-", ".curves.svg.tmp-"];
        foreach (string name in left)
        {
            File.WriteAllText(Path.Combine(folder, $"{name}{Guid.NewGuid():N}"), "{");
        }

        Assert.Contains($"{folder}: compare.json", CompareSphere(temp.Path), StringComparison.Ordinal);
        Assert.Equal(
            ["compare.json", "curves.svg", "points.csv", "report.html", "runs.jsonl", "table.md"],
            Directory.GetFiles(folder).Select(Path.GetFileName).Order());
        Assert.Contains($"{folder}-2: compare.json", CompareSphere(temp.Path), StringComparison.Ordinal);

        File.WriteAllText(Path.Combine(folder, $"{left[0]}{Guid.NewGuid():N}"), "");
        File.WriteAllText(Path.Combine(folder, ".trial.tmp-mine"), "");
        CompareSphere(temp.Path, "--out", folder, "--resume");
        Assert.Equal(
            [".trial.tmp-mine", "compare.json", "curves.svg", "points.csv", "report.html", "runs.jsonl", "table.md"],
            Directory.GetFiles(folder).Select(Path.GetFileName).Order());
    }

    [Fact]
    public void A_folder_that_another_comparison_holds_is_left_to_it()
    {
        using var temp = new TempFolder();
        string folder = temp["runs", "sphere-compare"];
        Directory.CreateDirectory(folder);
        string held = Path.Combine(folder, $".trial.tmp-{Guid.NewGuid():N}");
        using var other = new FileStream(held, FileMode.CreateNew, FileAccess.Write, FileShare.None);
        Assert.Contains($"{folder}-2: compare.json", CompareSphere(temp.Path), StringComparison.Ordinal);
        Assert.Equal([held], Directory.GetFiles(folder));
        Assert.Equal(
            $"--out is '{folder}', which another process is at work in; a folder that is not in use was expected.",
            Ilzo.Run("compare", "--function", "sphere", "--out", folder).Refusal(2));
        Assert.Equal([held], Directory.GetFiles(folder));
    }

    [Fact]
    public void Finished_work_is_not_replaced()
    {
        using var temp = new TempFolder();
        CompareSphere(temp.Path, "--out", "of");
        string[] before = Contents();
        string[] function = ["--function", "sphere", "--out", temp["of"]];
        Assert.StartsWith(
            $"--out is '{temp["of"]}', which holds 3 runs that have ended; --resume, which goes on with them, or another folder was "
                + "expected.",
            Ilzo.Run(["compare", .. function]).Refusal(2), StringComparison.Ordinal);
        Assert.Equal(
            $"--out is '{temp["of"]}', in which compare.json is of other work; a folder without it was expected.",
            Ilzo.Run("sweep", "--vary", "lr=1e-4,1e-3", "--resume", "--out", temp["of"]).Refusal(2));
        Assert.Equal(before, Contents());
        File.WriteAllText(temp["of", "trajectory.bin"], "");
        Assert.Contains(
            "in which trajectory.bin is of other work", Ilzo.Run(["compare", "--resume", .. function]).Refusal(2),
            StringComparison.Ordinal);

        string[] Contents() => [.. Directory.GetFiles(temp["of"]).Order().Select(f => $"{f} {File.ReadAllText(f)}")];
    }

    [Fact]
    public void A_folder_in_which_the_files_cannot_stand_is_refused()
    {
        using var temp = new TempFolder();
        Directory.CreateDirectory(temp["out", "table.md"]);
        string refusal = Ilzo.Run("compare", "--function", "sphere", "--out", temp["out"]).Refusal(2);
        Assert.Contains("in which table.md is a folder", refusal, StringComparison.Ordinal);
    }

    private static string CompareSphere(string folder, params string[] more)
    {
        var outcome = Ilzo.RunIn(
            folder, [
                "compare", "--function", "sphere", "--dimension", "10", "--optimizers", "mezo", "--forward-passes", "4", "--seeds", "1",
                .. more,
            ]);
        Assert.Equal(0, outcome.ExitCode);
        return outcome.Errors;
    }
}
