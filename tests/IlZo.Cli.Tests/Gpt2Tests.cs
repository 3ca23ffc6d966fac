using System.Text;
using System.Text.Json;
using IlZo.Checkpoints;

namespace IlZo.Cli.Tests;

/// <summary>The commands on a GPT-2 whose tokens are bytes: weights stored [in, out], no token in front of a text.</summary>
public sealed class Gpt2Tests
{
    [Fact]
    public void Inspect_names_the_architecture()
    {
        using var temp = new TempFolder();
        var model = Ilzo.Run("inspect", Model(temp), "--json").Json;
        Assert.Equal("GPT2LMHeadModel", model.GetProperty("architecture").GetString());
        Assert.Equal(125_376, model.GetProperty("parameters").GetInt64());
        Assert.Contains("\ngpt2 ", Ilzo.Run("ls", "models").Success, StringComparison.Ordinal);
    }

    [Fact]
    public void The_first_generated_token_is_the_likeliest_one()
    {
        using var temp = new TempFolder();
        string model = Model(temp);
        var ids = Ilzo.Run("generate", "--model", model, "--prompt", "It is", "--max-new-tokens", "12", "--json").Json.GetProperty("ids");
        var likeliest = Ilzo.Run("score", "--model", model, "--text", "It is", "--json").Json.GetProperty("top")[0];
        Assert.Equal(12, ids.GetArrayLength());
        Assert.Equal(likeliest.GetProperty("id").GetInt32(), ids[0].GetInt32());
    }

    [Fact]
    public void A_run_trains_replays_and_exports()
    {
        using var temp = new TempFolder();
        string model = Model(temp);
        string run = temp["run"];
        var trained = TinyRun.Train(run, 40, "--model", model, "--eval-every", "20");
        Assert.Equal(TinyRun.Sha(trained), TinyRun.Sha(Ilzo.Run("replay", "--run", run, "--json").Json));
        Assert.NotEmpty(Ilzo.Run("export", "--run", run, "--out", temp["exported"]).Success);
        double before = Score(model);
        double after = Score(temp["exported"]);
        Assert.NotEqual(before, after);
        Assert.True(double.IsFinite(after));
        Assert.Equal(Score(Path.Combine(run, "checkpoint")), after);
        using var config = JsonDocument.Parse(File.ReadAllText(Path.Combine(temp["exported"], "config.json")));
        Assert.Equal("gpt2", config.RootElement.GetProperty("model_type").GetString());
    }

    [Fact]
    public void Weight_decay_leaves_norms_and_biases_as_they_are()
    {
        using var temp = new TempFolder();
        string model = Model(temp);

        // The first step's losses are of the same weights, so the runs differ by the decay alone.
        using var plain = OneStep("0");
        using var decayed = OneStep("0.5");
        string[] differ =
            [.. plain.Tensors.Zip(decayed.Tensors).Where(p => !Bytes(p.First).SequenceEqual(Bytes(p.Second))).Select(p => p.First.Name)];
        Assert.Equal(
            plain.Tensors.Select(t => t.Name)
                .Where(n => n.EndsWith(".weight", StringComparison.Ordinal) && !n.Contains(".ln_", StringComparison.Ordinal)), differ);
        Assert.Equal(10, differ.Length);

        SafetensorsFile OneStep(string decay)
        {
            TinyRun.Train(temp["run" + decay], 1, "--model", model, "--weight-decay", decay, "--dev-size", "0");
            Assert.NotEmpty(Ilzo.Run("replay", "--run", temp["run" + decay], "--out", temp["out" + decay]).Success);
            return SafetensorsFile.Open(temp["out" + decay, "model.safetensors"]);
        }

        static unsafe ReadOnlySpan<byte> Bytes(TensorEntry t) => new(t.Data, (int)t.ByteCount);
    }

    [Fact]
    public void DiZO_projects_the_one_layer_of_queries_keys_and_values()
    {
        using var temp = new TempFolder();
        var trained = TinyRun.Train(
            temp["run"], 6, "--model", Model(temp), "--optimizer", "dizo", "--opt", "interval=3,inner=2", "--eps", "1e-2");
        Assert.Equal(TinyRun.Sha(trained), TinyRun.Sha(Ilzo.Run("replay", "--run", temp["run"], "--json").Json));
    }

    [Fact]
    public void Roles_choose_what_is_trained()
    {
        using var temp = new TempFolder();
        string model = Model(temp);
        Assert.Equal(320 + 320, Trained("role:norm"));
        Assert.Equal(320 + 384 + 128 + 512 + 128, Trained("role:bias"));
        Assert.Equal(24_576 + 384, Trained("role:query"));
        Assert.Equal(21_184 + 4096 + 8192 + 128, Trained("role:embedding,*attn.c_proj*"));
        var lora = Ilzo.Run("inspect", model, "--adapter", "lora", "--targets", "role:mlp-up", "--json").Json;
        Assert.Equal(2 * 8 * (64 + 256), lora.GetProperty("trained_parameters").GetInt64());
        Assert.Contains(
            "--freeze has 'role:head', which is the role of no tensor; role: and one of embedding, attention, mlp,",
            Ilzo.Run("train", "--model", model, "--freeze", "role:head", "--run", temp["run"]).Refusal(2),
            StringComparison.Ordinal);

        long Trained(string roles) =>
            Ilzo.Run("inspect", model, "--train-only", roles, "--json").Json.GetProperty("trained_parameters").GetInt64();
    }

    [Fact]
    public void Inspect_counts_the_weights_of_each_role()
    {
        using var temp = new TempFolder();
        string model = Model(temp);
        var roles = Ilzo.Run("inspect", model, "--json").Json.GetProperty("roles");
        Assert.Equal(
            ["token-embedding", "position-embedding", "query-key-value", "attention-output", "mlp-up", "mlp-down", "norm"],
            roles.EnumerateObject().Select(p => p.Name));
        Assert.Equal(24_576, roles.GetProperty("query-key-value").GetProperty("weight").GetInt64());
        Assert.Equal(384, roles.GetProperty("query-key-value").GetProperty("bias").GetInt64());
        Assert.Equal(125_376, roles.EnumerateObject().Sum(part => part.Value.EnumerateObject().Sum(kind => kind.Value.GetInt64())));
        string text = Ilzo.Run("inspect", model, "--adapter", "lora").Success;
        Assert.Matches(@"\n  query-key-value +24,576 \+ 384 bias \+ 1,024 lora-a \+ 3,072 lora-b\n", text);
        Assert.Matches(@"\n  norm +320 \+ 320 bias\n", text);
    }

    private static double Score(string model) =>
        Ilzo.Run("score", "--model", model, "--text", "It is a good film", "--json").Json.GetProperty("nll").GetDouble();

    internal static string Model(TempFolder temp)
    {
        string folder = temp.Copy(TestData.Fixture("gpt2-tiny"), "model");
        File.Delete(Path.Combine(folder, "expected.safetensors"));

        // GPT-2's spelling of bytes: visible ones as they are, the others from U+0100 on.
        var vocabulary = new Dictionary<string, int>();
        for (int value = 0, hidden = 0; value < 256; value++)
        {
            bool visible = value is >= 33 and <= 126 or >= 161 and <= 172 or >= 174;
            vocabulary[((char)(visible ? value : 256 + hidden++)).ToString()] = value;
        }

        vocabulary["<|endoftext|>"] = 330;
        File.WriteAllText(Path.Combine(folder, "vocab.json"), JsonSerializer.Serialize(vocabulary), Encoding.UTF8);
        File.WriteAllText(Path.Combine(folder, "merges.txt"), "#version: 0.2\n");
        return folder;
    }
}
