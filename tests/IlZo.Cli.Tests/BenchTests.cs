using System.Diagnostics;
using System.Text.Json;

namespace IlZo.Cli.Tests;

public sealed class BenchTests
{
    [Fact]
    public void A_signal_leaves_no_synthetic_model()
    {
        using var temp = new TempFolder();
        var command = Ilzo.Command(null, "bench", "step", "--shape", "opt-tiny", "--batch", "1", "--seq", "8", "--steps", "100000000");
        command.Environment["TMPDIR"] = temp.Path;
        using var process = Process.Start(command)!;
        while (Directory.GetFiles(temp.Path, "*.safetensors", SearchOption.AllDirectories).Length == 0 && !process.HasExited)
        {
            Thread.Yield();
        }

        using (var kill = Process.Start("kill", ["-TERM", $"{process.Id}"]))
        {
            kill.WaitForExit();
        }

        process.WaitForExit();
        Assert.Equal(128 + 15, process.ExitCode);
        Assert.Empty(Directory.EnumerateDirectories(temp.Path, "ilzo-synthetic-*"));
    }

    [Fact]
    public void Steps_of_methods_are_measured_side_by_side()
    {
        string[] lines = Ilzo.Run(
            "bench", "optimizers", "--model", TestData.Stories, "--batch", "1", "--seq", "8", "--steps", "2", "--optimizers",
            "mezo,loren,fzoo", "--json")
            .Success.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        var results = lines.Select(line => JsonDocument.Parse(line).RootElement).ToArray();
        Assert.Equal(["mezo", "loren", "fzoo"], results.Select(r => r.GetProperty("optimizer").GetString()));
        Assert.Equal([2, 6, 9], results.Select(r => r.GetProperty("forward_passes_per_step").GetDouble()));
        Assert.Equal(1, results[0].GetProperty("relative").GetDouble());
        Assert.All(results, r => Assert.InRange(r.GetProperty("update_share").GetDouble(), 0, 1));
    }

    [Fact]
    public void A_method_that_is_not_there_is_refused() => Assert.StartsWith(
        "There is no optimizer 'nobody'",
        Ilzo.Run("bench", "optimizers", "--model", TestData.Stories, "--optimizers", "mezo,nobody").Refusal(2),
        StringComparison.Ordinal);

    [Theory]
    [InlineData("--json stands before gemm; after it was expected.", "--json", "gemm")]
    [InlineData("--device stands before step; after it was expected.", "--device", "cuda:0", "step", "--shape", "opt-tiny")]
    public void Options_before_the_command_that_they_are_meant_for_are_refused(string message, params string[] arguments) =>
        Assert.StartsWith($"ilzo: {message}\n", Ilzo.Run(["bench", .. arguments]).Errors, StringComparison.Ordinal);

    [Theory]
    [InlineData("--batch", "0")]
    [InlineData("--seq", "-1")]
    [InlineData("--steps", "0")]
    public void Numbers_below_one_are_refused(string option, string number) => Assert.Equal(
        $"{option} is {number}; 1 or more was expected.", Ilzo.Run("bench", "step", "--shape", "opt-tiny", option, number).Refusal(2));

    [Theory]
    [InlineData("opt-tiny")]
    [InlineData("gpt2-tiny")]
    [InlineData("llama-tiny")]
    [InlineData("roberta-tiny")]
    public void Steps_of_a_shape_of_each_family_are_measured(string shape)
    {
        var json = Ilzo.Run("bench", "step", "--shape", shape, "--batch", "1", "--seq", "8", "--steps", "1", "--json").Json;
        Assert.True(json.GetProperty("step_seconds").GetDouble() > 0);
        Assert.Equal(2 * json.GetProperty("parameters").GetInt64(), json.GetProperty("weight_bytes").GetInt64());
    }

    [Fact]
    public void A_shape_that_is_not_there_is_refused() => Assert.StartsWith(
        "There is no shape 'opt-2m'; one of these was expected: opt-125m, ", Ilzo.Run("bench", "step", "--shape", "opt-2m").Refusal(2),
        StringComparison.Ordinal);
}
