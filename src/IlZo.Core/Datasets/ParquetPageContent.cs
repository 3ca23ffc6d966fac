using System.Buffers.Binary;
using System.IO.Compression;
using K4os.Compression.LZ4;
using Parquet.Meta;
using Parquet.Schema;
using Snappier;
using ZstdSharp;

namespace IlZo.Datasets;

/// <summary>The bytes of a page of a Parquet file, as far as they say what their reader will allocate.</summary>
internal sealed class ParquetPageContent
{
    // Writers use blocks of 128 to 1024 values.
    private const int MaxBlock = 1 << 16;

    private readonly ParquetPage _page;
    private readonly CompressionCodec _codec;
    private readonly byte[] _bytes;

    /// <param name="file">The file, behind the page's header.</param>
    /// <param name="page">The header.</param>
    /// <param name="codec">How the column is compressed.</param>
    public ParquetPageContent(Stream file, ParquetPage page, CompressionCodec codec)
    {
        _page = page;
        _codec = page.IsCompressed ? codec : CompressionCodec.UNCOMPRESSED;
        _bytes = new byte[page.CompressedSize];
        file.ReadExactly(_bytes);
    }

    /// <summary>Whether the page is compressed.</summary>
    public bool IsCompressed => _codec != CompressionCodec.UNCOMPRESSED;

    private ReadOnlySpan<byte> Compressed => _bytes.AsSpan(_page.LevelBytes);

    /// <summary>How many bytes the compressed bytes themselves claim to be.</summary>
    public long ClaimedSize() => _codec switch
    {
        _ when Compressed.IsEmpty => 0,
        CompressionCodec.SNAPPY => Snappy.GetUncompressedLength(Compressed),
        CompressionCodec.ZSTD => (long)Math.Min(Decompressor.GetDecompressedSize(Compressed), long.MaxValue),
        _ => 0,
    };

    /// <summary>Checks the blocks of values that are differences.</summary>
    /// <exception cref="InvalidDataException">They are larger than any writer makes them.</exception>
    public void CheckDeltas(DataField column)
    {
        byte[] content = Decompressed();
        int at = IsCompressed ? 0 : _page.LevelBytes;
        for (int levels = _page.Kind == 3
            ? 0
            : Math.Sign(column.MaxRepetitionLevel) + Math.Sign(column.MaxDefinitionLevel); levels > 0; levels--)
        {
            int length = content.Length - at >= 4 ? BinaryPrimitives.ReadInt32LittleEndian(content.AsSpan(at)) : -1;
            at = length >= 0 && length <= content.Length - at - 4
                ? at + 4 + length
                : throw new InvalidDataException($"a page of the column {column.Path} is truncated");
        }

        var reader = new ThriftReader(new MemoryStream(content) { Position = at }, content.Length);
        if (reader.Left == 0)
        {
            return;
        }

        ulong block = reader.Number(32);
        ulong parts = reader.Number(32);
        if (block > MaxBlock || parts == 0 || parts > block)
        {
            throw new InvalidDataException($"a page of the column {column.Path} has blocks of {block} values in {parts} parts");
        }
    }

    private byte[] Decompressed()
    {
        switch (_codec)
        {
            case CompressionCodec.UNCOMPRESSED:
                return _bytes;
            case CompressionCodec.SNAPPY:
                return Snappy.DecompressToArray(Compressed);
            case CompressionCodec.ZSTD:
                using (var zstd = new Decompressor())
                {
                    return zstd.Unwrap(Compressed).ToArray();
                }

            case CompressionCodec.LZ4 or CompressionCodec.LZ4_RAW:
                byte[] target = new byte[_page.Size];
                return target[..Math.Max(0, LZ4Codec.Decode(Compressed, target))];
            default:
                using (var source = new MemoryStream(_bytes, _page.LevelBytes, _bytes.Length - _page.LevelBytes))
                using (Stream stream = _codec == CompressionCodec.GZIP
                    ? new GZipStream(source, CompressionMode.Decompress)
                    : new BrotliStream(source, CompressionMode.Decompress))
                {
                    byte[] content = new byte[_page.Size];
                    return content[..stream.ReadAtLeast(content, content.Length, throwOnEndOfStream: false)];
                }
        }
    }
}
