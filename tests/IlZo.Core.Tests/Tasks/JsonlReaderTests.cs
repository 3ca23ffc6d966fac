using System.Text;
using IlZo.Tasks;
using Xunit;

namespace IlZo.Core.Tests.Tasks;

public class JsonlReaderTests
{
    [Fact]
    public void Lines_keep_their_numbers()
    {
        using var reader = Open("\uFEFF{\"a\": 1}\r\n\r\n  \n{\"a\": 2}"u8.ToArray());
        var seen = new List<(int, int)>();
        while (reader.Read())
        {
            using var document = reader.ParseObject();
            seen.Add((reader.LineNumber, document.RootElement.GetProperty("a").GetInt32()));
        }

        Assert.Equal([(1, 1), (4, 2)], seen);
        Assert.False(reader.Read());
    }

    [Theory]
    [InlineData("")]
    [InlineData("\n\n \n")]
    [InlineData("\uFEFF")]
    public void Files_without_text_have_no_lines(string text)
    {
        using var reader = Open(Encoding.UTF8.GetBytes(text));
        Assert.False(reader.Read());
    }

    [Theory]
    [InlineData(65_535)]
    [InlineData(65_536)]
    [InlineData(65_537)]
    [InlineData(1_000_000)]
    public void Lines_of_any_length_survive_the_buffer(int length)
    {
        string first = new('a', length);
        using var reader = Open(Encoding.UTF8.GetBytes($"{first}\nb\n{first}c"));
        var seen = new List<string>();
        while (reader.Read())
        {
            seen.Add(Encoding.UTF8.GetString(reader.Line.Span));
        }

        Assert.Equal([first, "b", first + "c"], seen);
    }

    [Fact]
    public void Streams_may_hand_over_a_byte_at_a_time()
    {
        using var reader = new JsonlReader(new Trickle("{\"a\": \"é\"}\n{}\n"u8.ToArray()), "trickle");
        Assert.True(reader.Read());
        Assert.Equal("{\"a\": \"é\"}", Encoding.UTF8.GetString(reader.Line.Span));
        Assert.True(reader.Read());
        Assert.Equal("trickle:2", reader.Where);
        Assert.False(reader.Read());
    }

    [Theory]
    [InlineData(new byte[] { (byte)'{', 0, (byte)'}' }, "in.jsonl:1: holds a NUL byte; expected")]
    [InlineData(new byte[] { 0xff, 0xfe, (byte)'{' }, "in.jsonl:1: is not UTF-8 text; expected")]
    [InlineData(new byte[] { (byte)'\n', (byte)'"', 0xc3, (byte)'"' }, "in.jsonl:2: is not UTF-8 text; expected")]
    public void Bytes_that_are_no_text_are_refused(byte[] bytes, string expected)
    {
        using var reader = Open(bytes);
        var e = Assert.Throws<InvalidInputException>(() => reader.Read());
        Assert.StartsWith(expected, e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_line_longer_than_the_limit_is_refused_and_one_of_the_limit_is_not()
    {
        byte[] bytes = new byte[JsonlReader.MaxLineBytes + 1];
        bytes.AsSpan().Fill((byte)'a');
        bytes[^1] = (byte)'\n';
        using var fits = Open(bytes);
        Assert.True(fits.Read());

        bytes[^1] = (byte)'a';
        using var reader = Open(bytes);
        var e = Assert.Throws<InvalidInputException>(() => reader.Read());
        Assert.Equal("in.jsonl:1: is longer than 16 MiB; expected one JSON object per line.", e.Message);
    }

    [Theory]
    [InlineData("{\"a\": }", "is not valid JSON at byte 7")]
    [InlineData("{\"a\": 1} {}", "is not valid JSON at byte 10")]
    [InlineData("{\"a\": 1", "is not valid JSON at byte")]
    [InlineData("{\"a\": \"\u0001\"}", "is not valid JSON at byte")]
    [InlineData("[1]", "is a JSON array; expected a JSON object")]
    [InlineData("\"text\"", "is a JSON string; expected a JSON object")]
    public void Lines_that_are_no_object_are_refused(string line, string expected)
    {
        using var reader = Open(Encoding.UTF8.GetBytes(line));
        Assert.True(reader.Read());
        var e = Assert.Throws<InvalidInputException>(() => reader.ParseObject());
        Assert.StartsWith("in.jsonl:1: " + expected, e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Deep_nesting_is_refused()
    {
        using var reader = Open(Encoding.UTF8.GetBytes("{\"a\":" + new string('[', 10_000) + new string(']', 10_000) + "}"));
        Assert.True(reader.Read());
        Assert.Throws<InvalidInputException>(() => reader.ParseObject());
    }

    [Fact]
    public void Files_that_cannot_be_opened_are_refused()
    {
        using var folder = new TemporaryFolder();
        string missing = Path.Combine(folder.Root, "missing.jsonl");
        var e = Assert.Throws<InvalidInputException>(() => JsonlReader.Open(missing));
        Assert.Equal($"{missing}: no such file; expected a file of JSON lines.", e.Message);

        e = Assert.Throws<InvalidInputException>(() => JsonlReader.Open(folder.Root));
        Assert.StartsWith($"{folder.Root}: cannot be opened", e.Message, StringComparison.Ordinal);
    }

    private static JsonlReader Open(byte[] bytes) => new(new MemoryStream(bytes), "in.jsonl");

    private sealed class Trickle(byte[] bytes) : MemoryStream(bytes)
    {
        public override int Read(byte[] buffer, int offset, int count) => base.Read(buffer, offset, Math.Min(count, 1));
    }
}
