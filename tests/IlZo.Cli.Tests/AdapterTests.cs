using System.Text.Json;

namespace IlZo.Cli.Tests;

public sealed class AdapterTests
{
    [Theory]
    [InlineData("lora")]
    [InlineData("prefix")]
    public void An_adapter_is_trained_continued_replayed_and_used(string adapter)
    {
        using var temp = new TempFolder();
        string[] more = ["--adapter", adapter, "--lr", "1e-3"];
        var whole = TinyRun.Train(temp["run"], 40, more);
        TinyRun.Train(temp["parts"], 20, more);
        var resumed = Ilzo.Run("train", "--run", temp["parts"], "--resume", "--steps", "40", "--json").Json;
        Assert.Equal(TinyRun.Sha(whole), TinyRun.Sha(resumed));
        Assert.False(Directory.Exists(temp["run", "checkpoint"]));
        string[] files = ["adapter_config.json", "adapter_model.safetensors"];
        Assert.Equal(files, Directory.EnumerateFiles(temp["run", "adapter"]).Select(f => Path.GetFileName(f)!).Order());
        Assert.All(files, f => Assert.Equal(File.ReadAllBytes(temp["run", "adapter", f]), File.ReadAllBytes(temp["parts", "adapter", f])));
        var replayed = Ilzo.Run(
            "replay",
            "--run",
            temp["run"],
            "--to-step",
            $"{whole.GetProperty("selected_step").GetInt32()}",
            "--out",
            temp["out"],
            "--json").Json;
        Assert.Equal(temp["out"], replayed.GetProperty("out").GetString());
        Assert.All(files, f => Assert.Equal(File.ReadAllBytes(temp["run", "adapter", f]), File.ReadAllBytes(temp["out", f])));

        Ilzo.Run("export", "--run", temp["run"], "--out", temp["exported"], "--json");
        var evaluated = Eval("--adapter", temp["exported"]);
        Assert.Equal(whole.GetProperty("test_loss").GetDouble(), evaluated);
        Assert.NotEqual(evaluated, Eval());
        string[] text = ["--model", TestData.Stories, "--text", "Once upon a time", "--json"];
        Assert.NotEqual(Ilzo.Run(["score", .. text]).Success, Ilzo.Run(["score", .. text, "--adapter", temp["exported"]]).Success);
        Ilzo.Run(
            "generate", "--model", TestData.Stories, "--prompt", "Once", "--max-new-tokens", "3", "--adapter", temp["exported"], "--json")
            .Json.GetProperty("ids");
        var merged = Ilzo.Run("export", "--run", temp["run"], "--merge", "--out", temp["merged"]);
        if (adapter == "prefix")
        {
            Assert.Contains("cannot be merged", merged.Refusal(2), StringComparison.Ordinal);
            return;
        }

        // fp32 weights: the order of two sums is all that differs.
        Assert.Equal(0, merged.ExitCode);
        Assert.InRange(Eval("--model", temp["merged"]) - evaluated, -1e-6, 1e-6);
    }

    [Fact]
    public void Training_goes_on_from_an_adapter()
    {
        using var temp = new TempFolder();
        TinyRun.Train(temp["first"], 20, "--adapter", "lora", "--rank", "2", "--lr", "1e-2");
        var second = TinyRun.Train(temp["second"], 20, "--adapter", temp["first", "adapter"], "--lr", "1e-2");
        Assert.Equal(TinyRun.Sha(second), TinyRun.Sha(Ilzo.Run("replay", "--run", temp["second"], "--json").Json));
        using var config = JsonDocument.Parse(File.ReadAllText(temp["second", "adapter", "adapter_config.json"]));
        Assert.Equal(2, config.RootElement.GetProperty("r").GetInt32());

        // The run keeps where it began, and needs the other one no more.
        Directory.Delete(temp["first"], recursive: true);
        Assert.Equal(TinyRun.Sha(second), TinyRun.Sha(Ilzo.Run("replay", "--run", temp["second"], "--json").Json));
        Ilzo.Run("train", "--run", temp["second"], "--resume", "--steps", "21", "--allow-worse").Success.ToString();
        Directory.Delete(temp["second", "start"], recursive: true);
        Assert.Contains("not an existing folder", Ilzo.Run("replay", "--run", temp["second"]).Refusal(2), StringComparison.Ordinal);
    }

    [Fact]
    public void Patterns_choose_what_is_trained_and_are_known_to_the_run()
    {
        using var temp = new TempFolder();
        TinyRun.Train(temp["run"], 5, "--train-only", "*layers.4.*", "--freeze", "*norm*");
        Ilzo.Run("replay", "--run", temp["run"], "--json").Json.GetProperty("weights_sha256");
        string message = Ilzo.Run("train", "--run", temp["run"], "--resume", "--freeze", "*mlp*").Refusal(2);
        Assert.Contains("was started with freeze \"*norm*\"", message, StringComparison.Ordinal);
        Assert.Contains(
            "'x*', which matches no tensor",
            Ilzo.Run("train", "--freeze", "x*", "--run", temp["other"]).Refusal(2),
            StringComparison.Ordinal);
        Assert.False(Directory.Exists(temp["other"]));
        Assert.Contains(
            "trained weights and no adapter",
            Ilzo.Run("export", "--run", temp["run"], "--merge", "--out", temp["m"]).Refusal(2),
            StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--adapter", "lore", "not an existing folder")]
    [InlineData("--rank", "0", "--rank is 0")]
    [InlineData("--alpha", "-1", "--alpha is -1")]
    [InlineData("--targets", "w_proj", "--targets has 'w_proj'")]
    [InlineData("--train-only", "*lora_C*", "lora_A.weight")]
    [InlineData("--freeze", "*lora*", "leave no tensor to train")]
    public void Adapter_options_are_checked(string flag, string value, string message)
    {
        string[] adapter = flag == "--adapter" ? [] : ["--adapter", "lora"];
        using var temp = new TempFolder();
        Assert.Contains(message, Ilzo.Run(["train", .. adapter, flag, value, "--run", temp["run"]]).Refusal(2), StringComparison.Ordinal);
        Assert.False(Directory.Exists(temp["run"]));
    }

    [Fact]
    public void Inspect_counts_what_is_trained()
    {
        var all = Ilzo.Run("inspect", "builtin", "--optimizer", "mezo-adam", "--json").Json;
        var lora = Ilzo.Run("inspect", "builtin", "--optimizer", "mezo-adam", "--adapter", "lora", "--json").Json;
        var biases = Ilzo.Run("inspect", "builtin", "--train-only", "*.bias", "--json").Json;
        long whole = all.GetProperty("trained_parameters").GetInt64();
        Assert.Equal(all.GetProperty("parameters").GetInt64(), whole);

        // 6 layers, 2 projections of 256 x 256, two factors of rank 8.
        const long Factors = 6 * 2 * 2 * 256 * 8;
        Assert.Equal(Factors, lora.GetProperty("trained_parameters").GetInt64());
        Assert.Equal(whole + Factors, lora.GetProperty("parameters").GetInt64());
        Assert.Equal(Memory(all, "weights_bytes") + (4 * Factors), Memory(lora, "weights_bytes"));
        Assert.Equal((8 * whole, 8 * Factors), (Memory(all, "optimizer_bytes"), Memory(lora, "optimizer_bytes")));
        Assert.InRange(biases.GetProperty("trained_parameters").GetInt64(), 1, whole / 100);

        static long Memory(JsonElement json, string name) => json.GetProperty("training_memory").GetProperty(name).GetInt64();
    }

    private static double Eval(params string[] more)
    {
        string[] model = more.Contains("--model") ? [] : ["--model", TestData.Stories];
        return Ilzo.Run(["eval", .. model, "--task", "sst2", "--test-size", "8", "--seed", "3", "--json", .. more]).Json.GetProperty(
            "loss").GetDouble();
    }
}
