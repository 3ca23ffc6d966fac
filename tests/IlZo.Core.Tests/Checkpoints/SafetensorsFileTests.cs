using IlZo.Checkpoints;
using IlZo.Tensors;
using Xunit;

namespace IlZo.Core.Tests.Checkpoints;

public sealed unsafe class SafetensorsFileTests : IDisposable
{
    private readonly TempFolder _temp = new();
    private readonly List<IDisposable> _memory = [];

    public void Dispose()
    {
        _memory.ForEach(m => m.Dispose());
        _temp.Dispose();
    }

    public static TheoryData<string> Fixtures() =>
        [.. Directory.EnumerateFiles(TestData.Path(), "*.safetensors", SearchOption.AllDirectories).Select(
            f => Path.GetRelativePath(TestData.Path(), f))];

    [Theory]
    [MemberData(nameof(Fixtures))]
    public void Writing_what_was_read_gives_the_same_bytes(string relative)
    {
        string path = TestData.Path(relative);
        using var file = SafetensorsFile.Open(path);

        SafetensorsWriter.Write(_temp["copy.safetensors"], file.Tensors, file.Metadata.Count > 0 ? file.Metadata : null);

        Assert.Equal(File.ReadAllBytes(path), File.ReadAllBytes(_temp["copy.safetensors"]));
    }

    [Fact]
    public void Writes_header_and_data_as_documented()
    {
        var tensor = Raw.Tensor("w", "I16", [1, 2], [1, 2, 3, 4], _memory);

        SafetensorsWriter.Write(_temp["x"], [tensor]);

        const string header = """{"w":{"dtype":"I16","shape":[1,2],"data_offsets":[0,4]}}""";
        byte[] expected = [.. Raw.File(header.PadRight((header.Length + 7) / 8 * 8)), 1, 2, 3, 4];
        Assert.Equal(expected, File.ReadAllBytes(_temp["x"]));
        Assert.Equal(0, (expected.Length - 4) % 8);
    }

    [Fact]
    public void Round_trips_types_shapes_names_and_metadata()
    {
        var random = new Random(1);
        var tensors = new List<TensorEntry>();
        foreach (string type in new[] { "F32", "F16", "BF16", "I64", "BOOL" })
        {
            byte[] bytes = new byte[3 * 5 * StoredType.Bits(type) / 8];
            random.NextBytes(bytes);
            tensors.Add(Raw.Tensor($"häβ \"{type}\"\\", type, [3, 5], bytes, _memory));
        }

        tensors.Add(Raw.Tensor("scalar", "F64", [], [1, 2, 3, 4, 5, 6, 7, 8], _memory));
        tensors.Add(Raw.Tensor("empty", "F32", [0, 4], [], _memory));
        SafetensorsWriter.Write(_temp["x"], tensors, new Dictionary<string, string> { ["format"] = "pt", ["\"é"] = "\n" });

        using var file = SafetensorsFile.Open(_temp["x"]);

        Assert.Equal(tensors.Select(t => (t.Name, t.Type)), file.Tensors.Select(t => (t.Name, t.Type)));
        Assert.All(tensors.Zip(file.Tensors), pair => Assert.Equal(pair.First.Shape, pair.Second.Shape));
        Assert.All(tensors.Zip(file.Tensors), pair => Assert.Equal(Raw.Bytes(pair.First), Raw.Bytes(pair.Second)));
        Assert.Equal(new Dictionary<string, string> { ["format"] = "pt", ["\"é"] = "\n" }, file.Metadata);
    }

    [Fact]
    public void Writing_to_a_tensor_leaves_the_file_unchanged()
    {
        string path = _temp["model.safetensors"];
        File.Copy(TestData.Path("fixtures", "forward", "opt-tiny", "model.safetensors"), path);
        File.SetAttributes(path, FileAttributes.ReadOnly);
        byte[] before = File.ReadAllBytes(path);

        using (var file = SafetensorsFile.Open(path))
        {
            foreach (var tensor in file.Tensors)
            {
                new Span<byte>(tensor.Data, (int)tensor.ByteCount).Fill(0x5a);
            }

            Assert.All(Raw.Bytes(file.Tensors[^1]), b => Assert.Equal(0x5a, b));
            using var second = SafetensorsFile.Open(path);
            Assert.NotEqual(Raw.Bytes(file.Tensors[0]), Raw.Bytes(second.Tensors[0]));
        }

        Assert.Equal(before, File.ReadAllBytes(path));
        File.SetAttributes(path, FileAttributes.Normal);
    }

    [Fact]
    public void A_file_can_be_replaced_while_it_is_open()
    {
        string path = _temp["x"];
        SafetensorsWriter.Write(path, [Raw.Floats("w", [1], [1f], _memory)]);
        using var old = SafetensorsFile.Open(path);

        SafetensorsWriter.Write(path, [Raw.Floats("w", [1], [2f], _memory)]);

        using var fresh = SafetensorsFile.Open(path);
        Assert.Equal(1f, *(float*)old.Tensors[0].Data);
        Assert.Equal(2f, *(float*)fresh.Tensors[0].Data);
    }

    [Fact]
    public void Names_what_cannot_be_opened()
    {
        Assert.Contains(
            "does not exist",
            Assert.Throws<InvalidInputException>(() => SafetensorsFile.Open(_temp["none"])).Message,
            StringComparison.Ordinal);
        Assert.Contains(
            "does not exist",
            Assert.Throws<InvalidInputException>(() => SafetensorsFile.Open(_temp["no", "file"])).Message,
            StringComparison.Ordinal);
        Assert.Contains(
            "a folder", Assert.Throws<InvalidInputException>(() => SafetensorsFile.Open(_temp.Path)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Refuses_to_write_a_name_twice()
    {
        var tensor = Raw.Floats("w", [1], [1f], _memory);
        var reserved = Raw.Floats("__metadata__", [1], [1f], _memory);

        Assert.Throws<ArgumentException>(() => SafetensorsWriter.Write(_temp["x"], [tensor, tensor]));
        Assert.Throws<ArgumentException>(() => SafetensorsWriter.Write(_temp["x"], [reserved]));
        Assert.Empty(Directory.EnumerateFileSystemEntries(_temp.Path));
    }

    [Fact]
    public void Failed_writes_leave_the_target_and_no_temporary_file()
    {
        File.WriteAllText(_temp["target"], "old");
        Directory.CreateDirectory(_temp["folder"]);

        Assert.Throws<IOException>(() => AtomicFile.Write(_temp["target"], stream =>
        {
            stream.WriteByte(1);
            throw new IOException("full");
        }));
        Assert.ThrowsAny<SystemException>(() => SafetensorsWriter.Write(_temp["folder"], [Raw.Floats("w", [1], [1f], _memory)]));

        Assert.Equal("old", File.ReadAllText(_temp["target"]));
        Assert.Equal(["folder", "target"], Directory.EnumerateFileSystemEntries(_temp.Path).Select(Path.GetFileName).Order());
    }

    [Fact]
    public void A_write_deletes_what_a_killed_one_left_and_nothing_else()
    {
        string left = AtomicFile.TemporaryOf(_temp["t"]);
        string inUse = AtomicFile.TemporaryOf(_temp["t"]);
        string ofAnother = AtomicFile.TemporaryOf(_temp["u"]);
        File.WriteAllText(left, "half");
        File.WriteAllText(ofAnother, "half");
        using var living = new FileStream(inUse, FileMode.CreateNew, FileAccess.Write, FileShare.None);
        AtomicFile.WriteAllText(_temp["t"], "whole");

        Assert.Equal(
            new[] { inUse, ofAnother, _temp["t"] }.Order(StringComparer.Ordinal),
            Directory.GetFiles(_temp.Path).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Atomic_text_has_no_byte_order_mark()
    {
        AtomicFile.WriteAllText(_temp["t"], "first and longer");
        AtomicFile.WriteAllText(_temp["t"], "é");

        Assert.Equal([0xc3, 0xa9], File.ReadAllBytes(_temp["t"]));
    }

    [Fact]
    public void An_entry_of_a_parameter_has_its_type_and_shape()
    {
        var buffer = new NativeBuffer(12);
        _memory.Add(buffer);
        var entry = TensorEntry.Of(new Parameter("p", [2, 3], DType.BF16, buffer.Data), "stored");

        Assert.Equal(("stored", "BF16", 12L), (entry.Name, entry.Type, entry.ByteCount));
        Assert.Equal([2, 3], entry.Shape);
    }
}
