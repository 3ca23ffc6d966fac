using Parquet;
using Parquet.Meta;
using Parquet.Schema;

namespace IlZo.Datasets;

/// <summary>
/// Looks through the pages of the columns of a Parquet file before they are read, because their reader allocates what they claim: how many
/// values they have, how large they are without compression, and how they are encoded. All claims together have to be in proportion to the
/// file.
/// </summary>
internal sealed class ParquetPages
{
    // Values that are all null or all equal take next to nothing, but some column of a row takes at least a bit.
    private const int ValuesPerByte = 8;
    private const int FreeValues = 1024;
    private const int FreeValuesOfAllColumns = 256 << 10;

    // Text that repeats is compressed to a hundredth, and bombs to less.
    private const int Compression = 256;
    private const int FreeBytes = 8 << 20;

    private readonly PartOfFile _file;
    private readonly long _end;
    private long _bytes;
    private long _rows;
    private long _values;
    private long _decompressed;

    /// <param name="file">The file, all of it open.</param>
    /// <param name="end">Where its pages end at the latest.</param>
    public ParquetPages(PartOfFile file, long end)
    {
        (_file, _end, _bytes) = (file, end, end);
        _rows = FreeValues + (ValuesPerByte * end);
        _values = FreeValuesOfAllColumns + (ValuesPerByte * end);
        _decompressed = FreeBytes + (Compression * end);
    }

    /// <summary>Checks the number of rows of a row group.</summary>
    /// <exception cref="InvalidDataException">There are too many for the file.</exception>
    public void CheckRows(long rows) => Take(ref _rows, rows, "rows");

    /// <summary>Checks the pages of a column of a row group, and leaves the part of the file open that they are in.</summary>
    /// <exception cref="InvalidDataException">They are not what they should be.</exception>
    public void Check(ParquetRowGroupReader group, DataField column)
    {
        var chunk = group.GetMetadata(column)?.MetaData ?? throw new InvalidDataException($"the column {column.Path} is missing");
        long left = chunk.NumValues;
        if (column.MaxRepetitionLevel > 0 ? left < group.RowCount : left != group.RowCount)
        {
            throw new InvalidDataException($"the column {column.Path} has {left} values for {group.RowCount} rows");
        }

        if (left > Math.Min(FreeValues + (ValuesPerByte * _end), int.MaxValue / 16))
        {
            throw new InvalidDataException($"the column {column.Path} has {left} values, too many for a file of its size");
        }

        Take(ref _values, left, "values");
        long start = new[] { chunk.DictionaryPageOffset ?? 0, chunk.DataPageOffset, chunk.IndexPageOffset
            ?? 0 }.Where(offset => offset != 0).DefaultIfEmpty().Min();
        long at = start;
        _file.Open(0, _end);
        while (left > 0)
        {
            if (at < 4 || at >= _end)
            {
                throw new InvalidDataException($"the column {column.Path} has fewer values than it should");
            }

            _file.Position = at;
            var page = ParquetPage.Read(_file, _end);
            long behind = _file.Position + page.CompressedSize;
            Take(ref _bytes, behind - at, "bytes of pages");
            Check(page, chunk, column, left);
            left -= page.Kind == 2 ? 0 : page.Values;
            at = behind;
        }

        _file.Open(start, at);
    }

    private void Check(ParquetPage page, ColumnMetaData chunk, DataField column, long left)
    {
        var content = new ParquetPageContent(_file, page, chunk.Codec);
        long claimed = Math.Max(page.Size, content.ClaimedSize());
        if (claimed > FreeBytes + ((long)Compression * page.CompressedSize) || (!content.IsCompressed && page.Size > page.CompressedSize))
        {
            throw new InvalidDataException(
                $"a page of the column {column.Path} claims {claimed} bytes, which cannot be in {page.CompressedSize}");
        }

        Take(ref _decompressed, page.Size, "bytes without compression");
        if (page.Kind == 2)
        {
            if (page.Values > page.Size)
            {
                throw new InvalidDataException($"the dictionary of the column {column.Path} has more values than bytes");
            }

            return;
        }

        if (page.Values > left)
        {
            throw new InvalidDataException($"the column {column.Path} has more values than it should");
        }

        if (page.Kind == 3 && (page.RepetitionBytes > 0 || column.MaxRepetitionLevel > 0))
        {
            throw new InvalidDataException($"the column {column.Path} is a list in pages of version 2, which is not supported");
        }

        if (page.LevelBytes > 0 && column.MaxDefinitionLevel == 0)
        {
            throw new InvalidDataException($"the column {column.Path} cannot be null and has nulls");
        }

        CheckEncoding(page, content, column);
    }

    private static void CheckEncoding(ParquetPage page, ParquetPageContent content, DataField column)
    {
        var encoding = (Encoding)page.Encoding;
        bool text = column.ClrType == typeof(ReadOnlyMemory<char>) || column.ClrType == typeof(string);
        bool whole = System.Type.GetTypeCode(column.ClrType) is >= TypeCode.Int16 and <= TypeCode.UInt64;
        bool real = System.Type.GetTypeCode(column.ClrType) is TypeCode.Single or TypeCode.Double;
        bool supported = encoding switch
        {
            Encoding.PLAIN or Encoding.PLAIN_DICTIONARY or Encoding.RLE_DICTIONARY => true,
            Encoding.DELTA_BINARY_PACKED => whole,
            Encoding.DELTA_LENGTH_BYTE_ARRAY => text,
            Encoding.BYTE_STREAM_SPLIT => whole || real,
            _ => false,
        };
        if (!supported)
        {
            throw new InvalidDataException(
                $"the column {column.Path} is encoded as {encoding}, which is not supported for {(text ? "texts" : column.ClrType.Name)}");
        }

        if (encoding is Encoding.DELTA_BINARY_PACKED or Encoding.DELTA_LENGTH_BYTE_ARRAY && page.Values > 0)
        {
            content.CheckDeltas(column);
        }
    }

    private static void Take(ref long left, long count, string what)
    {
        if (count < 0 || count > left)
        {
            throw new InvalidDataException($"it claims more {what} than a file of its size can have");
        }

        left -= count;
    }
}
