namespace IlZo.Datasets;

/// <summary>What stands before a page of a column of a Parquet file.</summary>
internal sealed class ParquetPage
{
    private ParquetPage()
    {
    }

    /// <summary>0 for values, 2 for a dictionary, 3 for values in the form of version 2.</summary>
    public int Kind { get; private set; } = -1;

    /// <summary>Bytes of the page when it is decompressed.</summary>
    public int Size { get; private set; }

    /// <summary>Bytes of the page in the file.</summary>
    public int CompressedSize { get; private set; }

    /// <summary>How many values it has, nulls among them.</summary>
    public int Values { get; private set; }

    /// <summary>How the values are encoded.</summary>
    public int Encoding { get; private set; }

    /// <summary>Bytes in front that say where lists begin, in version 2.</summary>
    public int RepetitionBytes { get; private set; }

    /// <summary>Bytes in front that say what is null, in version 2. They are never compressed.</summary>
    public int LevelBytes { get; private set; }

    /// <summary>Whether the values are compressed if the column is.</summary>
    public bool IsCompressed { get; private set; } = true;

    /// <summary>Reads the header of a page.</summary>
    /// <param name="file">The file, at the header, and then behind it.</param>
    /// <param name="end">Where the pages of the file end at the latest.</param>
    /// <exception cref="InvalidDataException">It is none, or contradicts itself.</exception>
    public static ParquetPage Read(Stream file, long end)
    {
        var page = new ParquetPage();
        int form = -1;
        int nulls = 0;
        ParquetStructure.PageHeader.Read(new ThriftReader(file, end), Note);
        int[] sizes = [page.Size, page.CompressedSize, page.Values, nulls, page.LevelBytes];
        return form == page.Kind && sizes.All(s => s >= 0) && nulls <= page.Values
            && page.LevelBytes <= Math.Min(page.Size, page.CompressedSize) && page.CompressedSize <= end - file.Position
            ? page
            : throw new InvalidDataException("a page in it contradicts itself");

        void Note(string structure, int field, long value)
        {
            switch (structure, field)
            {
                case ("PageHeader", 1):
                    page.Kind = (int)value;
                    break;
                case ("PageHeader", 2):
                    page.Size = (int)value;
                    break;
                case ("PageHeader", 3):
                    page.CompressedSize = (int)value;
                    break;
                case ("DataPageHeader" or "DictionaryPageHeader" or "DataPageHeaderV2", 1):
                    page.Values = (int)value;
                    form = structure switch
                    {
                        "DataPageHeader" => 0,
                        "DictionaryPageHeader" => 2,
                        _ => 3,
                    };
                    break;
                case ("DataPageHeader" or "DictionaryPageHeader", 2) or ("DataPageHeaderV2", 4):
                    page.Encoding = (int)value;
                    break;
                case ("DataPageHeaderV2", 2):
                    nulls = (int)value;
                    break;
                case ("DataPageHeaderV2", 5):
                    page.LevelBytes = (int)value;
                    break;
                case ("DataPageHeaderV2", 6):
                    page.RepetitionBytes = (int)value;
                    break;
                case ("DataPageHeaderV2", 7):
                    page.IsCompressed = value != 0;
                    break;
            }
        }
    }
}
