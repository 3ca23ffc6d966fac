using IlZo.Core.Tests.Tokenization;
using IlZo.Datasets;
using Xunit;

namespace IlZo.Core.Tests.Datasets;

/// <summary>Parquet files that claim what they do not have: refused before anything is allocated for it.</summary>
public sealed class HostileParquetTests : IDisposable
{
    private static readonly HandmadeParquet s_honest = new();

    // A frame that claims 2^40 bytes, and an empty block.
    private static readonly byte[] s_zstd = [0x28, 0xB5, 0x2F, 0xFD, 0xE0, 0, 0, 0, 0, 0, 1, 0, 0, 1, 0, 0];

    private static readonly byte[] s_snappy = [0xFF, 0xFF, 0xFF, 0xFF, 0x07, 0];

    // Blocks of 2^31 values in one part.
    private static readonly byte[] s_deltas = [0x80, 0x80, 0x80, 0x80, 0x08, 1, 1, 0];

    private readonly TempFolder _temp = new();

    public void Dispose() => _temp.Dispose();

    public static TheoryData<string, string> Lies() => new(
    [
        ("rows", "it claims more rows"),
        ("values of the column", "has 2147483647 values for 1 rows"),
        ("values of the page", "has more values than it should"),
        ("no values in the page", "has fewer values than it should"),
        ("values that are not there", "fewer values than they should"),
        ("size", "claims 2147483647 bytes"),
        ("size without compression", "claims 7 bytes, which cannot be in 6"),
        ("compressed size", "contradicts itself"),
        ("negative size", "contradicts itself"),
        ("place", "has fewer values than it should"),
        ("place before the file", "has fewer values than it should"),
        ("dictionary", "has more values than bytes"),
        ("run lengths of texts", "encoded as RLE"),
        ("differences of texts", "encoded as DELTA_BINARY_PACKED"),
        ("prefixes", "encoded as DELTA_BYTE_ARRAY, which is not supported for texts"),
        ("differences", "blocks of 2147483648 values in 1 parts"),
        ("snappy", "claims 2147483647 bytes"),
        ("zstd", "claims 1099511627776 bytes"),
        ("scale", "a scale or a precision of 2147483647"),
        ("children", "elements of its schema are missing"),
        ("no children", "more than one root"),
        ("depth", "more than 64 levels"),
        ("type of a field", "its field 1 is of the type 6; 5 was expected"),
        ("field of a later version", "its field 14 is not known"),
        ("list", "longer than its bytes"),
        ("cut", "is truncated"),
    ]);

    [Theory]
    [MemberData(nameof(Lies))]
    public void What_a_file_claims_and_does_not_have_is_refused(string lie, string message)
    {
        Assert.Contains("rows.parquet: cannot be read as Parquet (", Refusal(Lie(lie)), StringComparison.Ordinal);
        Assert.Contains(message, Refusal(Lie(lie)), StringComparison.Ordinal);
    }

    [Fact]
    public void Without_a_lie_the_same_file_is_read()
    {
        Assert.Equal("ab", Assert.Single(Read(s_honest)));
        Assert.Equal("ab", Assert.Single(Read(s_honest with { FooterEnd = [0xA8, 2, (byte)'x', (byte)'y', 0] })));
        Assert.Equal("ab", Assert.Single(Read(s_honest with { FooterEnd = [0xAC, 0, 0] })));
    }

    private static HandmadeParquet Lie(string about) => about switch
    {
        "rows" => s_honest with { Rows = int.MaxValue, ChunkValues = int.MaxValue, PageValues = int.MaxValue },
        "values of the column" => s_honest with { ChunkValues = int.MaxValue },
        "values of the page" => s_honest with { PageValues = int.MaxValue },
        "no values in the page" => s_honest with { PageValues = 0 },
        "values that are not there" => s_honest with { Content = [] },
        "size" => s_honest with { PageSize = int.MaxValue, Codec = 2 },
        "size without compression" => s_honest with { PageSize = 7 },
        "compressed size" => s_honest with { CompressedPageSize = int.MaxValue },
        "negative size" => s_honest with { CompressedPageSize = -1 },
        "place" => s_honest with { PageOffset = long.MaxValue },
        "place before the file" => s_honest with { PageOffset = -1 },
        "dictionary" => s_honest with { PageKind = 2, PageValues = int.MaxValue },
        "run lengths of texts" => s_honest with { Encoding = 3 },
        "differences of texts" => s_honest with { Encoding = 5 },
        "prefixes" => s_honest with { Encoding = 7 },
        "differences" => s_honest with { Type = 1, Encoding = 5, Content = s_deltas },
        "snappy" => s_honest with { Codec = 1, Content = s_snappy },
        "zstd" => s_honest with { Codec = 6, Content = s_zstd },
        "scale" => s_honest with { Scale = int.MaxValue },
        "children" => s_honest with { Children = 2 },
        "no children" => s_honest with { Children = 0 },
        "depth" => s_honest with { Levels = 64 },
        "type of a field" => s_honest with { VersionField = 0x16 },
        "field of a later version" => s_honest with { FooterEnd = [0xAC, 0x15, 0, 0, 0] },
        "list" => s_honest with { FooterEnd = [0x19, 0xFC, 0xFF, 0xFF, 0xFF, 0xFF, 0x07, 0] },
        "cut" => s_honest with { FooterEnd = [] },
        _ => throw new ArgumentException(about, nameof(about)),
    };

    private string Refusal(HandmadeParquet file) => Assert.Throws<InvalidInputException>(() => Read(file)).Message;

    private object?[] Read(HandmadeParquet file)
    {
        File.WriteAllBytes(_temp["rows.parquet"], file.ToBytes());
        using var source = RowSource.Open(_temp["rows.parquet"]);
        var values = new List<object?>();
        while (source.Next() is { } row)
        {
            values.Add(row.Peek("text"));
        }

        return [.. values];
    }
}
