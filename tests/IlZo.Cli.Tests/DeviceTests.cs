using System.Text.Json;
using IlZo.Core.Tests;

namespace IlZo.Cli.Tests;

/// <summary>Choosing a device, on machines with a GPU and on machines without one.</summary>
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
        Assert.Matches("^(no NVIDIA driver was found|the NVIDIA driver names no GPU)", reason);
        Assert.Contains($"none: {reason}", text, StringComparison.Ordinal);
    }

    [Fact]
    public void Devices_shows_caches_from_the_core_on_and_how_fast_they_are_read()
    {
        var json = Ilzo.Run("devices", "--json").Json;
        string text = Ilzo.Run("devices").Success;
        long[] sizes = [.. json.GetProperty("caches").EnumerateArray().Select(c => c.GetProperty("bytes").GetInt64())];
        Assert.Equal(sizes.Order(), sizes);
        Assert.Matches(sizes.Length == 0 ? "caches +unknown" : "caches +L1 [0-9]+ [KM]iB.* \\(says (Linux|CPUID)\\)", text);
        var rates = json.GetProperty("read_gigabytes_per_second");
        Assert.All(rates.EnumerateObject(), rate => Assert.InRange(rate.Value.GetDouble(), 1e-3, 1e5));
        Assert.True(rates.TryGetProperty("memory", out _));
        Assert.Equal(sizes.Length > 1, rates.TryGetProperty("l2", out _));
        Assert.True(json.GetProperty("packed_bytes_per_thread").GetInt64() > 0);
        Assert.Matches("read bandwidth +.*memory [0-9]+ GB/s a thread", text);
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
        Assert.Matches("^no GPU is used because .*; running on the CPU\\.\n$", outcome.Errors);
    }

    [Theory]
    [InlineData("score", "--text", "A film")]
    [InlineData("generate", "--prompt", "A film")]
    [InlineData("eval", "--test-size", "1")]
    [InlineData("train", "--steps", "1", "--run", "run")]
    [InlineData("selftest")]
    [InlineData("bench")]
    [InlineData("bench", "gemm")]
    [InlineData("bench", "rng")]
    [InlineData("bench", "forward", "--shape", "opt-tiny")]
    [InlineData("bench", "step", "--model", "builtin")]
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
    public void What_is_no_name_of_a_device_is_refused(string name)
    {
        string expected = $"--device is '{name}'; auto, cpu, or cuda:0, cuda:1, … was expected.";
        Assert.Equal(expected, Ilzo.Run([.. s_score, "--device", name]).Refusal(2));
        Assert.Equal(expected, Ilzo.Run("bench", "gemm", "--device", name).Refusal(2));
    }

    [Fact]
    public void A_benchmark_on_auto_runs_on_the_processor_where_there_is_no_gpu()
    {
        Assert.SkipWhen(HasGpu(), "This machine has a GPU.");
        var outcome = Ilzo.Run(
            "bench", "forward", "--shape", "opt-tiny", "--batch", "1", "--seq", "4", "--steps", "1", "--device", "auto", "--json");
        Assert.True(outcome.Json.GetProperty("forward_seconds").GetDouble() > 0);
        Assert.Matches("^no GPU is used because .*; running on the CPU\\.\n$", outcome.Errors);
    }

    [Fact]
    public void A_benchmark_goes_through_a_simulated_gpu()
    {
        string[] command = ["bench", "--device", "simulation", "--shape", "opt-tiny", "--batch", "1", "--seq", "3", "--steps", "1"];
        var lines = Ilzo.Run([.. command, "--json"]).Success.Split(
            '\n', StringSplitOptions.RemoveEmptyEntries).Select(l => JsonDocument.Parse(l).RootElement).ToList();
        Assert.Equal(["step", "forward", "gemm", "gemm", "gemm", "gemm", "rng"], lines.Select(l => l.GetProperty("benchmark").GetString()));
        Assert.All(lines, l => Assert.True(
            l.GetProperty("peak_gigaflops").GetDouble() > 0 && l.GetProperty("copy_gigabytes_per_second").GetDouble() > 0));
        Assert.All(
            ["step_seconds", "update_gigabytes_per_second", "used_bytes"],
            name => Assert.True(lines[0].GetProperty(name).GetDouble() > 0, name));
        string text = Ilzo.Run(command).Success;
        Assert.All(
            ["both probes", "normal deviates", "tokens/s", "copy bandwidth", "device memory"],
            part => Assert.Contains(part, text, StringComparison.Ordinal));
    }

    [Fact]
    public void A_self_test_of_the_simulated_gpu_checks_kernels_and_models()
    {
        // All of them, which IlZo.Gpu.Tests run, take most of a minute.
        string[] names = ["update by adam", "two-point step of roberta-tiny, float16"];
        string[][] parts = LongTests.Run ? [[]] : [.. names.Select(name => (string[])["--only", name])];
        var lines = parts.SelectMany(SelfTest).ToList();
        Assert.All(lines, l => Assert.True(l.GetProperty("passed").GetBoolean(), l.ToString()));
        Assert.All(names, name => Assert.Contains(lines, l => l.GetProperty("check").GetString() == name));

        static IEnumerable<JsonElement> SelfTest(string[] part)
        {
            var outcome = Ilzo.Run(["selftest", "--device", "cpu", "--json", .. part]);
            Assert.Equal("products are computed in fp32.\nall checks passed.\n", outcome.Errors);
            return outcome.Success.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(l => JsonDocument.Parse(l).RootElement);
        }
    }

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
        Assert.True(step.GetProperty("H100 SXM").GetProperty("tensor_core_seconds").GetDouble()
            < step.GetProperty("RTX 4090").GetProperty("tensor_core_seconds").GetDouble());

        // As the kernels are programmed: not below what tensor cores need at their peak.
        var counted = json.GetProperty("step_by_counts").GetProperty("H100 SXM");
        Assert.InRange(counted.GetProperty("fp16_product_seconds").GetDouble(), 0.104, 0.2);
        Assert.InRange(counted.GetProperty("bf16x3_product_seconds").GetDouble(), 0.313, 0.4);
        Assert.InRange(counted.GetProperty("attention_seconds").GetDouble(), 0.003, 0.025);
        Assert.InRange(counted.GetProperty("update_seconds").GetDouble(), 0.015, 0.03);
    }

    // The figures of README.md and kernels/README.md.
    [Theory]
    [InlineData("opt-1.3b", "3.84 GB", "3.71 GB", "2.63 GB", "9.95 TFLOP, 30.4 GB")]
    [InlineData("opt-6.7b", "14.99 GB", "14.86 GB", "13.32 GB", "52.93 TFLOP, 100.1 GB")]
    [InlineData("llama-7b", "15.16 GB", "14.98 GB", "13.48 GB", "53.20 TFLOP, 120.2 GB")]
    [InlineData("opt-13b", "27.55 GB", "27.38 GB", "25.71 GB", "103.31 TFLOP, 171.1 GB")]
    public void Inspect_prints_what_the_documentation_says_about_gpus(
        string shape, string total, string totalInHalf, string weights, string work)
    {
        string[] inspect = ["inspect", "--shape", shape, "--device", "cuda"];
        string[] lines = Ilzo.Run(inspect).Success.Split('\n');
        AssertLine(lines, "training memory ", $" {total} for 16 texts of 128 tokens");
        AssertLine(lines, "  weights ", $" {weights}");
        Assert.Contains(lines, l => l.StartsWith("a mezo step ", StringComparison.Ordinal) && l.Contains(work, StringComparison.Ordinal));
        AssertLine(
            Ilzo.Run([.. inspect, "--precision", "fp16"]).Success.Split('\n'),
            "training memory ",
            $" {totalInHalf} for 16 texts of 128 tokens");

        static void AssertLine(string[] lines, string start, string end) =>
            Assert.Contains(lines, l => l.StartsWith(start, StringComparison.Ordinal) && l.EndsWith(end, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("inspect")]
    [InlineData("inspect", "builtin", "--shape", "opt-13b")]
    [InlineData("inspect", "--shape", "opt-14b")]
    [InlineData("inspect", "builtin", "--device", "cuda:0")]
    [InlineData("inspect", "builtin", "--precision", "fp16")]
    public void Inspect_refuses_what_it_cannot_show(params string[] command) => Assert.NotEmpty(Ilzo.Run(command).Refusal(2));

    private static bool HasGpu() => Ilzo.Run("devices", "--json").Json.GetProperty("gpus").GetArrayLength() > 0;
}
