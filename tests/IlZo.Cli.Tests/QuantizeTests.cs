using System.Text.Json;

namespace IlZo.Cli.Tests;

/// <summary><c>quantize</c>, and what can be done with a model in blocks.</summary>
public sealed class QuantizeTests
{
    [Fact]
    public void An_adapter_trained_on_blocks_is_the_one_trained_on_the_widened_model()
    {
        using var temp = new TempFolder();
        var report = Ilzo.Run("quantize", "--model", TestData.Stories, "--to", "q4_0", "--out", temp["q4"], "--json").Json;
        Assert.Equal("q4_0", report.GetProperty("type").GetString());
        Assert.True(report.GetProperty("quantized_bytes").GetInt64() < report.GetProperty("stored_bytes").GetInt64());

        Train(temp, "blocks");
        Train(temp, "wide", "--dtype", "fp32");
        string Adapter(string run) => Convert.ToHexString(File.ReadAllBytes(temp[run, "adapter", "adapter_model.safetensors"]));
        Assert.Equal(Adapter("wide"), Adapter("blocks"));
        Assert.NotEmpty(Ilzo.Run("replay", "--run", temp["blocks"]).Success);

        // Merged weights are widened: those of the dequantized model with the adapter's effect.
        Assert.NotEmpty(Ilzo.Run("export", "--run", temp["blocks"], "--merge", "--out", temp["merged"]).Success);
        string Write(string model) =>
            Ilzo.Run("generate", "--model", model, "--prompt", "Once upon", "--max-new-tokens", "12", "--temperature", "0").Success;
        Assert.Equal(Write(temp["blocks"]), Write(temp["merged"]));
    }

    [Fact]
    public void Weights_in_blocks_are_not_trained_and_it_is_said_what_can_be()
    {
        using var temp = new TempFolder();
        Assert.NotEmpty(Ilzo.Run("quantize", "--model", TestData.Stories, "--to", "nf4", "--out", temp["nf4"]).Success);
        Assert.Equal(
            $"'{temp["nf4"]}': tensor 'model.embed_tokens.weight' is in blocks of nf4, which training cannot change; --adapter, "
                + "--train-only with other tensors, or --dtype for widened weights was expected.",
            Ilzo.Run(TinyRun.Command(1, "--model", temp["nf4"], "--run", temp["run"])).Refusal(2));
        Assert.Equal(0, Ilzo.Run(TinyRun.Command(1, "--model", temp["nf4"], "--run", temp["run"], "--train-only", "role:norm")).ExitCode);
        Assert.Equal(0, Ilzo.Run(TinyRun.Command(1, "--model", temp["nf4"], "--run", temp["wide"], "--dtype", "fp16")).ExitCode);
        Assert.Contains(
            "role:query', which is the role of no tensor",
            Ilzo.Run(TinyRun.Command(1, "--model", temp["nf4"], "--run", temp["no"], "--train-only", "role:query")).Refusal(2),
            StringComparison.Ordinal);
    }

    [Fact]
    public void Blocks_of_a_GGUF_file_stay_as_they_are()
    {
        using var temp = new TempFolder();
        Assert.Equal(0, Ilzo.Run(TinyRun.Command(1, "--model", TestData.Stories, "--run", temp["run"])).ExitCode);
        Assert.NotEmpty(Ilzo.Run("export", "--run", temp["run"], "--gguf", "q8_0", "--out", temp["m.gguf"]).Success);
        Assert.Equal(0, Ilzo.Run("import", temp["m.gguf"], "--out", temp["q8"]).ExitCode);
        Assert.Equal(0, Ilzo.Run("import", temp["m.gguf"], "--dtype", "fp32", "--out", temp["wide"]).ExitCode);
        var types = Ilzo.Run("inspect", temp["q8"]).Success;
        Assert.Contains("q8_0", types, StringComparison.Ordinal);
        string Score(string model) => Ilzo.Run("score", "--model", model, "--text", "Once upon a time", "--json").Success;
        Assert.Equal(Score(temp["wide"]), Score(temp["q8"]));
    }

    [Theory]
    [InlineData("q5_0", "--to is 'q5_0'; q8_0, q4_0 or nf4 was expected.")]
    public void Other_words_are_refused(string word, string message)
    {
        using var temp = new TempFolder();
        Assert.Equal(message, Ilzo.Run("quantize", "--model", TestData.Stories, "--to", word, "--out", temp["q"]).Refusal(2));
        Assert.False(Directory.Exists(temp["q"]));
    }

    private static void Train(TempFolder temp, string run, params string[] more)
    {
        string[] flags = ["--model", temp["q4"], "--adapter", "lora", "--lr", "1e-2", "--run", temp[run], .. more];
        Assert.Equal(0, Ilzo.Run(TinyRun.Command(5, flags)).ExitCode);
    }
}
