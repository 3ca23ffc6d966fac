using System.Text.Json;

namespace IlZo.Cli.Tests;

/// <summary>Which engine computes, what is recorded of it, and what happens where a machine has none of that name.</summary>
public sealed class EngineTests
{
    private static readonly string[] s_eval = ["eval", "--test-size", "20", "--json"];

    private static bool HasAmx => !Ilzo.Run("devices", "--json").Json.GetProperty("engines").GetProperty("amx").GetString()!.Contains("not used", StringComparison.Ordinal);

    [Fact]
    public void DevicesSayInASentenceWhatEachEngineIsHere()
    {
        var engines = Ilzo.Run("devices", "--json").Json.GetProperty("engines");
        Assert.Equal(["managed", "amx", "avx512-bf16"], engines.EnumerateObject().Select(e => e.Name));
        string text = Ilzo.Run("devices").Success;
        Assert.All(engines.EnumerateObject(), e => Assert.Contains($"engine {e.Name} ", text, StringComparison.Ordinal));
        Assert.All(engines.EnumerateObject(), e => Assert.EndsWith(".", e.Value.GetString(), StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("--engine is 'gpu'; auto, managed or amx was expected.", "eval", "--engine", "gpu")]
    [InlineData("--precision is 'fp8'; auto, fp32, bf16x3 or bf16 was expected.", "score", "--text", "a", "--precision", "fp8")]
    [InlineData("--precision is bf16 with --engine managed; auto or fp32 was expected.", "generate", "--engine", "managed", "--precision", "bf16")]
    [InlineData("--precision is fp32 with --engine amx; auto, bf16x3 or bf16 was expected.", "train", "--engine", "amx", "--precision", "fp32")]
    public void ChoicesThatNoMachineHasAreRefused(string message, params string[] arguments) =>
        Assert.Equal(message, Ilzo.Run(arguments).Refusal(2));

    [Theory]
    [InlineData("train")]
    [InlineData("compare")]
    public void TrainingInPlainBFloat16IsRefused(string verb) =>
        Assert.StartsWith("--precision is bf16, whose rounding", Ilzo.Run(verb, "--precision", "bf16").Refusal(2), StringComparison.Ordinal);

    [Fact]
    public void TheManagedEngineIsTheReference()
    {
        var managed = Ilzo.Run([.. s_eval, "--engine", "managed"]);
        Assert.Equal(managed.Success, Ilzo.Run([.. s_eval, "--precision", "fp32"]).Success);
        Assert.Equal(string.Empty, managed.Errors);
    }

    [Fact]
    public void WhatAMachineLacksIsReplacedByTheCSharpKernelsWithALine()
    {
        Assert.SkipWhen(HasAmx, "This machine has AMX.");
        foreach (string[] asked in (string[][])[["--engine", "amx"], ["--precision", "bf16x3"], ["--engine", "amx", "--precision", "bf16"]])
        {
            var replaced = Ilzo.Run([.. s_eval, .. asked]);
            Assert.Equal(Ilzo.Run([.. s_eval, "--engine", "managed"]).Success, replaced.Success);
            string line = Assert.Single(replaced.Errors.TrimEnd('\n').Split('\n'));
            Assert.Contains("is not possible here (", line, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void ASelfTestTriesWhatTheMachineHas()
    {
        foreach (string engine in (string[])["amx", "avx512-bf16"])
        {
            string found = Ilzo.Run("devices", "--json").Json.GetProperty("engines").GetProperty(engine).GetString()!;
            var test = Ilzo.Run("selftest", "--engine", engine);
            bool passed = !found.Contains("not used", StringComparison.Ordinal);
            Assert.Equal(passed ? 0 : 1, test.ExitCode);
            Assert.StartsWith(passed ? "ok      bf16" : "FAILED  bf16", test.Output, StringComparison.Ordinal);
            Assert.Equal(passed, test.Output.Contains(" products with the same bits\n", StringComparison.Ordinal));
        }
    }

    [Theory]
    [InlineData("--engine is 'managed'; amx or avx512-bf16 was expected.", "--engine", "managed")]
    [InlineData("--device is given with --engine; one of them was expected.", "--engine", "amx", "--device", "cuda:0")]
    public void ASelfTestOfNothingIsRefused(string message, params string[] arguments) =>
        Assert.Equal(message, Ilzo.Run(["selftest", .. arguments]).Refusal(2));

    [Theory]
    [InlineData(null, "exit 0")]
    [InlineData("its self-test ended with exit code 139", "kill -SEGV $$")]
    [InlineData("its self-test ended with exit code 3", "echo '{\"check\":\"a\",\"finding\":\"b\",\"passed\":true}'; exit 3")]
    [InlineData("too slow", "echo '{\"check\":\"a\",\"finding\":\"too slow\",\"passed\":false}'; exit 1")]
    public void ATrialSaysWhatFailed(string? failure, string program)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Needs a shell.");
        Assert.Equal(failure, EngineTrial.Run("/bin/sh", ["-c", program]));
    }

    [Fact]
    public void EvaluationInBFloat16IsNearThatInFp32()
    {
        double fp32 = Ilzo.Run(s_eval).Json.GetProperty("loss").GetDouble();
        double rounded = Ilzo.Run([.. s_eval, "--precision", "bf16"]).Json.GetProperty("loss").GetDouble();
        Assert.InRange(rounded, fp32 - 0.02, fp32 + 0.02);
    }

    [Fact]
    public void ARunRecordsTheEngineThatComputesIt()
    {
        using var temp = new TempFolder();
        TinyRun.Train(temp["run"], 1, "--precision", "fp32");
        using var configuration = JsonDocument.Parse(File.ReadAllText(temp["run", "config.json"]));
        var options = configuration.RootElement.GetProperty("options");
        Assert.Equal("managed", options.GetProperty("engine").GetString());
        Assert.Equal("fp32", options.GetProperty("precision").GetString());
    }

    [Fact]
    public void ARunIsNotContinuedByAnEngineWithOtherRoundings()
    {
        Assert.SkipWhen(HasAmx, "This machine has AMX.");
        using var temp = new TempFolder();
        TinyRun.Train(temp["run"], 1);
        string file = temp["run", "config.json"];
        File.WriteAllText(file, File.ReadAllText(file).Replace("\"managed\"", "\"amx\"", StringComparison.Ordinal).Replace("\"fp32\"", "\"bf16x3\"", StringComparison.Ordinal));
        var outcome = Ilzo.Run("train", "--run", temp["run"], "--resume");
        Assert.Equal(2, outcome.ExitCode);
        Assert.Contains("was started with engine \"amx\", and \"managed\" is asked for now", outcome.Errors, StringComparison.Ordinal);
    }
}
