using System.Text.Json;
using IlZo.Checkpoints;
using IlZo.Tensors;
using Xunit;

namespace IlZo.Core.Tests.Checkpoints;

public sealed unsafe class CheckpointSaveTests : IDisposable
{
    private static readonly string Sharded = TestData.Path("fixtures", "forward", "llama-gqa-sharded");
    private readonly TempFolder _temp = new();
    private readonly List<IDisposable> _memory = [];

    public void Dispose()
    {
        _memory.ForEach(m => m.Dispose());
        _temp.Dispose();
    }

    [Theory]
    [InlineData("llama-gqa-sharded")]
    [InlineData("opt-tiny-bf16")]
    [InlineData("gpt2-tiny-hubnames-fp16")]
    public void Saving_unchanged_weights_gives_the_same_files(string fixture)
    {
        string folder = TestData.Path("fixtures", "forward", fixture);
        using var checkpoint = CheckpointFolder.Open(folder);

        checkpoint.Save(_temp["out"], Parameters(checkpoint, null));

        foreach (string name in checkpoint.Shards.Select(s => s.FileName).Append("config.json"))
        {
            Assert.Equal(File.ReadAllBytes(Path.Combine(folder, name)), File.ReadAllBytes(_temp["out", name]));
        }

        using var saved = CheckpointFolder.Open(_temp["out"]);
        Assert.Equal(checkpoint.Tensors.Keys, saved.Tensors.Keys);
        Assert.Equal(["out"], Entries(_temp.Path));
    }

    [Theory]
    [InlineData(DType.F16, "float16")]
    [InlineData(DType.BF16, "bfloat16")]
    public void Saving_another_type_changes_the_config_and_the_total_size_only(DType type, string torchName)
    {
        using var checkpoint = CheckpointFolder.Open(Sharded);
        var parameters = Parameters(checkpoint, type);

        checkpoint.Save(_temp["out"], parameters);

        using var saved = CheckpointFolder.Open(_temp["out"]);
        Assert.All(saved.Tensors, pair => Assert.Equal(Raw.Bytes(parameters[pair.Key]), Raw.Bytes(pair.Value)));
        Assert.All(saved.Shards, s => Assert.Equal("pt", s.File.Metadata["format"]));
        Assert.Equal(checkpoint.ConfigJson.EnumerateObject().Select(p => p.Name), saved.ConfigJson.EnumerateObject().Select(p => p.Name));
        foreach (var property in checkpoint.ConfigJson.EnumerateObject())
        {
            string expected = property.Name == "torch_dtype" ? $"\"{torchName}\"" : property.Value.GetRawText();
            Assert.Equal(JsonDocument.Parse(expected).RootElement.ToString(), saved.ConfigJson.GetProperty(property.Name).ToString());
        }

        using var before = JsonDocument.Parse(checkpoint.ReadFile("model.safetensors.index.json")!);
        using var after = JsonDocument.Parse(saved.ReadFile("model.safetensors.index.json")!);
        Assert.Equal(
            before.RootElement.GetProperty("metadata").GetProperty("total_size").GetInt64() / 2,
            after.RootElement.GetProperty("metadata").GetProperty("total_size").GetInt64());
        Assert.True(JsonElement.DeepEquals(before.RootElement.GetProperty("weight_map"), after.RootElement.GetProperty("weight_map")));
    }

    [Fact]
    public void Tied_duplicates_come_from_the_parameter_and_buffers_stay()
    {
        WriteModel("src", """{"dtype":"float32","rate":1e-05,"model_type":"x"}""", ("embed", [1, 2]), ("head", [1, 2]), ("mask", [7, 8]));
        using var checkpoint = CheckpointFolder.Open(_temp["src"]);
        var parameter = WeightLoader.ToParameter(checkpoint.Tensors["embed"], DType.BF16, _memory);
        *(ushort*)parameter.Data = 0x4040;

        checkpoint.Save(_temp["out"], new Dictionary<string, Parameter> { ["embed"] = parameter, ["head"] = parameter });

        using var saved = CheckpointFolder.Open(_temp["out"]);
        Assert.Equal(["embed", "head", "mask"], saved.Shards[0].File.Tensors.Select(t => t.Name));
        Assert.Equal([0x40, 0x40, 0x00, 0x40], Raw.Bytes(saved.Tensors["embed"]));
        Assert.Equal([0x40, 0x40, 0x00, 0x40], Raw.Bytes(saved.Tensors["head"]));
        Assert.Equal(Raw.Bytes(checkpoint.Tensors["mask"]), Raw.Bytes(saved.Tensors["mask"]));
        Assert.Equal("{\"dtype\":\"bfloat16\",\"rate\":1e-05,\"model_type\":\"x\"}", string.Concat(
            File.ReadAllText(_temp["out", "config.json"]).Where(c => !char.IsWhiteSpace(c))));
    }

    [Fact]
    public void A_config_without_a_type_gets_one()
    {
        WriteModel("src", "{}", ("w", [1]));
        using var checkpoint = CheckpointFolder.Open(_temp["src"]);

        checkpoint.Save(_temp["out"], Parameters(checkpoint, null));

        Assert.Equal(
            "float32",
            JsonDocument.Parse(File.ReadAllBytes(_temp["out", "config.json"])).RootElement.GetProperty("torch_dtype").GetString());
    }

    [Fact]
    public void Copies_the_files_of_tokenizer_and_generation_and_writes_extra_files()
    {
        WriteModel("src", "{}", ("w", [1]));
        string[] copied =
        [
            "tokenizer.json", "tokenizer.model", "tokenizer_config.json", "special_tokens_map.json", "vocab.json", "merges.txt",
            "added_tokens.json", "generation_config.json", "chat_template.jinja",
        ];
        foreach (string name in copied.Append("README.md"))
        {
            File.WriteAllText(_temp["src", name], "content of " + name);
        }

        using var checkpoint = CheckpointFolder.Open(_temp["src"]);
        checkpoint.Save(_temp["out"], Parameters(checkpoint, null), new Dictionary<string, byte[]> { ["origin.json"] = [1, 2] });

        Assert.Equal([.. copied.Concat(["config.json", "model.safetensors", "origin.json"]).Order()], Entries(_temp["out"]));
        Assert.All(copied, name => Assert.Equal("content of " + name, File.ReadAllText(_temp["out", name])));
        Assert.Equal([1, 2], File.ReadAllBytes(_temp["out", "origin.json"]));
    }

    [Fact]
    public void Replaces_an_older_save_even_the_source_itself()
    {
        WriteModel("m", "{}", ("w", [1, 2]));
        File.WriteAllText(_temp["m", "tokenizer.json"], "{}");
        using var checkpoint = CheckpointFolder.Open(_temp["m"]);
        for (float value = 5; value < 8; value++)
        {
            *(float*)checkpoint.Tensors["w"].Data = value;
            checkpoint.Save(_temp["m"] + Path.DirectorySeparatorChar, Parameters(checkpoint, null));

            using var saved = CheckpointFolder.Open(_temp["m"]);
            Assert.Equal(value, *(float*)saved.Tensors["w"].Data);
            Assert.Equal("{}", File.ReadAllText(_temp["m", "tokenizer.json"]));
            Assert.Equal(["m"], Entries(_temp.Path));
        }
    }

    [Fact]
    public void Creates_missing_parents_and_accepts_an_empty_folder()
    {
        WriteModel("src", "{}", ("w", [1]));
        Directory.CreateDirectory(_temp["a", "empty"]);
        using var checkpoint = CheckpointFolder.Open(_temp["src"]);

        checkpoint.Save(_temp["a", "b", "c"], Parameters(checkpoint, null));
        checkpoint.Save(_temp["a", "empty"], Parameters(checkpoint, null));

        Assert.Equal(["config.json", "model.safetensors"], Entries(_temp["a", "b", "c"]));
        Assert.Equal(["config.json", "model.safetensors"], Entries(_temp["a", "empty"]));
    }

    [Theory]
    [InlineData("notes.txt", null, "has no config.json")]
    [InlineData("config.json", "notes.txt", "'notes.txt', which would be lost")]
    [InlineData("config.json", "adapter.safetensors", "'adapter.safetensors', which would be lost")]
    public void Refuses_to_replace_what_it_did_not_write(string first, string? second, string words)
    {
        WriteModel("src", "{}", ("w", [1]));
        Directory.CreateDirectory(_temp["out"]);
        foreach (string? name in new[] { first, second }.Where(n => n != null))
        {
            File.WriteAllText(_temp["out", name!], "{}");
        }

        using var checkpoint = CheckpointFolder.Open(_temp["src"]);
        var error = Assert.Throws<InvalidInputException>(() => checkpoint.Save(_temp["out"], Parameters(checkpoint, null)));

        Assert.Contains(words, error.Message, StringComparison.Ordinal);
        Assert.Equal(["out", "src"], Entries(_temp.Path));
        Assert.True(File.Exists(_temp["out", first]));
    }

    [Fact]
    public void Refuses_a_file_and_a_root_as_target()
    {
        WriteModel("src", "{}", ("w", [1]));
        File.WriteAllText(_temp["file"], "x");
        using var checkpoint = CheckpointFolder.Open(_temp["src"]);

        Assert.Throws<InvalidInputException>(() => checkpoint.Save(_temp["file"], Parameters(checkpoint, null)));
        Assert.Throws<InvalidInputException>(() => checkpoint.Save(Path.GetPathRoot(_temp.Path)!, Parameters(checkpoint, null)));
        Assert.ThrowsAny<IOException>(() => checkpoint.Save(_temp["file", "below"], Parameters(checkpoint, null)));
        Assert.Equal("x", File.ReadAllText(_temp["file"]));
    }

    [Fact]
    public void A_failing_save_leaves_the_old_one_and_nothing_else()
    {
        WriteModel("src", "{}", ("w", [1]));
        using var checkpoint = CheckpointFolder.Open(_temp["src"]);
        checkpoint.Save(_temp["out"], Parameters(checkpoint, null));
        byte[] before = File.ReadAllBytes(_temp["out", "model.safetensors"]);
        *(float*)checkpoint.Tensors["w"].Data = 9;

        // The last file to be written goes into a folder that does not exist.
        var extra = new Dictionary<string, byte[]> { [Path.Combine("no", "folder")] = [] };
        Assert.ThrowsAny<IOException>(() => checkpoint.Save(_temp["out"], Parameters(checkpoint, null), extra));

        Assert.Equal(before, File.ReadAllBytes(_temp["out", "model.safetensors"]));
        Assert.Equal(["out", "src"], Entries(_temp.Path));
    }

    [Fact]
    public void Cleans_up_after_a_crash()
    {
        WriteModel("src", "{}", ("w", [1]));
        using var checkpoint = CheckpointFolder.Open(_temp["src"]);
        string id = new('a', 32);

        // While the new folder was written; other folders with such names are not touched.
        Directory.CreateDirectory(_temp[$".out.tmp-{id}", "sub"]);
        Directory.CreateDirectory(_temp[".out.tmp-mine"]);
        checkpoint.Save(_temp["out"], Parameters(checkpoint, null));
        Assert.Equal([".out.tmp-mine", "out", "src"], Entries(_temp.Path));

        // Before the old folder was deleted.
        Directory.CreateDirectory(_temp[$".out.old-{id}"]);
        checkpoint.Save(_temp["out"], Parameters(checkpoint, null));
        Assert.Equal([".out.tmp-mine", "out", "src"], Entries(_temp.Path));

        // Between the two renames, and then the next save fails: the old folder is back.
        Directory.Move(_temp["out"], _temp[$".out.old-{id}"]);
        Directory.CreateDirectory(_temp[$".out.tmp-{id}"]);
        var extra = new Dictionary<string, byte[]> { [Path.Combine("no", "folder")] = [] };
        Assert.ThrowsAny<IOException>(() => checkpoint.Save(_temp["out"], Parameters(checkpoint, null), extra));
        Assert.Equal([".out.tmp-mine", "out", "src"], Entries(_temp.Path));
        Assert.Equal(["config.json", "model.safetensors"], Entries(_temp["out"]));
    }

    [Fact]
    public void Refuses_parameters_that_do_not_fit_the_stored_tensors()
    {
        WriteModel("src", "{}", ("w", [1]), ("v", [1, 2]));
        using var checkpoint = CheckpointFolder.Open(_temp["src"]);
        var w = WeightLoader.ToParameter(checkpoint.Tensors["w"], DType.F32, _memory);

        Assert.Throws<ArgumentException>(() => checkpoint.Save(_temp["out"], new Dictionary<string, Parameter> { ["v"] = w }));
        Assert.Throws<ArgumentException>(() => checkpoint.Save(_temp["out"], new Dictionary<string, Parameter> { ["x"] = w }));
        Assert.False(Directory.Exists(_temp["out"]));
    }

    private static string[] Entries(string folder) =>
        [.. Directory.EnumerateFileSystemEntries(folder).Select(e => Path.GetFileName(e)).Order()];

    /// <summary>All floating-point tensors of one or two dimensions as parameters, of their own type when it is null.</summary>
    private Dictionary<string, Parameter> Parameters(CheckpointFolder checkpoint, DType? type)
    {
        var result = new Dictionary<string, Parameter>();
        foreach (var tensor in checkpoint.Tensors.Values.Where(t => t.Shape.Count is 1 or 2))
        {
            Assert.True(StoredType.TryGetDType(tensor.Type, out var stored));
            result.Add(tensor.Name, WeightLoader.ToParameter(tensor, type ?? stored, _memory));
        }

        return result;
    }

    private void WriteModel(string folder, string config, params (string Name, float[] Values)[] tensors)
    {
        Directory.CreateDirectory(_temp[folder]);
        File.WriteAllText(_temp[folder, "config.json"], config);
        SafetensorsWriter.Write(
            _temp[folder, "model.safetensors"], [.. tensors.Select(t => Raw.Floats(t.Name, [t.Values.Length], t.Values, _memory))]);
    }
}
