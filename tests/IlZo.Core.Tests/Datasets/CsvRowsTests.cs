using IlZo.Datasets;
using Xunit;

namespace IlZo.Core.Tests.Datasets;

/// <summary>CSV by RFC 4180.</summary>
public sealed class CsvRowsTests : IDisposable
{
    private readonly TempFolder _temp = new();

    public void Dispose() => _temp.Dispose();

    [Fact]
    public void Fields_may_hold_commas_quotes_and_lines_and_the_file_a_mark_and_any_line_ends()
    {
        var rows = Read("\uFEFFa,b\r\n1,\"x, \"\"y\"\"\r\nz\"\r\n\r\n\"\",last");
        Assert.Equal(["1", ""], rows.Select(r => r.Text("a")));
        Assert.Equal(["x, \"y\"\r\nz", "last"], rows.Select(r => r.Text("b")));
        Assert.Equal([$"{Path}:2", $"{Path}:5"], rows.Select(r => r.Where));
    }

    [Theory]
    [InlineData("a,b\n1\n", "rows.csv:2: has 1 fields; 2 were expected")]
    [InlineData("a,b\n1,2,3\n", "rows.csv:2: has 3 fields; 2 were expected")]
    [InlineData("a,b\n1,2\n\"3,4\n5,6\n", "rows.csv:3: opens a quote that is not closed")]
    [InlineData("a,b\n1,2\"3\n", "rows.csv:2: has a quote inside of a field")]
    [InlineData("a,b\n1,\"2\"3\n", "rows.csv:2: has text after a closing quote")]
    [InlineData("a,a\n1,2\n", "rows.csv:1: the header has the column \"a\" twice")]
    [InlineData("", "rows.csv: is empty")]
    public void A_broken_file_is_refused_with_the_line(string content, string expected)
    {
        var e = Assert.Throws<InvalidInputException>(() => Read(content));
        Assert.Contains(expected, e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("a;b\n1,5;\"x;y\"\n", "1,5", "x;y", "';' between the fields")]
    [InlineData("a\tb\n1;5\tx,y\n", "1;5", "x,y", "tabs between the fields")]
    [InlineData("sep=|\na|b\n1,5|x\n", "1,5", "x", "'|' between the fields")]
    [InlineData("\"a\";b\r\n1;\"x\"\"\"\r\n", "1", "x\"", "';' between the fields")]
    [InlineData("a,\"b\"\n1;2,x\n", "1;2", "x", null)]
    public void Other_separators_than_commas_are_seen_and_said(string content, string a, string b, string? note)
    {
        File.WriteAllText(Path, content);
        using var source = RowSource.Open(Path);
        var row = source.Next()!;
        Assert.Equal((a, b), (row.Text("a"), row.Text("b")));
        Assert.Null(source.Next());
        Assert.Equal(note is null, source.Note is null);
        Assert.EndsWith(note ?? string.Empty, source.Note ?? string.Empty, StringComparison.Ordinal);
    }

    [Fact]
    public void Tabs_separate_fields_that_may_hold_quotes()
    {
        File.WriteAllText(_temp["rows.tsv"], "a\tb\nHe said \"no\"\t\"x\ty\"\n");
        using var source = RowSource.Open(_temp["rows.tsv"]);
        var row = source.Next()!;
        Assert.Equal(("He said \"no\"", "x\ty"), (row.Text("a"), row.Text("b")));
        Assert.Null(source.Note);
    }

    [Fact]
    public void Reading_goes_on_behind_every_broken_row()
    {
        File.WriteAllBytes(Path, [.. "a,b\n1\n2,x\"y\n3,\""u8, 0xFF, .. "\"\n4,ok\n5,\"open\n6,never\n"u8]);
        using var source = RowSource.Open(Path);
        var seen = new List<string>();
        long position = 0;
        for (bool more = true; more;)
        {
            try
            {
                var row = source.Next();
                more = row is not null;
                seen.Add(row?.Text("a") ?? "end");
            }
            catch (InvalidInputException)
            {
                seen.Add("refused");
            }

            Assert.True(!more || source.Position > position);
            position = source.Position;
        }

        Assert.Equal(["refused", "refused", "refused", "4", "refused", "end"], seen);
    }

    private string Path => _temp["rows.csv"];

    private List<DataRow> Read(string content)
    {
        File.WriteAllText(Path, content);
        using var source = RowSource.Open(Path);
        var rows = new List<DataRow>();
        while (source.Next() is { } row)
        {
            rows.Add(row);
        }

        return rows;
    }
}
