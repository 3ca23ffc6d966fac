using System.IO.Compression;
using System.Text;
using IlZo.Checkpoints;
using IlZo.Checkpoints.Torch;
using IlZo.Core.Tests.Models;
using IlZo.Files;
using IlZo.Fuzz.Targets;
using IlZo.Models;
using Xunit;

namespace IlZo.Core.Tests.Checkpoints;

/// <summary>pytorch_model.bin: published layouts, every way a tensor can lie in its storage, and what is refused.</summary>
public sealed class TorchFileTests : IDisposable
{
    private static readonly byte[] s_elements = [.. Enumerable.Range(0, 48).Select(i => (byte)i)];

    private readonly TempFolder _temp = new();

    public void Dispose() => _temp.Dispose();

    public static TheoryData<string> Layouts => ["opt-tiny-fp16-bin", "opt-tiny-fp16-bin-sharded"];

    [Theory]
    [MemberData(nameof(Layouts))]
    public void The_published_layout_gives_the_logits_of_its_safetensors_twin(string name)
    {
        using var twin = new LoadedModel(TestData.Path("fixtures", "forward", "opt-tiny-fp16"));
        using var model = new LoadedModel(TestData.Path("fixtures", "torch", name));
        int[] text = [2, 7, 300, 41, 5, 5, 130];
        Assert.Equal(twin.Logits(text), model.Logits(text));
        Assert.Equal(twin.Model.Parameters.Sha256(), model.Model.Parameters.Sha256());
    }

    [Theory]
    [MemberData(nameof(Layouts))]
    public void It_is_written_out_as_safetensors_under_transformers_names(string name)
    {
        using (var model = ModelLoader.Load(TestData.Path("fixtures", "torch", name)))
        {
            model.Save(_temp["out"]);
        }

        string[] expected = name.EndsWith("sharded", StringComparison.Ordinal)
            ? ["config.json", "model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors", "model.safetensors.index.json"]
            : ["config.json", "model.safetensors"];
        Assert.Equal(expected, Directory.GetFiles(_temp["out"]).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        using var twin = new LoadedModel(TestData.Path("fixtures", "forward", "opt-tiny-fp16"));
        using var saved = new LoadedModel(_temp["out"]);
        Assert.Equal(twin.Logits([2, 7, 300]), saved.Logits([2, 7, 300]));
    }

    // What a compressed file is unpacked to is memory, of which no page may be given back as one of the file's.
    [Theory]
    [InlineData(CompressionLevel.NoCompression, true)]
    [InlineData(CompressionLevel.Optimal, false)]
    public void Only_what_lies_in_the_file_as_it_is_is_mapped(CompressionLevel level, bool isMapped)
    {
        byte[] pickle = PickleBuilder.OneTensor("FloatStorage", 12, 0, [3, 4], [4, 1]);
        File.WriteAllBytes(_temp["model.bin"], TorchArchive.Of(pickle, [s_elements], level));
        using var file = TorchFile.Open(_temp["model.bin"]);
        Assert.Equal(isMapped, file.PlaceOf(file.Tensors[0]) is not null);
        using var copy = TorchFile.FromMemory("model.bin", File.ReadAllBytes(_temp["model.bin"]));
        Assert.Null(copy.PlaceOf(copy.Tensors[0]));
    }

    [Fact]
    public void Safetensors_count_where_both_are_there()
    {
        foreach (string file in Directory.GetFiles(TestData.Path("fixtures", "forward", "opt-tiny-fp16")))
        {
            File.Copy(file, _temp[Path.GetFileName(file)]);
        }

        File.WriteAllText(_temp["pytorch_model.bin"], "nothing");
        using var checkpoint = CheckpointFolder.Open(_temp.Path);
        Assert.Equal("model.safetensors", Assert.Single(checkpoint.Shards).FileName);
    }

    [Fact]
    public unsafe void Two_names_of_one_storage_are_two_parameters_where_they_are_not_tied()
    {
        string folder = TestData.Path("fixtures", "torch", "opt-tiny-fp16-bin");
        File.Copy(Path.Combine(folder, "pytorch_model.bin"), _temp["pytorch_model.bin"]);
        string config = File.ReadAllText(Path.Combine(folder, "config.json"));
        File.WriteAllText(_temp["config.json"], config.Replace(
            "\"vocab_size\"", "\"tie_word_embeddings\": false, \"vocab_size\"", StringComparison.Ordinal));
        using var model = ModelLoader.Load(_temp.Path);
        var embedding = model.Parameters.All.Single(p => p.Name.EndsWith("embed_tokens.weight", StringComparison.Ordinal));
        Assert.NotSame(embedding, model.Head.Weight);
        Assert.NotEqual((nint)embedding.Data, (nint)model.Head.Weight.Data);
        Assert.Equal(Raw.Bytes(embedding), Raw.Bytes(model.Head.Weight));
    }

    // Elements of two bytes, 0 to 23: a view of them by its offset, shape and strides, and which elements it has.
    [Theory]
    [InlineData(0, new long[] { 2, 3 }, new long[] { 3, 1 }, new[] { 0, 1, 2, 3, 4, 5 })]
    [InlineData(5, new long[] { 2, 3 }, new long[] { 3, 1 }, new[] { 5, 6, 7, 8, 9, 10 })]
    [InlineData(0, new long[] { 2, 3 }, new long[] { 1, 2 }, new[] { 0, 2, 4, 1, 3, 5 })]
    [InlineData(1, new long[] { 2, 2 }, new long[] { 8, 2 }, new[] { 1, 3, 9, 11 })]
    [InlineData(4, new long[] { 1, 3, 1 }, new long[] { 999, 1, 7 }, new[] { 4, 5, 6 })]
    [InlineData(7, new long[] { 2, 2 }, new long[] { 0, 1 }, new[] { 7, 8, 7, 8 })]
    [InlineData(23, new long[0], new long[0], new[] { 23 })]
    [InlineData(24, new long[] { 0, 5 }, new long[] { 5, 1 }, new int[0])]
    public void A_tensor_is_a_view_of_its_storage(long offset, long[] shape, long[] strides, int[] elements)
    {
        foreach (var level in new[] { CompressionLevel.NoCompression, CompressionLevel.Optimal })
        {
            byte[] archive = TorchArchive.Of(PickleBuilder.OneTensor("HalfStorage", 24, offset, shape, strides), [s_elements], level);
            foreach (byte[] file in new[] { archive, WithWideDirectory(archive) })
            {
                using var opened = TorchFile.FromMemory("f", file);
                var tensor = Assert.Single(opened.Tensors);
                Assert.Equal(("w", "F16"), (tensor.Name, tensor.Type));
                Assert.Equal(shape, tensor.Shape);
                Assert.Equal([.. elements.SelectMany(e => new[] { (byte)(2 * e), (byte)((2 * e) + 1) })], Raw.Bytes(tensor));
            }
        }
    }

    [Fact]
    public void Tensors_that_lie_as_they_are_stay_in_the_file()
    {
        File.WriteAllBytes(_temp["a.bin"], TorchArchive.Of(PickleBuilder.OneTensor("ByteStorage", 48, 0, [48], [1]), [s_elements]));
        using var opened = TorchFile.Open(_temp["a.bin"]);
        Assert.Equal(s_elements, Raw.Bytes(Assert.Single(opened.Tensors)));
        File.SetLastWriteTimeUtc(_temp["a.bin"], DateTime.UtcNow.AddHours(1));
        Assert.Throws<FileChangedException>(opened.RequireUnchanged);
    }

    // A view that would reach outside its storage, or take room that nothing is behind.
    [Theory]
    [InlineData(24, 1, new long[] { 24 }, new long[] { 1 }, "reaches beyond the 24 elements")]
    [InlineData(24, 0, new long[] { 2, 2 }, new long[] { 23, 1 }, "reaches beyond the 24 elements")]
    [InlineData(24, 25, new long[] { 0 }, new long[] { 1 }, "reaches beyond the 24 elements")]
    [InlineData(24, 0, new long[] { long.MaxValue }, new long[] { 0 }, "has no size")]
    [InlineData(24, 0, new long[] { 1L << 40 }, new long[] { 0 }, "reaches beyond the 24 elements")]
    [InlineData(24, 0, new long[] { 1L << 31, 1L << 31 }, new long[] { 1, 1 }, "has no size")]
    [InlineData(24, 0, new long[] { 2, 2 }, new[] { long.MaxValue, 1 }, "reaches beyond the 24 elements")]
    [InlineData(24, long.MaxValue, new long[] { 1 }, new long[] { 1 }, "reaches beyond the 24 elements")]
    [InlineData(25, 0, new long[] { 25 }, new long[] { 1 }, "which the archive does not hold")]
    [InlineData(long.MaxValue, 0, new long[] { 1 }, new long[] { 1 }, "which the archive does not hold")]
    [InlineData(-1, 0, new long[] { 1 }, new long[] { 1 }, "not a storage of a known type")]
    [InlineData(24, -1, new long[] { 1 }, new long[] { 1 }, "calls torch._utils._rebuild_tensor_v2 in another way")]
    [InlineData(24, 3, new long[] { 2 }, new long[] { -1 }, "calls torch._utils._rebuild_tensor_v2 in another way")]
    public void A_view_beyond_its_storage_is_refused(long count, long offset, long[] shape, long[] strides, string words) =>
        Assert.Contains(
            words,
            Refusal(TorchArchive.Of(PickleBuilder.OneTensor("HalfStorage", count, offset, shape, strides), [s_elements])),
            StringComparison.Ordinal);

    [Fact]
    public void Every_other_operation_is_refused_by_its_name()
    {
        foreach (var opcode in Enum.GetValues<PickleOpcode>().Where(o => !PickleReader.Known.Contains(o)))
        {
            byte[] pickle = new PickleBuilder().Op('}').Bytes((byte)opcode).Bytes(new byte[16]).End();
            Assert.Contains($"the operation {opcode},", Refusal(TorchArchive.Of(pickle, [])), StringComparison.Ordinal);
        }

        Assert.Contains(
            "the byte 0xff, which is not an operation",
            Refusal(TorchArchive.Of(new PickleBuilder().Bytes(0xFF).End(), [])),
            StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("os", "system")]
    [InlineData("builtins", "eval")]
    [InlineData("posix", "system")]
    [InlineData("torch", "load")]
    [InlineData("torch.storage", "_load_from_bytes")]
    [InlineData("numpy.core.multiarray", "_reconstruct")]
    [InlineData("torch._utils", "_rebuild_sparse_tensor")]
    [InlineData("torch", "QInt8Storage")]
    public void Every_other_name_is_refused_and_nothing_is_executed(string module, string name)
    {
        byte[] pickle = new PickleBuilder().Global(module, name).Op('(').Text("touch executed").Op('t').Op('R').End();
        Assert.Contains($"names {module}.{name}", Refusal(TorchArchive.Of(pickle, [])), StringComparison.Ordinal);
        byte[] stack = new PickleBuilder().Text(module).Text(name).Bytes(0x93).Op(')').Op('R').End();
        Assert.Contains($"names {module}.{name}", Refusal(TorchArchive.Of(stack, [])), StringComparison.Ordinal);
    }

    public static TheoryData<string, byte[], string> BrokenPickles => new()
    {
        { "an end without a value", new PickleBuilder().End(), "takes a value where there is none" },
        { "values up to no mark", new PickleBuilder().Op('t').End(), "a mark that was not set" },
        { "a mark in place of a value", new PickleBuilder().Op('(').Op('.').End(), "takes a value where there is none" },
        { "a key without a value", new PickleBuilder().Op('}').Op('(').Op('N').Op('u').End(), "a key of a dictionary without a value" },
        { "a value that was not kept", new PickleBuilder().Op('h').Bytes(9).End(), "takes value 9" },
        { "a number of nine bytes", new PickleBuilder().Bytes([0x8A, 9, .. new byte[9]]).End(), "an integer of 9 bytes" },
        { "a newer protocol", new PickleBuilder().Bytes(0x80, 6).End(), "protocol 6" },
        { "text that is none", new PickleBuilder().Bytes(0x8C, 1, 0xFF).End(), "a text that is not UTF-8" },
        { "a call of nothing", new PickleBuilder().Op('N').Op(')').Op('R').End(), "calls something that is not a function" },
        { "a storage of another kind", new PickleBuilder().Text("module").Op('Q').End(), "not a storage of a known type" },
        { "attributes of a list", new PickleBuilder().Op(']').Op('}').Op('b').End(), "a dictionary, whose attributes it sets" },
        { "a length beyond the end", new PickleBuilder().Bytes(0x58, 0xFF, 0xFF, 0xFF, 0xFF).End(), "ends within an operation" },
        { "no end", [0x80, 2, (byte)'}'], "ends within an operation" },
        { "a list", new PickleBuilder().Op(']').End(), "holds no dictionary" },
        { "a number in place of a tensor", new PickleBuilder().Op('}').Text("epoch").Number(3).Op('s').End(), "'epoch' is not a tensor" },
        { "a dictionary around the tensors", new PickleBuilder().Op(
            '}').Text("state_dict").Op('}').Op('s').End(), "'state_dict' is a dictionary, as trainers save one" },
        { "a key that is no name", new PickleBuilder().Op('}').Number(3).Op('N').Op('s').End(), "a key that is not text" },
    };

    [Theory]
    [MemberData(nameof(BrokenPickles))]
    public void A_pickle_that_is_not_of_tensors_is_refused(string what, byte[] pickle, string words)
    {
        string message = Refusal(TorchArchive.Of(pickle, []));
        Assert.True(message.Contains(words, StringComparison.Ordinal), $"{what}: {message}");
    }

    public static TheoryData<string, byte[], string> OtherFiles => new()
    {
        { "before 1.6", [
            0x80, 2, 0x8A, 0x0A, 0x6C, 0xFC, 0x9C, 0x46, 0xF9, 0x20, 0x6A, 0xA8, 0x50, 0x19, .. new byte[100],
        ], "the format of PyTorch before 1.6" },
        { "tar", [.. new byte[257], .. "ustar"u8, .. new byte[300]], "the format of PyTorch before 1.6" },
        { "safetensors", [8, 0, 0, 0, 0, 0, 0, 0, .. "{}      "u8], "a safetensors file under another name" },
        { "LFS", Encoding.UTF8.GetBytes("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n"), "a Git LFS pointer" },
        { "a page", Encoding.UTF8.GetBytes("<!DOCTYPE html><html>"), "a web page" },
        { "nothing", [], "empty" },
        { "GGUF", [.. "GGUF"u8, .. new byte[100]], "a GGUF file of llama.cpp" },
        { "letters", Encoding.UTF8.GetBytes("pickle"), "is not a zip archive" },
    };

    [Theory]
    [MemberData(nameof(OtherFiles))]
    public void Another_file_in_its_place_is_called_by_its_name(string what, byte[] content, string words)
    {
        string message = Refusal(content);
        Assert.True(message.Contains(words, StringComparison.Ordinal), $"{what}: {message}");
    }

    [Fact]
    public void A_cut_archive_is_a_cut_download()
    {
        byte[] archive = TorchArchive.Of(PickleBuilder.OneTensor("HalfStorage", 24, 0, [24], [1]), [s_elements]);
        for (int length = 4; length < archive.Length; length++)
        {
            Assert.Contains("downloaded again", Refusal(archive[..length]), StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Views_that_copy_one_storage_again_and_again_do_not_fill_the_memory()
    {
        byte[] zeros = new byte[1 << 16];
        var pickle = new PickleBuilder().Op('}');
        for (int i = 0; i < 100; i++)
        {
            pickle.Text($"{i}").Tensor("ByteStorage", "0", zeros.Length, 0, [256, 256], [1, 256]).Op('s');
        }

        Assert.Contains("take more room than the file", Refusal(TorchArchive.Of(pickle.End(), [zeros])), StringComparison.Ordinal);
    }

    private static string Refusal(byte[] file) => Assert.Throws<InvalidInputException>(() => TorchFile.FromMemory("f", file)).Message;

    // The same archive with the 64-bit record that torch writes, and nothing in the old one.
    private static byte[] WithWideDirectory(byte[] archive)
    {
        const int EndBytes = 22;
        var end = archive.AsSpan(archive.Length - EndBytes);
        long count = BitConverter.ToUInt16(end[10..]), size = BitConverter.ToUInt32(end[12..]), start = BitConverter.ToUInt32(end[16..]);
        byte[] wide =
        [
            .. BitConverter.GetBytes(0x06064B50), .. BitConverter.GetBytes(44L), 45, 0, 45, 0, .. new byte[8],
            .. BitConverter.GetBytes(count), .. BitConverter.GetBytes(count),
            .. BitConverter.GetBytes(size), .. BitConverter.GetBytes(start),
        ];
        byte[] locator =
            [.. BitConverter.GetBytes(0x07064B50), 0, 0, 0, 0, .. BitConverter.GetBytes(archive.Length - (long)EndBytes), 1, 0, 0, 0];
        return [
            .. archive.AsSpan(0, archive.Length - EndBytes), .. wide, .. locator, .. end[..8], .. Enumerable.Repeat((byte)0xFF, 12), 0, 0,
        ];
    }
}
