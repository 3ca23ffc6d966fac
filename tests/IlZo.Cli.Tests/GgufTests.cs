using System.Text;
using IlZo.Checkpoints;

namespace IlZo.Cli.Tests;

/// <summary><c>export --gguf</c>: a run as one file for llama.cpp.</summary>
public sealed class GgufTests
{
    [Fact]
    public void A_run_of_a_llama_becomes_one_file_with_its_tokenizer()
    {
        using var temp = new TempFolder();
        Train(temp, TestData.Stories);
        foreach (string type in new[] { "f16", "q8_0" })
        {
            var exported = Ilzo.Run("export", "--run", temp["run"], "--gguf", type, "--out", temp["m.gguf"], "--json").Json;
            Assert.Equal(temp["m.gguf"], exported.GetProperty("out").GetString());
            string content = Encoding.Latin1.GetString(File.ReadAllBytes(temp["m.gguf"]));
            Assert.StartsWith("GGUF", content, StringComparison.Ordinal);
            Assert.Contains("general.architecture", content, StringComparison.Ordinal);
            Assert.Contains("blk.4.ffn_up.weight", content, StringComparison.Ordinal);
            Assert.Contains("tokenizer.ggml.scores", content, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void A_folder_is_imported_if_it_is_quantized_and_as_it_is()
    {
        using var temp = new TempFolder();
        Assert.Contains(
            "has no weights that quantization_config in its config.json says to be quantized by gptq, awq or bitsandbytes (to nf4)",
            Ilzo.Run("import", TestData.Stories, "--out", temp["model"]).Refusal(2), StringComparison.Ordinal);
        Assert.Contains(
            "--dtype is given for",
            Ilzo.Run("import", TestData.Stories, "--out", temp["model"], "--dtype", "fp16").Refusal(2), StringComparison.Ordinal);
        Assert.False(Directory.Exists(temp["model"]));
    }

    [Fact]
    public void A_file_becomes_a_model_that_trains_and_writes_as_the_one_it_was_made_of()
    {
        using var temp = new TempFolder();
        Train(temp, TestData.Stories);
        Assert.NotEmpty(Ilzo.Run("export", "--run", temp["run"], "--gguf", "f32", "--out", temp["m.gguf"]).Success);
        Assert.Equal(0, Ilzo.Run("import", temp["m.gguf"], "--out", temp["model"]).ExitCode);
        string Write(string model) =>
            Ilzo.Run("generate", "--model", model, "--prompt", "Once upon", "--max-new-tokens", "20", "--temperature", "0").Success;
        Assert.Equal(Write(temp["run"]), Write(temp["model"]));
        Assert.Equal(0, Ilzo.Run(TinyRun.Command(1, "--model", temp["model"], "--run", temp["next"])).ExitCode);
        Assert.EndsWith(
            "exists already; the name of a folder to create was expected.",
            Ilzo.Run("import", temp["m.gguf"], "--out", temp["model"]).Refusal(2), StringComparison.Ordinal);
        Assert.Equal(
            $"'{temp["none"]}' does not exist; a GGUF file was expected.",
            Ilzo.Run("import", temp["none"], "--out", temp["other"]).Refusal(2));
    }

    // Values are written as they are, queries and keys in another order.
    [Fact]
    public void Factors_of_a_run_are_merged()
    {
        using var temp = new TempFolder();
        Train(temp, TestData.Stories, "--adapter", "lora");
        Assert.NotEmpty(Ilzo.Run("export", "--run", temp["run"], "--merge", "--out", temp["merged"]).Success);
        Assert.NotEmpty(Ilzo.Run("export", "--run", temp["run"], "--gguf", "f32", "--out", temp["m.gguf"]).Success);
        byte[] file = File.ReadAllBytes(temp["m.gguf"]);
        Assert.True(file.AsSpan().IndexOf(Values(temp["merged"])) > 0);
        Assert.Equal(-1, file.AsSpan().IndexOf(Values(TestData.Stories)));
    }

    [Fact]
    public void What_cannot_be_written_is_refused_and_leaves_nothing()
    {
        using var temp = new TempFolder();
        Train(temp, "builtin");
        string Refused(params string[] flags) => Ilzo.Run(["export", "--run", temp["run"], .. flags]).Refusal(2);
        Assert.Contains(
            "--gguf is 'q5'; f32, f16 or q8_0 was expected", Refused("--gguf", "q5", "--out", temp["m.gguf"]), StringComparison.Ordinal);
        Assert.Contains("is a OPTForCausalLM, which", Refused("--gguf", "f16", "--out", temp["m.gguf"]), StringComparison.Ordinal);
        Assert.Contains(
            "a file in an existing folder", Refused("--gguf", "f16", "--out", temp["none", "m.gguf"]), StringComparison.Ordinal);
        Assert.False(File.Exists(temp["m.gguf"]));
    }

    private static byte[] Values(string folder)
    {
        using var file = SafetensorsFile.Open(Path.Combine(folder, "model.safetensors"));
        return Bytes(file.Tensors.Single(t => t.Name == "model.layers.2.self_attn.v_proj.weight"));
    }

    private static unsafe byte[] Bytes(TensorEntry tensor) =>
        new Span<byte>(tensor.Data, checked((int)tensor.Shape.Aggregate(4L, (a, b) => a * b))).ToArray();

    private static void Train(TempFolder temp, string model, params string[] flags)
    {
        File.WriteAllLines(temp["rows.jsonl"], Enumerable.Range(0, 6).Select(i => $$"""{"text": "The cat sat on mat {{i}}."}"""));
        if (Directory.Exists(temp["run"]))
        {
            Directory.Delete(temp["run"], recursive: true);
        }

        Assert.NotEmpty(Ilzo.Run(
        [
            "train", "--model", model, "--data", temp["rows.jsonl"], "--dev-size", "0", "--test-size", "0", "--steps", "2", "--allow-worse",
            "--run", temp["run"], .. flags,
        ]).Success);
    }
}
