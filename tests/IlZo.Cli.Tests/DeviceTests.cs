namespace IlZo.Cli.Tests;

/// <summary>Choosing a device, on machines with a GPU and on machines without one, in builds with GPU support and in builds without it.</summary>
public sealed class DeviceTests
{
    private static readonly string[] s_score = ["score", "--text", "A film", "--json"];

    [Fact]
    public void Devices_lists_gpus_or_says_why_there_are_none()
    {
        var json = Ilzo.Run("devices", "--json").Json;
        string text = Ilzo.Run("devices").Success;
        if (json.GetProperty("gpus").GetArrayLength() > 0)
        {
            Assert.Contains("cuda:0", text, StringComparison.Ordinal);
            return;
        }

        string reason = json.GetProperty("no_gpu_because").GetString()!;
        Assert.Matches("^(this build has no GPU support|no NVIDIA driver was found|the NVIDIA driver names no GPU)", reason);
        Assert.Contains($"none: {reason}", text, StringComparison.Ordinal);
    }

    [Fact]
    public void Auto_runs_on_the_processor_where_there_is_no_gpu_and_says_so_in_one_sentence()
    {
        var outcome = Ilzo.Run([.. s_score, "--device", "auto"]);
        if (HasGpu())
        {
            Assert.NotEmpty(outcome.Success);
            return;
        }

        Assert.Equal(Ilzo.Run([.. s_score, "--device", "cpu"]).Success, outcome.Success);
        Assert.Matches("^no GPU is used, for .*; running on the CPU\\.\n$", outcome.Errors);
    }

    [Theory]
    [InlineData("score", "--text", "A film")]
    [InlineData("generate", "--prompt", "A film")]
    [InlineData("eval", "--test-size", "1")]
    [InlineData("train", "--steps", "1", "--run", "run")]
    [InlineData("selftest")]
    public void A_gpu_that_is_not_there_is_refused(params string[] command)
    {
        string folder = Directory.CreateTempSubdirectory("ilzo-test-").FullName;
        string refusal = Ilzo.RunIn(folder, [.. command, "--device", "cuda:99"]).Refusal(2);
        Assert.Empty(Directory.EnumerateFileSystemEntries(folder));
        Directory.Delete(folder);
        Assert.Matches("^There is (no cuda:99|nothing to test): .*\\.$", refusal);
    }

    [Theory]
    [InlineData("gpu")]
    [InlineData("cuda")]
    [InlineData("cuda:")]
    [InlineData("cuda:-1")]
    [InlineData("cuda:1x")]
    [InlineData("cuda:12345678901")]
    public void What_is_no_name_of_a_device_is_refused(string name) =>
        Assert.Equal(
            $"--device is '{name}'; auto, cpu, or cuda:0, cuda:1, … was expected.", Ilzo.Run([.. s_score, "--device", name]).Refusal(2));

    [Fact]
    public void Inspect_plans_the_memory_and_bounds_the_time_of_published_shapes_without_a_gpu()
    {
        var json = Ilzo.Run("inspect", "--shape", "opt-13b", "--device", "cuda", "--json").Json;
        var memory = json.GetProperty("training_memory");
        Assert.Equal(12_853_473_280, json.GetProperty("parameters").GetInt64());
        Assert.Equal(2 * 12_853_473_280, memory.GetProperty("weights_bytes").GetInt64());

        // Two probes of 2,048 tokens: about 2 x 2 FLOP a weight of the layers and token; the embeddings take 5 % of the weights.
        var step = json.GetProperty("step_at_best");
        Assert.InRange(step.GetProperty("teraflop").GetDouble() / (4 * 12.6 * 2.048), 1.0, 1.05);
        Assert.True(step.GetProperty("H100 SXM").GetProperty("tensor_core_seconds").GetDouble() < step.GetProperty("RTX 4090").GetProperty("tensor_core_seconds").GetDouble());
    }

    [Theory]
    [InlineData("inspect")]
    [InlineData("inspect", "builtin", "--shape", "opt-13b")]
    [InlineData("inspect", "--shape", "opt-14b")]
    [InlineData("inspect", "builtin", "--device", "cuda:0")]
    public void Inspect_refuses_what_it_cannot_show(params string[] command) => Assert.NotEmpty(Ilzo.Run(command).Refusal(2));

    private static bool HasGpu() => Ilzo.Run("devices", "--json").Json.GetProperty("gpus").GetArrayLength() > 0;
}
