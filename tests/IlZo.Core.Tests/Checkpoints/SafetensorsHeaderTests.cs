using System.Text;
using IlZo.Checkpoints;
using Xunit;

namespace IlZo.Core.Tests.Checkpoints;

public sealed class SafetensorsHeaderTests
{
    private const string Good = """{"__metadata__":{"format":"pt"},"a":{"dtype":"F32","shape":[2,2],"data_offsets":[0,16]},"b":{"dtype":"U8","shape":[3],"data_offsets":[16,19]}}""";

    [Fact]
    public void Reads_a_hand_made_file()
    {
        using var file = SafetensorsFile.FromMemory("x", Raw.File(Good + "   ", 19));

        Assert.Equal("x", file.Path);
        Assert.Equal("pt", file.Metadata["format"]);
        Assert.Equal(["a", "b"], file.Tensors.Select(t => t.Name));
        Assert.Equal("F32", file.Tensors[0].Type);
        Assert.Equal([2, 2], file.Tensors[0].Shape);
        Assert.Equal(16, file.Tensors[0].ByteCount);
        Assert.Equal([16, 17, 18], Raw.Bytes(file.Tensors[1]));
    }

    [Theory]
    [InlineData("BOOL", 8)]
    [InlineData("U8", 8)]
    [InlineData("I8", 8)]
    [InlineData("F8_E4M3", 8)]
    [InlineData("F8_E5M2", 8)]
    [InlineData("I16", 16)]
    [InlineData("U16", 16)]
    [InlineData("F16", 16)]
    [InlineData("BF16", 16)]
    [InlineData("I32", 32)]
    [InlineData("U32", 32)]
    [InlineData("F32", 32)]
    [InlineData("I64", 64)]
    [InlineData("U64", 64)]
    [InlineData("F64", 64)]
    [InlineData("C64", 64)]
    [InlineData("F4", 4)]
    [InlineData("F6_E2M3", 6)]
    public void Knows_the_size_of_every_type(string type, int bits)
    {
        string header = $$$"""{"t":{"dtype":"{{{type}}}","shape":[4],"data_offsets":[0,{{{bits / 2}}}]}}""";
        using var file = SafetensorsFile.FromMemory("x", Raw.File(header, bits / 2));

        Assert.Equal(bits / 2, file.Tensors[0].ByteCount);
    }

    [Fact]
    public void Bytes_that_the_metadata_calls_blocks_are_a_matrix_of_their_type()
    {
        const string header = """
            {"__metadata__":{"ilzo.blocks.w":"q4_0","format":"pt"},"w":{"dtype":"U8","shape":[3,36],"data_offsets":[0,108]}}
            """;
        using var file = SafetensorsFile.FromMemory("x", Raw.File(header, 108));

        Assert.Equal(("q4_0", 108L), (file.Tensors[0].Type, file.Tensors[0].ByteCount));
        Assert.Equal([3, 64], file.Tensors[0].Shape);
        Assert.Equal(["format"], file.Metadata.Keys);
    }

    [Theory]
    [InlineData("q4_0", "U8", "3,36", "ilzo.blocks.v", "has a __metadata__ entry 'ilzo.blocks.v' for a tensor that it does not have")]
    [InlineData("q3_k", "U8", "3,36", "ilzo.blocks.w", "is in blocks of the unknown type 'q3_k'; one of q8_0, q4_0, q4_k, q6_k, nf4, q4_z")]
    [InlineData("F32", "U8", "3,36", "ilzo.blocks.w", "is in blocks of the unknown type 'F32'")]
    [InlineData("q4_0", "I8", "3,36", "ilzo.blocks.w", "has dtype I8 and shape [3, 36] for blocks of q4_0; U8 and [rows, bytes], a")]
    [InlineData("q4_0", "U8", "108", "ilzo.blocks.w", "has dtype U8 and shape [108] for blocks of q4_0")]
    [InlineData("q4_0", "U8", "6,18,1", "ilzo.blocks.w", "has dtype U8 and shape [6, 18, 1] for blocks of q4_0")]
    [InlineData("q8_0", "U8", "3,36", "ilzo.blocks.w", "has dtype U8 and shape [3, 36] for blocks of q8_0")]
    public void Blocks_that_do_not_fit_are_refused(string blocks, string type, string shape, string key, string expected)
    {
        string header = $$$"""
            {"__metadata__":{"{{{key}}}":"{{{blocks}}}"},"w":{"dtype":"{{{type}}}","shape":[{{{shape}}}],"data_offsets":[0,108]}}
            """;
        string message = Assert.Throws<InvalidInputException>(() => SafetensorsFile.FromMemory("x", Raw.File(header, 108))).Message;
        Assert.Contains(expected, message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_dtype_of_the_header_is_no_type_of_blocks()
    {
        const string header = """{"w":{"dtype":"q8_0","shape":[1,32],"data_offsets":[0,34]}}""";
        string message = Assert.Throws<InvalidInputException>(() => SafetensorsFile.FromMemory("x", Raw.File(header, 34))).Message;
        Assert.Contains("unknown dtype 'q8_0'", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Orders_by_offset_with_scalars_and_empty_tensors()
    {
        const string header = """
            {"late":{"dtype":"F16","shape":[],"data_offsets":[4,6]},
             "empty":{"dtype":"F32","shape":[9223372036854775807,3,0],"data_offsets":[4,4]},
             "early":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}
            """;
        using var file = SafetensorsFile.FromMemory("x", Raw.File(header, 6));

        Assert.Equal(["early", "empty", "late"], file.Tensors.Select(t => t.Name));
        Assert.Equal(0, file.Tensors[1].ByteCount);
    }

    [Fact]
    public void Accepts_a_file_without_tensors()
    {
        using var file = SafetensorsFile.FromMemory("x", Raw.File("{}"));

        Assert.Empty(file.Tensors);
        Assert.Empty(file.Metadata);
    }

    // Each row: the header, the bytes of data, and words that the message must have.
    [Theory]
    [InlineData("[]", 0, "starts with byte 0x5b")]
    [InlineData(" {}", 0, "starts with byte 0x20")]
    [InlineData("{", 0, "claims a header of 1;")]
    [InlineData("{]", 0, "not valid JSON")]
    [InlineData("{}x", 0, "not valid JSON")]
    [InlineData("{}{}", 0, "not valid JSON")]
    [InlineData("{} ", 3, "3 bytes of data; 0 were expected")]
    [InlineData("""{"t":1}""", 0, "'t' is described by something other")]
    [InlineData("""{"t":{}}""", 0, "'t' lacks a field")]
    [InlineData("""{"t":{"shape":[1],"data_offsets":[0,1]}}""", 1, "'t' lacks a field")]
    [InlineData("""{"t":{"dtype":"U8","data_offsets":[0,1]}}""", 1, "'t' lacks a field")]
    [InlineData("""{"t":{"dtype":"U8","shape":[1]}}""", 1, "'t' lacks a field")]
    [InlineData("""{"t":{"dtype":"U8","dtype":"U8","shape":[1],"data_offsets":[0,1]}}""", 1, "repeated")]
    [InlineData("""{"t":{"dtype":"U8","shape":[1],"shape":[1],"data_offsets":[0,1]}}""", 1, "repeated")]
    [InlineData("""{"t":{"dtype":"U8","shape":[1],"data_offsets":[0,1],"data_offsets":[0,1]}}""", 1, "repeated")]
    [InlineData("""{"t":{"dtype":"U8","shape":[1],"data_offsets":[0,1],"extra":0}}""", 1, "'extra'")]
    [InlineData("""{"t":{"dtype":8,"shape":[1],"data_offsets":[0,1]}}""", 1, "'dtype'")]
    [InlineData("""{"t":{"dtype":"u8","shape":[1],"data_offsets":[0,1]}}""", 1, "unknown dtype 'u8'")]
    [InlineData("""{"t":{"dtype":"","shape":[1],"data_offsets":[0,1]}}""", 1, "unknown dtype ''")]
    [InlineData("""{"t":{"dtype":"U8","shape":1,"data_offsets":[0,1]}}""", 1, "shape that is not a list")]
    [InlineData("""{"t":{"dtype":"U8","shape":[-1],"data_offsets":[0,1]}}""", 1, "shape that is not a list")]
    [InlineData("""{"t":{"dtype":"U8","shape":[1.0],"data_offsets":[0,1]}}""", 1, "shape that is not a list")]
    [InlineData("""{"t":{"dtype":"U8","shape":["1"],"data_offsets":[0,1]}}""", 1, "shape that is not a list")]
    [InlineData("""{"t":{"dtype":"U8","shape":[[1]],"data_offsets":[0,1]}}""", 1, "shape that is not a list")]
    [InlineData("""{"t":{"dtype":"U8","shape":[9223372036854775808],"data_offsets":[0,1]}}""", 1, "shape that is not a list")]
    [InlineData("""{"t":{"dtype":"U8","shape":[1],"data_offsets":[0]}}""", 1, "data_offsets [0]")]
    [InlineData("""{"t":{"dtype":"U8","shape":[1],"data_offsets":[0,1,2]}}""", 1, "data_offsets [0, 1, 2]")]
    [InlineData("""{"t":{"dtype":"U8","shape":[1],"data_offsets":[1,0]}}""", 1, "does not lie before it")]
    [InlineData("""{"t":{"dtype":"U8","shape":[1],"data_offsets":[-1,0]}}""", 1, "data_offsets that is not a list")]
    [InlineData("""{"t":{"dtype":"U8","shape":[1],"data_offsets":[0,1e0]}}""", 1, "data_offsets that is not a list")]
    [InlineData("""{"t":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}""", 4, "do not fit")]
    [InlineData("""{"t":{"dtype":"F4","shape":[3],"data_offsets":[0,1]}}""", 1, "do not fit")]
    [InlineData("""{"t":{"dtype":"F64","shape":[2305843009213693952],"data_offsets":[0,0]}}""", 0, "do not fit")]
    [InlineData("""{"t":{"dtype":"U8","shape":[4294967296,4294967296],"data_offsets":[0,0]}}""", 0, "do not fit")]
    [InlineData(
        """{"t":{"dtype":"F64","shape":[9223372036854775807,9223372036854775807,9223372036854775807],"data_offsets":[0,8]}}""",
        8,
        "do not fit")]
    [InlineData("""{"t":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}}""", 1, "ends at byte 2 of the data; the file holds 1")]
    [InlineData("""{"t":{"dtype":"U8","shape":[9223372036854775807],"data_offsets":[0,9223372036854775807]}}""", 1, "the file holds 1")]
    [InlineData("""{"t":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}""", 2, "2 bytes of data; 1 were expected")]
    [InlineData("""{"t":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}}""", 2, "'t' leaves a gap")]
    [InlineData(
        """{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"b":{"dtype":"U8","shape":[2],"data_offsets":[1,3]}}""", 3, "'b' overlaps")]
    [InlineData(
        """{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"b":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}}""", 2, "'b' overlaps")]
    [InlineData(
        """{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"b":{"dtype":"U8","shape":[1],"data_offsets":[2,3]}}""",
        3,
        "'b' leaves a gap")]
    [InlineData(
        """{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"a":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}}""",
        2,
        "'a' is listed twice")]
    [InlineData(
        """{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"\u0061":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}}""",
        2,
        "'a' is listed twice")]
    [InlineData("""{"__metadata__":[]}""", 0, "object of strings")]
    [InlineData("""{"__metadata__":null}""", 0, "object of strings")]
    [InlineData("""{"__metadata__":{"a":1}}""", 0, "'a' that is not a string")]
    [InlineData("""{"__metadata__":{"a":"1","a":"2"}}""", 0, "listed twice")]
    [InlineData("""{"__metadata__":{},"__metadata__":{}}""", 0, "twice")]
    [InlineData("""{"\ud800":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}""", 1, "not valid JSON")]
    [InlineData("""{"a\nb":7}""", 0, @"'a\u000ab'")]
    public void Refuses_what_breaks_the_format(string header, int dataBytes, string words)
    {
        byte[] content = Raw.File(header, dataBytes);

        var error = Assert.Throws<InvalidInputException>(() => SafetensorsFile.FromMemory("weights.safetensors", content));

        Assert.Contains("'weights.safetensors'", error.Message, StringComparison.Ordinal);
        Assert.Contains(words, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Refuses_names_that_are_not_utf8()
    {
        byte[] header = Encoding.UTF8.GetBytes("""{"a?":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}""");
        header[Array.IndexOf(header, (byte)'?')] = 0xff;

        Assert.Throws<InvalidInputException>(() => SafetensorsFile.FromMemory("x", Raw.File(header, 1)));
    }

    [Theory]
    [InlineData(0UL)]
    [InlineData(1UL)]
    [InlineData(3UL)]
    [InlineData(100_000_001UL)]
    [InlineData(0x7fffffffffffffffUL)]
    [InlineData(0x8000000000000000UL)]
    [InlineData(0xffffffffffffffffUL)]
    public void Refuses_header_lengths_outside_the_file(ulong length)
    {
        byte[] content = [.. BitConverter.GetBytes(length), (byte)'{', (byte)'}'];

        Assert.Throws<InvalidInputException>(() => SafetensorsFile.FromMemory("x", content));
    }

    [Fact]
    public void Refuses_a_file_cut_at_any_length()
    {
        byte[] content = Raw.File(Good, 19);
        using var temp = new TempFolder();
        string path = temp["cut.safetensors"];
        for (int length = 0; length < content.Length; length++)
        {
            File.WriteAllBytes(path, content[..length]);
            Assert.Throws<InvalidInputException>(() => SafetensorsFile.Open(path));
        }
    }

    [Fact]
    public void Survives_random_changes()
    {
        byte[] original = Raw.File(Good, 19);
        int headerEnd = 8 + Encoding.UTF8.GetByteCount(Good);
        var random = new Random(20240607);
        int refused = 0;
        for (int round = 0; round < 20_000; round++)
        {
            byte[] content = [.. original];
            for (int flips = random.Next(1, 4); flips > 0; flips--)
            {
                // Half of the changes exchange characters that matter in JSON, half flip a bit.
                int at = random.Next(headerEnd);
                content[at] = random.Next(2) == 0
                    ? (byte)"{}[]:,\"0123456789-.e\\ "[random.Next(22)]
                    : (byte)(content[at] ^ (1 << random.Next(8)));
            }

            try
            {
                // What passes must lie within the file.
                using var file = SafetensorsFile.FromMemory("fuzz", content);
                Assert.All(file.Tensors, t => Assert.InRange(Raw.Bytes(t).Length, 0, 19));
            }
            catch (InvalidInputException)
            {
                refused++;
            }
        }

        Assert.InRange(refused, 10_000, 20_000);
    }
}
