using IlZo.Core.Tests.Models;

namespace IlZo.Cli.Tests;

/// <summary><c>import</c> of models that GPTQ and AWQ have quantized, and what can be done with them.</summary>
public sealed class ImportTests : IDisposable
{
    private readonly TempFolder _temp = new();

    public void Dispose() => _temp.Dispose();

    [Theory]
    [InlineData("gptq", 32)]
    [InlineData("gptq_v2", -1)]
    [InlineData("awq", 128)]
    public void An_imported_model_scores_trains_and_is_read_from_its_file_as_its_weights_in_fp32(string format, int group)
    {
        Import(format, group);
        string Score(string model) => Ilzo.Run("score", "--model", _temp[model], "--text", "Once upon a time", "--json").Success;
        Assert.Equal(Score("wide"), Score("blocks"));
        string inspected = Ilzo.Run("inspect", _temp["blocks"]).Success;
        Assert.Contains("q4_z", inspected, StringComparison.Ordinal);

        Train("lora-blocks", "blocks", "lora");
        Train("lora-wide", "wide", "lora");
        Train("lora-streamed", "blocks", "lora", "--weight-memory", "300KB", "--threads", "2");
        Assert.Equal(Adapter("lora-wide"), Adapter("lora-blocks"));
        Assert.Equal(Adapter("lora-wide"), Adapter("lora-streamed"));
        Assert.NotEmpty(Ilzo.Run("replay", "--run", _temp["lora-blocks"]).Success);
    }

    [Fact]
    public void A_prefix_is_trained_on_blocks_as_on_their_weights_in_fp32()
    {
        Import("awq", 32);
        Train("blocks-run", "blocks", "prefix");
        Train("wide-run", "wide", "prefix");
        Assert.Equal(Adapter("wide-run"), Adapter("blocks-run"));
    }

    [Fact]
    public void Scales_are_trained_and_go_back_into_the_blocks()
    {
        Import("gptq", 64);
        string[] command =
            ["--model", _temp["blocks"], "--adapter", "scales", "--lr", "1e-5", "--clip", "1", "--dev-size", "0", "--seed", "4"];
        var result = TinyRun.Train(_temp["run"], 5, command);
        double loss = result.GetProperty("test_loss").GetDouble();
        Assert.Equal(5, result.GetProperty("selected_step").GetInt32());
        Assert.NotEmpty(Ilzo.Run("replay", "--run", _temp["run"]).Success);
        Assert.Equal(0, Ilzo.Run("export", "--run", _temp["run"], "--merge", "--out", _temp["merged"]).ExitCode);
        Assert.Contains("q4_z", Ilzo.Run("inspect", _temp["merged"]).Success, StringComparison.Ordinal);
        Assert.InRange(Loss("merged") - loss, -0.02, 0.02);
        Assert.NotEqual(loss, Loss("blocks"));
    }

    [Fact]
    public void Training_all_weights_is_refused_and_what_is_no_model_in_four_bits_is_not_imported()
    {
        Import("awq", 32);
        Assert.Contains(
            "is in blocks of q4_z, which training cannot change",
            Ilzo.Run(TinyRun.Command(1, "--model", _temp["blocks"], "--run", _temp["run"])).Refusal(2), StringComparison.Ordinal);
        Assert.EndsWith(
            "exists already; the name of a folder to create was expected.",
            Ilzo.Run("import", _temp["packed"], "--out", _temp["blocks"]).Refusal(2), StringComparison.Ordinal);
        var other = new PackedModel("awq", 32);
        other.Quantization["version"] = "gemv";
        other.Write(_temp["gemv"], TestData.Stories);
        Assert.Equal(
            $"'{_temp["gemv", "config.json"]}', quantization_config: version is \"gemv\"; gemm was expected.",
            Ilzo.Run("import", _temp["gemv"], "--out", _temp["none"]).Refusal(2));
        Assert.False(Directory.Exists(_temp["none"]));
    }

    [Fact]
    public void A_template_that_cannot_be_read_is_noted_and_the_rest_is_imported()
    {
        var packed = new PackedModel("gptq", 32);
        packed.Write(_temp["packed"], TestData.Stories);
        File.WriteAllText(_temp["packed", "chat_template.jinja"], "{% for m in messages %}{{ m.content }}");
        var outcome = Ilzo.Run("import", _temp["packed"], "--out", _temp["blocks"]);
        Assert.Equal(0, outcome.ExitCode);
        Assert.StartsWith(
            "note: the chat template is none that can be used, so that conversations need another: "
                + _temp["packed", "chat_template.jinja"],
            outcome.Errors, StringComparison.Ordinal);
        Assert.Equal(0, Ilzo.Run("score", "--model", _temp["blocks"], "--text", "Once upon a time").ExitCode);
    }

    private void Import(string format, int group)
    {
        var packed = new PackedModel(format, group);
        packed.Write(_temp["packed"], TestData.Stories);
        packed.WriteWide(_temp["wide"], TestData.Stories);
        Assert.Equal(0, Ilzo.Run("import", _temp["packed"], "--out", _temp["blocks"]).ExitCode);
    }

    private void Train(string run, string model, string adapter, params string[] more) => Assert.Equal(
        0, Ilzo.Run(TinyRun.Command(5, ["--model", _temp[model], "--adapter", adapter, "--run", _temp[run], .. more])).ExitCode);

    private string Adapter(string run) => Convert.ToHexString(File.ReadAllBytes(_temp[run, "adapter", "adapter_model.safetensors"]));

    private double Loss(string model) => Ilzo.Run(
        "eval", "--model", _temp[model], "--task", "sst2", "--test-size", "8", "--seed", "4", "--json")
        .Json.GetProperty("loss").GetDouble();
}
