using System.Diagnostics;

namespace IlZo.Driver.Tests;

/// <summary>The script for a machine with a card (bench/gpu), where there is none, and on the stand-in, whose kernels do nothing.</summary>
public sealed class CardScriptTests
{
    private static readonly string[] s_onDevice = ["selftest", "replay", "logits", "small", "large", "gemm", "rng", "profile"];

    [Fact]
    public void Without_a_device_each_part_says_so_by_name_and_the_script_comes_to_its_end()
    {
        using var temp = new TempFolder();
        var outcome = Run(null, temp, "--device", "cuda:99");
        Assert.Equal(0, outcome.ExitCode);
        var parts = Parts(temp);
        Assert.All(s_onDevice, p => Assert.Equal("no device", parts[p]));
        Assert.Equal("ok", parts["env"]);
        string table = File.ReadAllText(Path.Combine(temp["out"], "table.txt"));
        Assert.All(s_onDevice, p => Assert.Matches($@"(?m)^{p} +no device +0$", table));
        Assert.EndsWith(table, outcome.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void A_card_that_does_not_compute_fails_what_computes_and_the_rest_goes_on()
    {
        using var temp = new TempFolder();
        var outcome = Run(StandIn.Folder, temp, "--parts", "replay logits rng", "--budget", "200");
        Assert.Equal(1, outcome.ExitCode);
        var parts = Parts(temp);
        Assert.Equal(("ok", "failed", "no PyTorch", "ok"), (parts["replay-cpu"], parts["replay"], parts["logits"], parts["rng"]));
        Assert.Contains("the training did not change the weights", outcome.Output, StringComparison.Ordinal);
        Assert.Matches(@"(?m)^normal deviates \d+ G/s; copying \d+ GB/s", outcome.Output);
    }

    [Fact]
    public void Parts_for_which_there_is_no_time_are_named()
    {
        using var temp = new TempFolder();
        Assert.Equal(0, Run(StandIn.Folder, temp, "--parts", "gemm rng", "--budget", "1").ExitCode);
        Assert.Equal(["gemm-bf16x3", "gemm-fp16", "rng"], Parts(temp).Where(p => p.Value == "no time").Select(p => p.Key).Order());
    }

    [Theory]
    [InlineData("'a' is no part", "--parts", "a b")]
    [InlineData("--budget is 'nine'", "--budget", "nine")]
    [InlineData("'--frob' is no option", "--frob")]
    [InlineData("--out has no value", "--out")]
    public void Wrong_arguments_are_refused(string message, params string[] args)
    {
        var outcome = Start(null, args);
        Assert.Equal(2, outcome.ExitCode);
        Assert.Contains(message, outcome.Errors, StringComparison.Ordinal);
    }

    private static Dictionary<string, string> Parts(TempFolder temp) =>
        File.ReadLines(Path.Combine(temp["out"], "parts.tsv")).Select(l => l.Split('\t')).ToDictionary(l => l[0], l => l[1]);

    // PyTorch is hidden, which may be there or not.
    private static Outcome Run(string? driver, TempFolder temp, params string[] args)
    {
        Directory.CreateDirectory(temp["hidden"]);
        File.WriteAllText(Path.Combine(temp["hidden"], "torch.py"), "raise ImportError\n");
        string ilzo = temp["ilzo"];
        File.WriteAllText(ilzo, $"#!/bin/bash\nexec dotnet '{Path.Combine(AppContext.BaseDirectory, "ilzo.dll")}' \"$@\"\n");
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(ilzo, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        }

        return Start(driver, ["--ilzo", ilzo, "--out", temp["out"], .. args], temp["hidden"]);
    }

    private static Outcome Start(string? driver, string[] args, string? modules = null)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux() && File.Exists("/bin/bash"), "The script needs Linux and Bash.");
        var command = new ProcessStartInfo("/bin/bash", [Path.Combine(AppContext.BaseDirectory, "card", "check.sh"), .. args])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        command.Environment["LD_LIBRARY_PATH"] = driver;
        command.Environment["PYTHONPATH"] = modules;
        return Ilzo.Run(command);
    }
}
