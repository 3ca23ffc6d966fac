using IlZo.Core.Tests;

namespace IlZo.Cli.Tests;

/// <summary><c>--weight-memory</c>.</summary>
public sealed class WeightMemoryTests
{
    [Fact]
    public void A_run_has_the_same_bits_whatever_stays_in_memory()
    {
        using var temp = new TempFolder();
        string[] Files(string run, params string[] more)
        {
            string[] flags = ["--model", TestData.Stories, "--adapter", "lora", "--lr", "1e-2", "--run", temp[run], .. more];
            Assert.Equal(0, Ilzo.Run(TinyRun.Command(4, flags)).ExitCode);
            return [.. new[] { "trajectory.bin", Path.Combine("adapter", "adapter_model.safetensors") }.Select(
                name => Convert.ToHexString(File.ReadAllBytes(temp[run, name])))];
        }

        string[] kept = Files("kept");
        Assert.Equal(kept, Files("none", "--weight-memory", "0"));
        Assert.Equal(kept, Files("some", "--weight-memory", "300KB"));
        Assert.NotEmpty(Ilzo.Run("replay", "--run", temp["none"]).Success);
    }

    [Fact]
    public void A_run_of_all_weights_has_the_same_bits_whatever_stays_in_memory()
    {
        using var temp = new TempFolder();
        string[] Files(string run, params string[] more)
        {
            string[] flags = ["--model", TestData.Stories, "--lr", "1e-3", "--eval-every", "3", "--run", temp[run], .. more];
            Assert.Equal(0, Ilzo.Run(TinyRun.Command(7, flags)).ExitCode);
            return [.. new[] { "trajectory.bin", Path.Combine("checkpoint", "model.safetensors") }.Select(
                name => Convert.ToHexString(File.ReadAllBytes(temp[run, name])))];
        }

        string[] kept = Files("kept");
        Assert.Equal(kept, Files("one", "--weight-memory", "0", "--write-every", "1"));
        Assert.Equal(kept, Files("five", "--weight-memory", "300KB", "--write-every", "5"));
        Assert.NotEmpty(Ilzo.Run("replay", "--run", temp["five"]).Success);
        Assert.DoesNotContain(Directory.GetFiles(temp["five"]), file => Path.GetFileName(file).StartsWith('.'));
    }

    [Fact]
    public void A_step_takes_the_budget_two_layers_and_little_else()
    {
        // Of the layers two are in memory at a time; the embeddings stay. The larger shape takes gigabytes and most of a minute.
        var (shape, layers, layer) = LongTests.Run ? ("opt-1.3b", 24, 100_700_000L) : ("opt-125m", 12, 14_180_000L);
        long all = Step("--adapter", "lora");
        Assert.InRange(all - Step("--adapter", "lora", "--weight-memory", "0"), (layers - 3) * layer, (layers - 1) * layer);
        Assert.InRange(all - Step("--weight-memory", "0"), (layers - 3) * layer, (layers - 1) * layer);

        long Step(params string[] more)
        {
            string[] size = ["--steps", "1", "--seq", "2", "--batch", "1", "--json"];
            var result = Ilzo.RunAlone(["bench", "step", "--shape", shape, "--holes", .. size, .. more]).Json;
            return result.GetProperty("peak_rss_bytes").GetInt64();
        }
    }

    // A layer of OPT-1.3B has 12 h² weights and 13 h more, of two bytes; all of it comes in a step, and goes back in some of them.
    [Theory]
    [InlineData(24, 1.25, "--weight-memory", "0")]
    [InlineData(24, 1.1, "--weight-memory", "0", "--write-every", "10")]
    [InlineData(24, 1.0, "--weight-memory", "0", "--adapter", "lora")]
    [InlineData(7, 1.25, "--weight-memory", "2GB")]
    [InlineData(0, 1.0)]
    public void What_goes_between_the_host_and_a_gpu_is_predicted(int layers, double times, params string[] options)
    {
        var step = Ilzo.Run(["inspect", "--shape", "opt-1.3b", "--device", "cuda", "--json", .. options]).Json.GetProperty("step_at_best");
        double layer = 2.0 * ((12 * 2048 * 2048) + (13 * 2048)) / 1e9;
        Assert.Equal(layers * layer * times, step.GetProperty("link_gigabytes").GetDouble(), 9);
        var card = step.GetProperty("RTX 4090");
        Assert.Equal(layers * layer * times / 32, card.GetProperty("link_seconds").GetDouble(), 9);
        Assert.True(card.GetProperty("fp16_tensor_core_seconds").GetDouble() >= card.GetProperty("link_seconds").GetDouble());
    }

    [Fact]
    public void A_step_on_a_device_has_the_loss_that_it_has_with_all_weights_there()
    {
        string[] size = ["--batch", "1", "--seq", "3", "--steps", "1"];
        string[] step = ["bench", "step", "--device", "simulation", "--model", TestData.Stories, .. size];
        var kept = Ilzo.Run([.. step, "--json"]).Json;
        var streamed = Ilzo.Run([.. step, "--weight-memory", "0", "--json"]).Json;
        Assert.Equal(kept.GetProperty("loss").GetDouble(), streamed.GetProperty("loss").GetDouble());
        Assert.Equal(
            "--holes is given for --device simulation without --weight-memory, and all weights are made there; neither, or both, were "
                + "expected.",
            Ilzo.Run("bench", "step", "--device", "simulation", "--shape", "opt-125m", "--holes").Refusal(2));
        Assert.Equal(
            "--holes is given with --model; it says how the files of a --shape are made, and was expected with that.",
            Ilzo.Run("bench", "step", "--model", TestData.Stories, "--holes").Refusal(2));
    }

    // What is made at load lies in no file.
    [Theory]
    [InlineData("train", "builtin")]
    [InlineData("compare", "builtin")]
    [InlineData("train", null, "--dtype", "bf16")]
    public void A_model_of_which_all_would_stay_is_refused(string verb, string? model, params string[] more)
    {
        using var temp = new TempFolder();
        model ??= TestData.Stories;
        string[] folder = [verb == "train" ? "--run" : "--out", temp["run"]];
        var outcome = Ilzo.Run([verb, "--model", model, .. folder, "--weight-memory", "0", .. more]);
        Assert.Equal(2, outcome.ExitCode);
        Assert.EndsWith(
            $"--weight-memory is 0, and no layer of {model} is read from a file as it is stored there; a model in a folder, in the --dtype "
                + "that it has there, was expected.\n",
            outcome.Errors, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("0", "1 to 64 was expected.", "--weight-memory", "0")]
    [InlineData("2", "none without --weight-memory, beyond which weights are written, was expected.")]
    [InlineData("8", "none with --adapter, which stays, was expected.", "--weight-memory", "0", "--adapter", "lora")]
    public void How_many_updates_wait_is_asked_for_where_some_do(string steps, string expected, params string[] memory)
    {
        using var temp = new TempFolder();
        Assert.Equal(
            $"--write-every is {steps}; {expected}",
            Ilzo.Run(TinyRun.Command(1, ["--run", temp["run"], "--write-every", steps, .. memory])).Refusal(2));
    }

    [Theory]
    [InlineData("much", "--weight-memory is 'much'; a size such as 500MB or 8GB was expected.")]
    [InlineData("-1", "--weight-memory is '-1'; a size such as 500MB or 8GB was expected.")]
    [InlineData("8TB", "--weight-memory is '8TB'; a size such as 500MB or 8GB was expected.")]
    public void Other_words_are_refused(string size, string message)
    {
        using var temp = new TempFolder();
        Assert.Equal(message, Ilzo.Run(TinyRun.Command(1, "--run", temp["run"], "--weight-memory", size)).Refusal(2));
    }
}
