using System.Buffers.Binary;

namespace IlZo.Core.Tests.Datasets;

/// <summary>A Parquet file of one column and one page, all of whose numbers can be lies. As it is, it holds the text "ab".</summary>
internal sealed record HandmadeParquet
{
    private const int Text = 6;

    /// <summary>1 for INT32, 6 for texts.</summary>
    public int Type { get; init; } = Text;

    /// <summary>How many elements the root of the schema claims.</summary>
    public long Children { get; init; } = 1;

    /// <summary>Levels of groups above the column.</summary>
    public int Levels { get; init; }

    /// <summary>The decimal places of the column's numbers.</summary>
    public int? Scale { get; init; }

    public long Rows { get; init; } = 1;

    public long ChunkValues { get; init; } = 1;

    public long PageOffset { get; init; } = 4;

    /// <summary>0 for none, 1 for snappy, 6 for zstd.</summary>
    public int Codec { get; init; }

    public int PageKind { get; init; }

    public long? PageSize { get; init; }

    public long? CompressedPageSize { get; init; }

    public long PageValues { get; init; } = 1;

    /// <summary>0 for plain, 3 for run lengths, 5 for differences.</summary>
    public int Encoding { get; init; }

    public byte[] Content { get; init; } = [2, 0, 0, 0, (byte)'a', (byte)'b'];

    /// <summary>The header of the field for the file's version, of the type i32.</summary>
    public byte VersionField { get; init; } = 0x15;

    /// <summary>Bytes at the end of the footer's structure.</summary>
    public byte[] FooterEnd { get; init; } = [0];

    /// <summary>The file.</summary>
    public byte[] ToBytes()
    {
        byte[] page =
        [
            0x15, .. Integer(PageKind), 0x15, .. Integer(PageSize ?? Content.Length), 0x15,
            .. Integer(CompressedPageSize ?? Content.Length),
            (byte)(PageKind == 2 ? 0x4C : 0x2C), 0x15, .. Integer(PageValues), 0x15, .. Integer(Encoding), 0, 0, .. Content,
        ];
        byte[] meta =
        [
            0x15, .. Integer(Type), 0x19, 0x05, 0x19, (byte)(((1 + Levels) << 4) | 8),
            .. Enumerable.Repeat(Name("g"), Levels).SelectMany(n => n), .. Name("text"),
            0x15, .. Integer(Codec), 0x16, .. Integer(ChunkValues), 0x16, .. Integer(page.Length), 0x16, .. Integer(page.Length), 0x26,
            .. Integer(PageOffset), 0,
        ];
        byte[] group = [0x19, 0x1C, 0x26, .. Integer(4), 0x1C, .. meta, 0, 0x16, .. Integer(page.Length), 0x16, .. Integer(Rows), 0];
        byte[] footer =
        [
            VersionField, .. Integer(1), 0x19, 0xFC, (byte)(2 + Levels), .. Group("root", Children),
            .. Enumerable.Repeat(Group("g", 1), Levels).SelectMany(g => g),
            0x15, .. Integer(Type), 0x25, .. Integer(0), 0x18, .. Name("text"), .. Type == Text ? [0x25, .. Integer(0)] : (byte[])[],
            .. Scale is { } scale ? [(byte)(Type == Text ? 0x15 : 0x35), .. Integer(scale)] : (byte[])[], 0,
            0x16, .. Integer(Rows), 0x19, 0x1C, .. group, .. FooterEnd,
        ];
        byte[] length = new byte[4];
        BinaryPrimitives.WriteInt32LittleEndian(length, footer.Length);
        return [.. "PAR1"u8, .. page, .. footer, .. length, .. "PAR1"u8];
    }

    private static byte[] Group(string name, long children) => [0x48, .. Name(name), 0x15, .. Integer(children), 0];

    private static byte[] Name(string name) => [(byte)name.Length, .. System.Text.Encoding.ASCII.GetBytes(name)];

    private static byte[] Integer(long value)
    {
        ulong left = (ulong)((value << 1) ^ (value >> 63));
        var bytes = new List<byte>();
        for (; left >= 0x80; left >>= 7)
        {
            bytes.Add((byte)(left | 0x80));
        }

        return [.. bytes, (byte)left];
    }
}
