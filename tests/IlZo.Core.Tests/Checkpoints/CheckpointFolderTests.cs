using IlZo.Checkpoints;
using Xunit;

namespace IlZo.Core.Tests.Checkpoints;

public sealed class CheckpointFolderTests : IDisposable
{
    private readonly TempFolder _temp = new();
    private readonly List<IDisposable> _memory = [];

    public void Dispose()
    {
        _memory.ForEach(m => m.Dispose());
        _temp.Dispose();
    }

    public static TheoryData<string> Fixtures() =>
        [.. Directory.EnumerateDirectories(TestData.Path("fixtures", "forward")).Select(f => Path.GetFileName(f))];

    [Theory]
    [MemberData(nameof(Fixtures))]
    public void Opens_every_fixture(string name)
    {
        string folder = TestData.Path("fixtures", "forward", name);
        using var checkpoint = CheckpointFolder.Open(folder);

        Assert.Equal(folder, checkpoint.Folder);
        Assert.Equal(File.ReadAllBytes(Path.Combine(folder, "config.json")), checkpoint.ConfigBytes);
        Assert.NotEmpty(checkpoint.ConfigJson.GetProperty("model_type").GetString()!);
        Assert.Equal(checkpoint.Shards.Sum(s => s.File.Tensors.Count), checkpoint.Tensors.Count);
        Assert.All(checkpoint.Tensors, pair => Assert.Equal(pair.Key, pair.Value.Name));
    }

    [Fact]
    public void A_sharded_checkpoint_has_the_tensors_of_the_single_file()
    {
        using var single = CheckpointFolder.Open(TestData.Path("fixtures", "forward", "llama-gqa"));
        using var sharded = CheckpointFolder.Open(TestData.Path("fixtures", "forward", "llama-gqa-sharded"));

        Assert.Equal(["model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"], sharded.Shards.Select(s => s.FileName));
        Assert.Equal(single.Tensors.Keys.Order(), sharded.Tensors.Keys.Order());
        Assert.All(single.Tensors, pair => Assert.Equal(Raw.Bytes(pair.Value), Raw.Bytes(sharded.Tensors[pair.Key])));
    }

    [Fact]
    public void Opens_out_of_memory_as_from_a_folder()
    {
        string folder = TestData.Path("fixtures", "forward", "llama-gqa-sharded");
        byte[]? Read(string name) => File.Exists(Path.Combine(folder, name)) ? File.ReadAllBytes(Path.Combine(folder, name)) : null;

        using var checkpoint = CheckpointFolder.FromMemory("built-in", Read);
        using var expected = CheckpointFolder.Open(folder);

        Assert.Null(checkpoint.Folder);
        Assert.Equal("built-in", checkpoint.DisplayName);
        Assert.Equal("built-in/model-00001-of-00002.safetensors", checkpoint.Shards[0].File.Path);
        Assert.All(expected.Tensors, pair => Assert.Equal(Raw.Bytes(pair.Value), Raw.Bytes(checkpoint.Tensors[pair.Key])));
        Assert.NotNull(checkpoint.ReadFile("inputs.json"));
        Assert.Null(checkpoint.ReadFile("tokenizer.json"));
        Assert.Contains(
            "'nothing'",
            Assert.Throws<InvalidInputException>(() => CheckpointFolder.FromMemory("nothing", _ => null)).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void The_single_file_counts_when_there_is_an_index_too()
    {
        WriteShards("""{"weight_map":{"a":"1.safetensors","b":"2.safetensors"}}""");
        SafetensorsWriter.Write(_temp["model.safetensors"], [Raw.Floats("only", [1], [1f], _memory)]);

        using var checkpoint = CheckpointFolder.Open(_temp.Path);

        Assert.Equal(["only"], checkpoint.Tensors.Keys);
    }

    // Each row: the index of a folder in which 1.safetensors holds a and 2.safetensors holds b, and words of the message.
    [Theory]
    [InlineData("""{"weight_map":{"a":"1.safetensors"}""", "not valid JSON")]
    [InlineData("[]", "an object was expected")]
    [InlineData("{}", "lacks weight_map")]
    [InlineData("""{"weight_map":[]}""", "lacks weight_map")]
    [InlineData("""{"weight_map":{}}""", "empty weight_map")]
    [InlineData("""{"weight_map":{"a":"1.safetensors","a":"2.safetensors"}}""", "not valid JSON")]
    [InlineData(
        """{"weight_map":{"a":"1.safetensors","b":"2.safetensors","c":"2.safetensors"}}""",
        "lists tensor 'c' in '2.safetensors', which does not hold it")]
    [InlineData("""{"weight_map":{"a":"1.safetensors","c":"2.safetensors"}}""", "holds tensor 'b'")]
    [InlineData("""{"weight_map":{"a":"2.safetensors","b":"1.safetensors"}}""", "belongs in '2.safetensors'")]
    [InlineData("""{"weight_map":{"a":"1.safetensors","b":"2.safetensors","c":"3.safetensors"}}""", "3.safetensors' does not exist")]
    [InlineData("""{"weight_map":{"a":"1.safetensors","b":"../2.safetensors"}}""", "'../2.safetensors'; the name of a .safetensors file")]
    [InlineData("""{"weight_map":{"a":"1.safetensors","b":"/2.safetensors"}}""", "the name of a .safetensors file")]
    [InlineData("""{"weight_map":{"a":"1.safetensors","b":"..\\2.safetensors"}}""", "the name of a .safetensors file")]
    [InlineData("""{"weight_map":{"a":"1.safetensors","b":"c:2.safetensors"}}""", "the name of a .safetensors file")]
    [InlineData("""{"weight_map":{"a":"1.safetensors","b":"config.json"}}""", "the name of a .safetensors file")]
    [InlineData("""{"weight_map":{"a":"1.safetensors","b":".."}}""", "the name of a .safetensors file")]
    [InlineData("""{"weight_map":{"a":"1.safetensors","b":""}}""", "the name of a .safetensors file")]
    [InlineData("""{"weight_map":{"a":"1.safetensors","b":2}}""", "the name of a .safetensors file")]
    [InlineData("""{"weight_map":{"a":"1.safetensors","b":"\u0000.safetensors"}}""", "the name of a .safetensors file")]
    [InlineData("""{"weight_map":{"a":"1.safetensors","b":"\ud800.safetensors"}}""", "not valid JSON")]
    [InlineData("""{"weight_map":{"a":"1.safetensors","\ud800":"2.safetensors"}}""", "not valid JSON")]
    public void Refuses_an_index_that_does_not_fit(string index, string words)
    {
        WriteShards(index);

        var error = Assert.Throws<InvalidInputException>(() => CheckpointFolder.Open(_temp.Path));

        Assert.Contains(words, error.Message, StringComparison.Ordinal);
        Assert.Contains(_temp.Path, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Refuses_a_tensor_that_two_files_hold()
    {
        WriteShards("""{"weight_map":{"a":"1.safetensors","b":"2.safetensors"}}""");
        SafetensorsWriter.Write(_temp["2.safetensors"], [Raw.Floats("b", [1], [1f], _memory), Raw.Floats("a", [1], [1f], _memory)]);

        var error = Assert.Throws<InvalidInputException>(() => CheckpointFolder.Open(_temp.Path));

        Assert.Contains("2.safetensors' holds tensor 'a', which belongs in '1.safetensors'", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("[1]")]
    [InlineData("")]
    [InlineData("{\"a\":1,\"a\":2}")]
    [InlineData("{\"a\":NaN}")]
    [InlineData("{\"a\":\"\\ud800\"}")]
    public void Refuses_a_config_that_is_no_object(string config)
    {
        WriteShards("""{"weight_map":{"a":"1.safetensors","b":"2.safetensors"}}""");
        File.WriteAllText(_temp["config.json"], config);

        Assert.Contains(
            "config.json'",
            Assert.Throws<InvalidInputException>(() => CheckpointFolder.Open(_temp.Path)).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void Refuses_a_config_that_is_not_utf8()
    {
        File.WriteAllBytes(_temp["config.json"], [(byte)'{', (byte)'"', 0xff, (byte)'"', (byte)':', (byte)'1', (byte)'}']);

        Assert.Contains(
            "UTF-8", Assert.Throws<InvalidInputException>(() => CheckpointFolder.Open(_temp.Path)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Says_what_a_folder_lacks()
    {
        Assert.Contains("not an existing folder", Message(_temp["none"]), StringComparison.Ordinal);
        Assert.Contains("has no config.json", Message(_temp.Path), StringComparison.Ordinal);
        File.WriteAllText(_temp["config.json"], "{}");
        Assert.Contains("has no weights", Message(_temp.Path), StringComparison.Ordinal);
        File.WriteAllText(_temp["ggml.gguf"], "GGUF");
        Assert.Contains("'ggml.gguf' is a GGUF file of llama.cpp", Message(_temp.Path), StringComparison.Ordinal);
        File.WriteAllText(_temp["pytorch_model.bin"], "");
        Assert.Contains("pytorch_model.bin' is empty", Message(_temp.Path), StringComparison.Ordinal);

        static string Message(string folder) => Assert.Throws<InvalidInputException>(() => CheckpointFolder.Open(folder)).Message;
    }

    private void WriteShards(string index)
    {
        File.WriteAllText(_temp["config.json"], "{}");
        File.WriteAllText(_temp["model.safetensors.index.json"], index);
        SafetensorsWriter.Write(_temp["1.safetensors"], [Raw.Floats("a", [1], [1f], _memory)]);
        SafetensorsWriter.Write(_temp["2.safetensors"], [Raw.Floats("b", [1], [2f], _memory)]);
    }
}
