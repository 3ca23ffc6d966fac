using System.Text;
using System.Text.Json;

namespace IlZo.Cli.Tests;

/// <summary>The commands on a GPT-2 whose tokens are bytes: weights stored [in, out], no token in front of a text.</summary>
public sealed class Gpt2Tests
{
    [Fact]
    public void InspectNamesTheArchitecture()
    {
        using var temp = new TempFolder();
        var model = Ilzo.Run("inspect", Model(temp), "--json").Json;
        Assert.Equal("GPT2LMHeadModel", model.GetProperty("architecture").GetString());
        Assert.Equal(125_376, model.GetProperty("parameters").GetInt64());
        Assert.Contains("\ngpt2 ", Ilzo.Run("ls", "models").Success, StringComparison.Ordinal);
    }

    [Fact]
    public void TheFirstGeneratedTokenIsTheLikeliestOne()
    {
        using var temp = new TempFolder();
        string model = Model(temp);
        var ids = Ilzo.Run("generate", "--model", model, "--prompt", "It is", "--max-new-tokens", "12", "--json").Json.GetProperty("ids");
        var likeliest = Ilzo.Run("score", "--model", model, "--text", "It is", "--json").Json.GetProperty("top")[0];
        Assert.Equal(12, ids.GetArrayLength());
        Assert.Equal(likeliest.GetProperty("id").GetInt32(), ids[0].GetInt32());
    }

    [Fact]
    public void ARunTrainsReplaysAndExports()
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

    private static double Score(string model) =>
        Ilzo.Run("score", "--model", model, "--text", "It is a good film", "--json").Json.GetProperty("nll").GetDouble();

    private static string Model(TempFolder temp)
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
