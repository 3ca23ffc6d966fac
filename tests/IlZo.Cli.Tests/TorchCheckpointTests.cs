using IlZo.Checkpoints;
using IlZo.Core.Tests.Checkpoints;
using IlZo.Fuzz.Targets;

namespace IlZo.Cli.Tests;

/// <summary>Models that have nothing but pytorch_model.bin.</summary>
public sealed class TorchCheckpointTests
{
    [Fact]
    public void A_run_on_PyTorch_model_bin_is_that_on_its_safetensors()
    {
        using var temp = new TempFolder();
        string model = Convert(temp);
        var expected = TinyRun.Train(temp["safe"], 3);
        var result = TinyRun.Train(temp["run"], 3, "--model", model);
        Assert.Equal(TinyRun.Sha(expected), TinyRun.Sha(result));
        Assert.Equal(TinyRun.Sha(expected), TinyRun.Sha(Ilzo.Run("replay", "--run", temp["run"], "--json").Json));
        _ = Ilzo.Run("export", "--run", temp["run"], "--out", temp["out"]).Success;
        Assert.True(File.Exists(temp["out", "model.safetensors"]));
        Assert.False(File.Exists(temp["out", "pytorch_model.bin"]));
        Assert.Equal(
            Ilzo.Run("score", "--model", temp["safe"], "--text", "Once upon a time").Success,
            Ilzo.Run("score", "--model", temp["out"], "--text", "Once upon a time").Success);
    }

    [Fact]
    public void Inspect_names_the_file_and_what_is_not_used()
    {
        using var temp = new TempFolder();
        string model = Convert(temp);
        string config = Path.Combine(model, "config.json");
        File.WriteAllText(config, "{\"logit_scale\": 2," + File.ReadAllText(config).TrimStart()[1..]);
        var inspected = Ilzo.Run("inspect", model, "--json").Json;
        Assert.Equal("pytorch_model.bin", Assert.Single(inspected.GetProperty("files").EnumerateArray()).GetString());
        string note = Assert.Single(inspected.GetProperty("notes")
            .EnumerateArray(), n => n.GetString()!.Contains("config.json that nothing reads", StringComparison.Ordinal)).GetString()!;
        Assert.EndsWith("nothing reads: logit_scale", note, StringComparison.Ordinal);
    }

    [Fact]
    public void A_rogue_checkpoint_is_refused_and_nothing_is_executed()
    {
        using var temp = new TempFolder();
        string model = Convert(temp);
        string witness = temp["executed"];
        byte[] pickle = new PickleBuilder().Global("posix", "system").Op('(').Text($"touch {witness}").Op('t').Op('R').End();
        File.WriteAllBytes(Path.Combine(model, "pytorch_model.bin"), TorchArchive.Of(pickle, []));
        string message = Ilzo.Run("inspect", model).Refusal(2);
        Assert.Contains("pytorch_model.bin", message, StringComparison.Ordinal);
        Assert.Contains("posix.system", message, StringComparison.Ordinal);
        Assert.False(File.Exists(witness));
    }

    // The smallest real model with its weights in PyTorch's own format.
    private static unsafe string Convert(TempFolder temp)
    {
        string model = temp.Copy(TestData.Stories, "model");
        string weights = Path.Combine(model, "model.safetensors");
        var pickle = new PickleBuilder().Op('}');
        var storages = new List<byte[]>();
        using (var file = SafetensorsFile.Open(weights))
        {
            foreach (var tensor in file.Tensors)
            {
                long[] strides = [.. tensor.Shape.Select((_, i) => tensor.Shape.Skip(i + 1).Aggregate(1L, (a, b) => a * b))];
                pickle.Text(tensor.Name).Tensor(
                    "FloatStorage", $"{storages.Count}", tensor.ByteCount / sizeof(float), 0, [.. tensor.Shape], strides).Op('s');
                storages.Add(new ReadOnlySpan<byte>(tensor.Data, (int)tensor.ByteCount).ToArray());
            }
        }

        File.Delete(weights);
        File.WriteAllBytes(Path.Combine(model, "pytorch_model.bin"), TorchArchive.Of(pickle.End(), storages));
        return model;
    }
}
