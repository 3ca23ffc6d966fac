using IlZo.Core.Tests;

namespace IlZo.Cli.Tests;

public sealed class ResumeTests
{
    private const int Steps = 100;

    private const int KillsEveryTime = 5;
    private const int KillsInLongTests = 20;

    [Fact]
    public void A_run_that_is_killed_and_resumed_equals_the_uninterrupted_one()
    {
        using var temp = new TempFolder();
        var whole = TinyRun.Train(temp["whole"], Steps);
        long full = new FileInfo(temp["whole", "trajectory.bin"]).Length;
        int kills = LongTests.Run ? KillsInLongTests : KillsEveryTime;
        var random = new Random(12345);
        long[] lengths = [.. Enumerable.Range(0, kills).Select(_ => random.NextInt64(full)).Order()];
        int killed = lengths.Count(length => KillAt(temp["run"], length));

        // On a busy machine a run may end before the signal comes, but not every one.
        Assert.InRange(killed, kills / 2, kills);
        var resumed = TinyRun.Train(temp["run"], Steps, "--resume");
        foreach (string name in new[]
        {
            "weights_sha256", "zero_shot_accuracy", "test_accuracy", "test_loss", "dev_loss", "selected_step", "tokens", "forward_passes",
        })
        {
            Assert.Equal(whole.GetProperty(name).GetRawText(), resumed.GetProperty(name).GetRawText());
        }

        foreach (string file in new[] { "trajectory.bin", "metrics.jsonl", "checkpoint/model.safetensors" })
        {
            Assert.Equal(File.ReadAllBytes(temp["whole", file]), File.ReadAllBytes(temp["run", file]));
        }
    }

    [Fact]
    public void Resume_needs_no_other_flags_and_may_add_steps()
    {
        using var temp = new TempFolder();
        var thirty = TinyRun.Train(temp["thirty"], 30);
        TinyRun.Train(temp["run"], 20);
        var resumed = Ilzo.Run("train", "--run", temp["run"], "--resume", "--steps", "30", "--json").Json;
        Assert.Equal(TinyRun.Sha(thirty), TinyRun.Sha(resumed));
        Assert.Equal(TinyRun.Sha(thirty), TinyRun.Sha(Ilzo.Run("train", "--run", temp["run"], "--resume", "--json").Json));
    }

    [Fact]
    public void A_run_does_not_become_shorter()
    {
        using var temp = new TempFolder();
        TinyRun.Train(temp["run"], 6);
        string config = File.ReadAllText(temp["run", "config.json"]);
        var outcome = Ilzo.Run("train", "--run", temp["run"], "--resume", "--steps", "3");
        Assert.Equal(2, outcome.ExitCode);
        Assert.EndsWith(
            $"--steps is 3, and the run in '{temp["run"]}' is one of 6; 6 or more was expected.\n", outcome.Errors,
            StringComparison.Ordinal);
        Assert.Equal(config, File.ReadAllText(temp["run", "config.json"]));
    }

    [Theory]
    [InlineData("--lr", "0.002", "lr")]
    [InlineData("--seed", "4", "seed")]
    [InlineData("--train-size", "31", "train_size")]
    [InlineData("--dtype", "fp16", "dtype")]
    [InlineData("--task", "sst2-sentiment", "examples_sha256")]
    [InlineData("--model", "builtin", "base_weights_sha256")]
    public void Another_configuration_is_refused_with_the_difference_named(string flag, string value, string name)
    {
        using var temp = new TempFolder();
        TinyRun.Train(temp["run"], 1);
        byte[] before = File.ReadAllBytes(temp["run", "trajectory.bin"]);
        string message = Ilzo.Run("train", "--run", temp["run"], "--resume", flag, value).Refusal(2);
        Assert.Contains($"was started with {name} ", message, StringComparison.Ordinal);
        Assert.Equal(before, File.ReadAllBytes(temp["run", "trajectory.bin"]));
    }

    [Fact]
    public void Resume_without_a_folder_takes_the_last_run_and_says_which()
    {
        using var temp = new TempFolder();
        Assert.Contains("--run", Ilzo.RunIn(temp.Path, "train", "--resume").Refusal(2), StringComparison.Ordinal);
        Ilzo.RunIn(temp.Path, TinyRun.Command(1, "--json"));
        string last = Ilzo.RunIn(temp.Path, TinyRun.Command(2, "--json")).Json.GetProperty("run").GetString()!;
        var resumed = Ilzo.RunIn(temp.Path, "train", "--resume", "--steps", "3", "--json", "--allow-worse");
        Assert.Equal(last, resumed.Json.GetProperty("run").GetString());
        Assert.Contains($"resuming '{Path.Combine("runs", Path.GetFileName(last))}'", resumed.Errors, StringComparison.Ordinal);
        Assert.Contains("--resume", Ilzo.RunIn(temp.Path, TinyRun.Command(1, "--exact")).Refusal(2), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("INT", 130)]
    [InlineData("TERM", 143)]
    public async Task An_interrupted_run_says_how_to_go_on_and_a_second_one_cannot_use_its_folder_meanwhile(string signal, int code)
    {
        Assert.SkipWhen(signal == "INT" && IsInterruptIgnored(), "Ctrl+C is ignored here, as in the background of a shell.");
        using var temp = new TempFolder();
        using var process = Ilzo.Start(null, TinyRun.Command(100_000, "--run", temp["run"]));
        var errors = process.StandardError.ReadToEndAsync();
        WaitFor(process, () => Length(temp["run"]) > 1000);
        byte[] configuration = File.ReadAllBytes(temp["run", "config.json"]);
        var second = Ilzo.Run("train", "--run", temp["run"], "--resume", "--steps", "200000");
        Assert.Equal(configuration, File.ReadAllBytes(temp["run", "config.json"]));
        using (var kill = System.Diagnostics.Process.Start("kill", [$"-{signal}", $"{process.Id}"]))
        {
            kill.WaitForExit();
        }

        process.WaitForExit();
        Assert.Equal(code, process.ExitCode);
        string last = (await errors).Split('\n')[^2];
        Assert.StartsWith("ilzo: stopped after step ", last, StringComparison.Ordinal);
        Assert.Contains("--resume", last, StringComparison.Ordinal);
        Assert.Contains("trajectory.bin", second.Refusal(2), StringComparison.Ordinal);
    }

    // A process inherits what signals are ignored: bit 1 of the mask is that of SIGINT.
    private static bool IsInterruptIgnored() =>
        File.ReadLines("/proc/self/status").First(l => l.StartsWith("SigIgn:", StringComparison.Ordinal)) is var line
            && (Convert.ToUInt64(line[7..].Trim(), 16) & 2) != 0;

    // Whether the process was killed before its own end.
    private static bool KillAt(string run, long length)
    {
        using var process = Ilzo.Start(null, TinyRun.Command(Steps, "--run", run, "--resume"));
        _ = process.StandardError.ReadToEndAsync();
        WaitFor(process, () => Length(run) >= length);
        process.Kill();
        process.WaitForExit();
        return process.ExitCode != 0;
    }

    private static long Length(string run) => new FileInfo(Path.Combine(run, "trajectory.bin")) is { Exists: true } file ? file.Length : -1;

    private static void WaitFor(System.Diagnostics.Process process, Func<bool> condition)
    {
        while (!condition() && !process.HasExited)
        {
            Thread.Yield();
        }
    }
}
