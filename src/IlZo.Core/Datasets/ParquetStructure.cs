using System.Globalization;

namespace IlZo.Datasets;

/// <summary>
/// A structure of Parquet's footers and page headers, read to see that it is one: every field has the type that it should have, and no list
/// and no text is longer than its bytes. A reader that goes by the numbers of fields alone reads nonsense otherwise, perhaps without end.
/// </summary>
internal sealed class ParquetStructure
{
    /// <summary>The end of a structure, as a field's number.</summary>
    public const int End = 0;

    // As in parquet.thrift of format version 2.11: numbers and types of fields. Enumerations are of type i32.
    private const string Definitions = """
        FileMetaData 1:i32 2:[SchemaElement] 3:i64 4:[RowGroup] 5:[KeyValue] 6:binary 7:[ColumnOrder] 8:EncryptionAlgorithm 9:binary
        SchemaElement 1:i32 2:i32 3:i32 4:binary 5:i32 6:i32 7:i32 8:i32 9:i32 10:LogicalType
        LogicalType 1:Empty 2:Empty 3:Empty 4:Empty 5:DecimalType 6:Empty 7:TimeType 8:TimestampType 10:IntType 11:Empty 12:Empty 13:Empty 14:Empty 15:Empty 16:VariantType 17:GeometryType 18:GeographyType
        DecimalType 1:i32 2:i32
        TimeType 1:bool 2:TimeUnit
        TimeUnit 1:Empty 2:Empty 3:Empty
        TimestampType 1:bool 2:TimeUnit
        IntType 1:i8 2:bool
        VariantType 1:i8
        GeometryType 1:binary
        GeographyType 1:binary 2:i32
        RowGroup 1:[ColumnChunk] 2:i64 3:i64 4:[SortingColumn] 5:i64 6:i64 7:i16
        ColumnChunk 1:binary 2:i64 3:ColumnMetaData 4:i64 5:i32 6:i64 7:i32 8:ColumnCryptoMetaData 9:binary
        ColumnMetaData 1:i32 2:[i32] 3:[binary] 4:i32 5:i64 6:i64 7:i64 8:[KeyValue] 9:i64 10:i64 11:i64 12:Statistics 13:[PageEncodingStats] 14:i64 15:i32 16:SizeStatistics 17:GeospatialStatistics
        KeyValue 1:binary 2:binary
        Statistics 1:binary 2:binary 3:i64 4:i64 5:binary 6:binary 7:bool 8:bool
        PageEncodingStats 1:i32 2:i32 3:i32
        SizeStatistics 1:i64 2:[i64] 3:[i64]
        GeospatialStatistics 1:BoundingBox 2:[i32]
        BoundingBox 1:double 2:double 3:double 4:double 5:double 6:double 7:double 8:double
        ColumnCryptoMetaData 1:Empty 2:EncryptionWithColumnKey
        EncryptionWithColumnKey 1:[binary] 2:binary
        SortingColumn 1:i32 2:bool 3:bool
        ColumnOrder 1:Empty
        EncryptionAlgorithm 1:AesGcmV1 2:AesGcmCtrV1
        AesGcmV1 1:binary 2:binary 3:bool
        AesGcmCtrV1 1:binary 2:binary 3:bool
        PageHeader 1:i32 2:i32 3:i32 4:i32 5:DataPageHeader 6:Empty 7:DictionaryPageHeader 8:DataPageHeaderV2
        DataPageHeader 1:i32 2:i32 3:i32 4:i32 5:Statistics
        DictionaryPageHeader 1:i32 2:i32 3:bool
        DataPageHeaderV2 1:i32 2:i32 3:i32 4:i32 5:i32 6:i32 7:bool 8:Statistics
        Empty
        """;

    private static readonly Dictionary<string, ParquetStructure> s_all = Definitions.Split('\n', StringSplitOptions.TrimEntries).Select(
        line => line.Split(' '))
        .ToDictionary(
            parts => parts[0],
            parts => new ParquetStructure(parts[0], [.. parts[1..].Select(part => part.Split(':'))]),
            StringComparer.Ordinal);

    private readonly Dictionary<int, string> _fields;

    private ParquetStructure(string name, string[][] fields)
    {
        Name = name;
        _fields = fields.ToDictionary(f => int.Parse(f[0], CultureInfo.InvariantCulture), f => f[1]);
    }

    /// <summary>A number that a structure holds, or the <see cref="End"/> of a structure.</summary>
    /// <param name="structure">The structure's name.</param>
    /// <param name="field">The field's number.</param>
    /// <param name="value">The number; 1 and 0 for true and false.</param>
    public delegate void Found(string structure, int field, long value);

    /// <summary>The footer.</summary>
    public static ParquetStructure Footer => s_all["FileMetaData"];

    /// <summary>What stands before a page.</summary>
    public static ParquetStructure PageHeader => s_all["PageHeader"];

    private string Name { get; }

    /// <summary>Reads the structure.</summary>
    /// <param name="reader">Where it begins.</param>
    /// <param name="found">Told of every number, in order.</param>
    /// <exception cref="InvalidDataException">It is no such structure.</exception>
    public void Read(ThriftReader reader, Found found)
    {
        int last = 0;
        while (reader.Byte() is not 0 and var header)
        {
            int field = header >> 4 == 0 ? (int)reader.Integer(16) : last + (header >> 4);
            if (field <= last)
            {
                throw Broken("its fields are out of order");
            }

            last = field;
            Field(reader, field, (ThriftType)(header & 0xF), found);
        }

        found(Name, End, 0);
    }

    private void Field(ThriftReader reader, int field, ThriftType type, Found found)
    {
        if (!_fields.TryGetValue(field, out string? expected))
        {
            SkipUnknown(reader, field, type);
            return;
        }

        bool list = expected[0] == '[';
        string name = expected.Trim('[', ']');
        Expect(field, type, list ? ThriftType.List : TypeOf(name));
        if (!list)
        {
            Value(reader, field, name, type, found);
            return;
        }

        var (elements, count) = ListHeader(reader);
        if (count > 0)
        {
            Expect(field, elements, TypeOf(name));
        }

        for (int i = 0; i < count; i++)
        {
            Value(reader, field, name, elements, found);
        }
    }

    private void Value(ThriftReader reader, int field, string name, ThriftType type, Found found)
    {
        switch (type)
        {
            case ThriftType.True or ThriftType.False:
                found(Name, field, type == ThriftType.True ? 1 : 0);
                break;
            case ThriftType.I16 or ThriftType.I32 or ThriftType.I64:
                found(Name, field, reader.Integer(Bits(type)));
                break;
            case ThriftType.Struct:
                s_all[name].Read(reader, found);
                break;
            default:
                Skip(reader, type);
                break;
        }
    }

    // Fields of later versions of the format, of types that every reader goes past in the same way: structures that hold something are
    // none.
    private void SkipUnknown(ThriftReader reader, int field, ThriftType type)
    {
        if (type is ThriftType.True or ThriftType.False || (type == ThriftType.Struct && reader.Byte() == 0))
        {
            return;
        }

        var (elements, count) = type == ThriftType.List ? ListHeader(reader) : (type, 1);
        if (elements is < ThriftType.Byte or > ThriftType.Binary && count > 0)
        {
            throw Broken($"its field {field} is not known");
        }

        for (int i = 0; i < count; i++)
        {
            Skip(reader, elements);
        }
    }

    private static void Skip(ThriftReader reader, ThriftType type)
    {
        switch (type)
        {
            case ThriftType.Byte:
                reader.Skip(1);
                break;
            case ThriftType.Double:
                reader.Skip(8);
                break;
            case ThriftType.Binary:
                reader.Skip(reader.Count());
                break;
            default:
                reader.Integer(Bits(type));
                break;
        }
    }

    private static (ThriftType Elements, int Count) ListHeader(ThriftReader reader)
    {
        byte header = reader.Byte();
        int count = header >> 4 == 15 ? reader.Count() : header >> 4;
        return ((ThriftType)(header & 0xF), count);
    }

    private void Expect(int field, ThriftType type, ThriftType expected)
    {
        if ((type == ThriftType.False ? ThriftType.True : type) != expected)
        {
            throw Broken($"its field {field} is of the type {(int)type}; {(int)expected} was expected");
        }
    }

    private InvalidDataException Broken(string how) => new($"its {Name} is broken: {how}");

    private static int Bits(ThriftType type) => type switch
    {
        ThriftType.I16 => 16,
        ThriftType.I32 => 32,
        _ => 64,
    };

    private static ThriftType TypeOf(string name) => name switch
    {
        "bool" => ThriftType.True,
        "i8" => ThriftType.Byte,
        "i16" => ThriftType.I16,
        "i32" => ThriftType.I32,
        "i64" => ThriftType.I64,
        "double" => ThriftType.Double,
        "binary" => ThriftType.Binary,
        _ => ThriftType.Struct,
    };

    private enum ThriftType
    {
        True = 1,
        False,
        Byte,
        I16,
        I32,
        I64,
        Double,
        Binary,
        List,
        Struct = 12,
    }
}
