using System.Text.Json;

namespace IlZo.Cli.Tests;

/// <summary>Which engine computes, what is recorded of it, and what happens where a machine has none of that name.</summary>
public sealed class EngineTests
{
    private static readonly string[] s_eval = ["eval", "--test-size", "20", "--json"];

    private static bool HasAmx => !Ilzo.Run("devices", "--json").Json.GetProperty("engines").GetProperty("amx").GetString()!.Contains(
        "not used", StringComparison.Ordinal);

    [Fact]
    public void Devices_say_in_a_sentence_what_each_engine_is_here()
    {
        var engines = Ilzo.Run("devices", "--json").Json.GetProperty("engines");
        Assert.Equal(["managed", "amx", "avx512-bf16"], engines.EnumerateObject().Select(e => e.Name));
        string text = Ilzo.Run("devices").Success;
        Assert.All(engines.EnumerateObject(), e => Assert.Contains($"engine {e.Name} ", text, StringComparison.Ordinal));
        Assert.All(engines.EnumerateObject(), e => Assert.EndsWith(".", e.Value.GetString(), StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("--engine is 'gpu'; auto, managed, amx or cuda (on a GPU) was expected.", "train", "--engine", "gpu")]
    [InlineData(
        "--precision is 'fp8' on the CPU; auto, fp32, bf16x3 or bf16 was expected.",
        "score",
        "--text",
        "a",
        "--device",
        "cpu",
        "--precision",
        "fp8")]
    [InlineData(
        "--precision is 'bf16' with --engine managed; auto or fp32 was expected.",
        "generate",
        "--device",
        "cpu",
        "--engine",
        "managed",
        "--precision",
        "bf16")]
    [InlineData("--precision is 'fp32' with --engine amx; auto or bf16x3 was expected.", "train", "--engine", "amx", "--precision", "fp32")]
    public void Choices_that_no_machine_has_are_refused(string message, params string[] arguments) =>
        Assert.Equal(message, Ilzo.Run(arguments).Refusal(2));

    // Before anything is read: the model is not there either.
    [Theory]
    [InlineData("--engine is 'managed' on a GPU; auto or cuda was expected.", "cuda:0", "--engine", "managed")]
    [InlineData("--engine is 'cuda' on the CPU; auto, managed or amx was expected.", "cpu", "--engine", "cuda")]
    public void Choices_that_a_device_does_not_have_are_refused_before_a_model_is_read(
        string message, string device, params string[] choice)
    {
        foreach (string[] verb in (string[][])[["train"], ["eval"], ["generate"], ["score", "--text", "a"], ["compare"]])
        {
            Assert.Equal(message, Ilzo.Run([.. verb, "--model", "/no/such/model", "--device", device, .. choice]).Refusal(2));
        }
    }

    [Theory]
    [InlineData("auto, fp32 or bf16x3", "train")]
    [InlineData("auto, fp32 or bf16x3", "compare")]
    [InlineData("auto, fp32, bf16x3 or bf16", "eval")]
    [InlineData("auto, fp32, bf16x3 or bf16", "generate")]
    [InlineData("auto, fp32, bf16x3 or bf16", "score", "--text", "a")]
    public void A_refused_precision_is_answered_with_those_of_the_verb(string expected, params string[] verb) => Assert.Equal(
        $"--precision is 'fp16' on the CPU; {expected} was expected.",
        Ilzo.Run([.. verb, "--model", "/no/such/model", "--device", "cpu", "--precision", "fp16"]).Refusal(2));

    [Fact]
    public void The_device_that_is_found_answers_for_training_too()
    {
        Assert.SkipUnless(Ilzo.Run("devices", "--json").Json.TryGetProperty("no_gpu_because", out _), "This machine has a GPU.");
        string message = Ilzo.Run("train", "--model", "/no/such/model", "--precision", "fp16").Refusal(2);
        Assert.Equal("--precision is 'fp16' on the CPU; auto, fp32 or bf16x3 was expected.", message);
    }

    [Fact]
    public void A_simulated_GPU_computes_in_fp32_alone()
    {
        string[] command =
        [
            "bench", "forward", "--device", "simulation", "--shape", "opt-tiny", "--batch", "1", "--seq", "3", "--steps", "1",
            "--precision",
        ];
        Assert.Equal("--precision is 'bf16x3' on the simulation; auto or fp32 was expected.", Ilzo.Run([.. command, "bf16x3"]).Refusal(2));
        Assert.NotEmpty(Ilzo.Run([.. command, "fp32"]).Success);
    }

    [Theory]
    [InlineData("--engine is 'amx' on a GPU; auto or cuda was expected.", "gemm", "--engine", "amx", "--device", "simulation")]
    [InlineData(
        "--engine is 'managed' on a GPU; auto or cuda was expected.",
        "step",
        "--shape",
        "opt-tiny",
        "--engine",
        "managed",
        "--device",
        "cuda:0")]
    [InlineData("--precision is 'fp16' on the CPU; auto, fp32, bf16x3 or bf16 was expected.", "gemm", "--precision", "fp16")]
    [InlineData(
        "--engine is 'cuda' on the CPU; auto, managed or amx was expected.", "optimizers", "--shape", "opt-tiny", "--engine", "cuda")]
    public void Benchmarks_refuse_them_too(string message, params string[] arguments) =>
        Assert.Equal(message, Ilzo.Run(["bench", .. arguments]).Refusal(2));

    [Theory]
    [InlineData("train")]
    [InlineData("compare")]
    public void Training_in_plain_bfloat16_is_refused(string verb) =>
        Assert.StartsWith(
            "--precision is 'bf16', whose rounding", Ilzo.Run(verb, "--precision", "bf16").Refusal(2), StringComparison.Ordinal);

    [Fact]
    public void The_managed_engine_is_the_reference()
    {
        var managed = Ilzo.Run([.. s_eval, "--engine", "managed"]);
        Assert.Equal(managed.Success, Ilzo.Run([.. s_eval, "--precision", "fp32"]).Success);
        Assert.Equal(string.Empty, managed.Errors);
    }

    [Fact]
    public void What_a_machine_lacks_is_replaced_by_the_C_sharp_kernels_with_a_line()
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
    public void A_self_test_tries_what_the_machine_has()
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
    public void A_self_test_of_nothing_is_refused(string message, params string[] arguments) =>
        Assert.Equal(message, Ilzo.Run(["selftest", .. arguments]).Refusal(2));

    [Theory]
    [InlineData(null, "exit 0")]
    [InlineData("its self-test ended with exit code 139", "kill -SEGV $$")]
    [InlineData("its self-test ended with exit code 3", "echo '{\"check\":\"a\",\"finding\":\"b\",\"passed\":true}'; exit 3")]
    [InlineData("too slow", "echo '{\"check\":\"a\",\"finding\":\"too slow\",\"passed\":false}'; exit 1")]
    public void A_trial_says_what_failed(string? failure, string program)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Needs a shell.");
        Assert.Equal(failure, EngineTrial.Run("/bin/sh", ["-c", program]));
    }

    [Fact]
    public void Evaluation_in_bfloat16_is_near_that_in_fp32()
    {
        double fp32 = Ilzo.Run(s_eval).Json.GetProperty("loss").GetDouble();
        double rounded = Ilzo.Run([.. s_eval, "--precision", "bf16"]).Json.GetProperty("loss").GetDouble();
        Assert.InRange(rounded, fp32 - 0.02, fp32 + 0.02);
    }

    [Fact]
    public void A_run_records_the_engine_that_computes_it()
    {
        using var temp = new TempFolder();
        TinyRun.Train(temp["run"], 1, "--precision", "fp32");
        using var configuration = JsonDocument.Parse(File.ReadAllText(temp["run", "config.json"]));
        var options = configuration.RootElement.GetProperty("options");
        Assert.Equal("managed", options.GetProperty("engine").GetString());
        Assert.Equal("fp32", options.GetProperty("precision").GetString());
    }

    [Fact]
    public void A_run_is_not_continued_by_an_engine_with_other_roundings()
    {
        Assert.SkipWhen(HasAmx, "This machine has AMX.");
        using var temp = new TempFolder();
        TinyRun.Train(temp["run"], 1);
        Replace(temp["run"], ("\"managed\"", "\"amx\""), ("\"fp32\"", "\"bf16x3\""));
        var outcome = Ilzo.Run("train", "--run", temp["run"], "--resume");
        Assert.Equal(2, outcome.ExitCode);
        Assert.Contains(
            "has engine amx in bf16x3 for this kind of device, and managed in fp32 is requested now",
            outcome.Errors,
            StringComparison.Ordinal);
    }

    // A run of a GPU that ended before its first step, on a machine without one.
    [Fact]
    public void A_run_of_a_GPU_goes_on_on_the_processor_with_the_processors_engine_and_keeps_that()
    {
        using var temp = new TempFolder();
        RunOfAGpu(temp["run"]);
        string[] resume = ["train", "--run", temp["run"], "--resume", "--device", "cpu"];
        var result = Ilzo.Run([.. resume, "--engine", "managed", "--json"]);
        Assert.Contains("engine managed in fp32, arithmetic ", result.Errors, StringComparison.Ordinal);
        using var configuration = JsonDocument.Parse(File.ReadAllText(temp["run", "config.json"]));
        Assert.Equal("cuda", configuration.RootElement.GetProperty("options").GetProperty("engine").GetString());
        var change = Assert.Single(configuration.RootElement.GetProperty("continued").EnumerateArray());
        Assert.Equal((0, "managed", "fp32"), (change.GetProperty("after_step")
            .GetInt32(), change.GetProperty("engine").GetString(), change.GetProperty("precision").GetString()));
        Assert.Equal(TinyRun.Sha(result.Json), TinyRun.Sha(Ilzo.Run("replay", "--run", temp["run"], "--json").Json));

        // No engine is named any more, and a machine with tiles would take them.
        Assert.Contains("engine managed in fp32, arithmetic ", Ilzo.Run([.. resume, "--steps", "2"]).Errors, StringComparison.Ordinal);
        Replace(temp["run"], ("\"managed\"", "\"managed-other\""));
        Assert.Equal("--engine is 'managed-other' on the CPU; auto, managed or amx was expected.", Ilzo.Run(resume).Refusal(2));
    }

    [Fact]
    public void The_configuration_of_a_GPUs_run_begins_one_on_the_processor()
    {
        using var temp = new TempFolder();
        RunOfAGpu(temp["gpu"]);
        var begun = Ilzo.Run(
            "train", "--config", temp["gpu", "config.json"], "--run", temp["run"], "--device", "cpu", "--engine", "managed");
        Assert.Equal(0, begun.ExitCode);
        using var configuration = JsonDocument.Parse(File.ReadAllText(temp["run", "config.json"]));
        Assert.Equal("managed", configuration.RootElement.GetProperty("options").GetProperty("engine").GetString());
        Assert.False(configuration.RootElement.TryGetProperty("continued", out _));

        // What somebody wrote down is asked for as by flags.
        string own = temp.Write("own.json", """{"engine": "cuda", "device": "cpu"}""");
        Assert.Equal(
            "--engine is 'cuda' on the CPU; auto, managed or amx was expected.",
            Ilzo.Run("train", "--config", own, "--run", temp["own"]).Refusal(2));
    }

    private static void RunOfAGpu(string run)
    {
        TinyRun.Train(run, 1, "--device", "cpu", "--precision", "fp32");
        Replace(run, ("\"managed\"", "\"cuda\""), ("\"fp32\"", "\"bf16x3\""), ("\"cpu\"", "\"cuda:0\""));
        File.Delete(Path.Combine(run, "trajectory.bin"));
        File.Delete(Path.Combine(run, "metrics.jsonl"));
        File.Delete(Path.Combine(run, "result.json"));
        Directory.Delete(Path.Combine(run, "checkpoint"), recursive: true);
    }

    private static void Replace(string run, params (string From, string To)[] changes)
    {
        string file = Path.Combine(run, "config.json");
        string text = File.ReadAllText(file);
        foreach (var (from, to) in changes)
        {
            Assert.Single(text.Split(from).Skip(1));
            text = text.Replace(from, to, StringComparison.Ordinal);
        }

        File.WriteAllText(file, text);
    }
}
