using System.Text.Json;

namespace IlZo.Cli.Tests;

/// <summary><c>--adapter scales</c>: QZO on a model in blocks.</summary>
public sealed class ScalesTests : IDisposable
{
    private readonly TempFolder _temp = new();

    public void Dispose() => _temp.Dispose();

    [Theory]
    [InlineData("q8_0")]
    [InlineData("q4_0")]
    [InlineData("nf4")]
    public void Scales_are_trained_continued_replayed_and_used(string type)
    {
        Quantize(type);
        string[] more = ["--model", _temp["blocks"], "--adapter", "scales", "--lr", "1e-5", "--clip", "1"];
        var whole = TinyRun.Train(_temp["run"], 40, [.. more, "--threads", "2"]);
        TinyRun.Train(_temp["parts"], 20, [.. more, "--threads", "1"]);
        var resumed = Ilzo.Run("train", "--run", _temp["parts"], "--resume", "--steps", "40", "--threads", "1", "--json").Json;
        Assert.Equal(TinyRun.Sha(whole), TinyRun.Sha(resumed));
        Assert.Equal(TinyRun.Sha(whole), TinyRun.Sha(Ilzo.Run("replay", "--run", _temp["run"], "--json").Json));
        double[] gradients = Gradients();
        Assert.Equal(40, gradients.Length);
        Assert.All(gradients, g => Assert.InRange(g, -1, 1));
        Assert.Contains(gradients, g => Math.Abs(g) == 1);

        // The run's folder is its result, and so is the adapter that it exports.
        double loss = whole.GetProperty("test_loss").GetDouble();
        Assert.Equal(0, Ilzo.Run("export", "--run", _temp["run"], "--out", _temp["adapter"]).ExitCode);
        Assert.Equal(loss, Eval("--model", _temp["blocks"], "--adapter", _temp["adapter"]));
        Assert.NotEqual(loss, Eval("--model", _temp["blocks"]));
        Assert.Equal(Write("--model", _temp["run"]), Write("--model", _temp["blocks"], "--adapter", _temp["adapter"]));

        // Merged, they are in the blocks again, in fp16 where the format has that.
        Assert.Equal(0, Ilzo.Run("export", "--run", _temp["run"], "--merge", "--out", _temp["merged"]).ExitCode);
        Assert.Contains(type, Ilzo.Run("inspect", _temp["merged"]).Success, StringComparison.Ordinal);
        double rounding = type == "nf4" ? 0 : 0.01;
        Assert.InRange(Eval("--model", _temp["merged"]) - loss, -rounding, rounding);
        Assert.Equal(0, Ilzo.Run("export", "--run", _temp["run"], "--gguf", "f16", "--out", _temp["m.gguf"]).ExitCode);
        Assert.Equal(0, Ilzo.Run("import", _temp["m.gguf"], "--out", _temp["imported"]).ExitCode);
        Assert.InRange(Eval("--model", _temp["imported"]) - loss, -0.02, 0.02);
    }

    [Fact]
    public void Training_goes_on_from_scales_and_a_part_of_them()
    {
        Quantize("q4_0");
        string[] more = ["--model", _temp["blocks"], "--lr", "1e-5"];
        TinyRun.Train(_temp["first"], 5, [.. more, "--adapter", "scales"]);
        string[] next = [.. more, "--adapter", _temp["first", "adapter"], "--train-only", "role:mlp", "--optimizer", "kerzoo"];
        Assert.NotEqual("", TinyRun.Sha(TinyRun.Train(_temp["second"], 5, next)));
        Assert.NotEmpty(Ilzo.Run("replay", "--run", _temp["second"]).Success);
        Assert.Contains("scale", Ilzo.Run("inspect", _temp["blocks"], "--adapter", "scales").Success, StringComparison.Ordinal);
    }

    [Fact]
    public void What_has_no_scales_is_refused_with_a_sentence()
    {
        Quantize("q4_0");
        string Refusal(params string[] more) =>
            Ilzo.Run(TinyRun.Command(1, ["--run", _temp["run"], "--adapter", "scales", .. more])).Refusal(2);
        const string Expected =
            "has no weights in blocks with one scale each, which the adapter scales trains; a model in q8_0, q4_0, q4_z or nf4 was "
                + "expected, such as quantize and import make.";
        Assert.Equal($"'{TestData.Stories}' {Expected}", Refusal());
        Assert.Equal($"'{_temp["blocks"]}' {Expected}", Refusal("--model", _temp["blocks"], "--dtype", "fp16"));
        Assert.False(Directory.Exists(_temp["run"]));
    }

    private void Quantize(string type) =>
        Assert.Equal(0, Ilzo.Run("quantize", "--model", TestData.Stories, "--to", type, "--out", _temp["blocks"]).ExitCode);

    private double[] Gradients() =>
    [
        .. File.ReadLines(_temp["run", "metrics.jsonl"]).Select(line => JsonDocument.Parse(line).RootElement)
            .Where(e => e.TryGetProperty("projected_gradient", out _)).Select(e => e.GetProperty("projected_gradient").GetDouble()),
    ];

    private static double Eval(params string[] more) => Ilzo.Run(
        ["eval", "--task", "sst2", "--test-size", "8", "--seed", "3", "--json", .. more])
        .Json.GetProperty("loss").GetDouble();

    private static string Write(params string[] more) =>
        Ilzo.Run(["generate", "--prompt", "Once upon", "--max-new-tokens", "12", "--temperature", "0", .. more]).Success;
}
