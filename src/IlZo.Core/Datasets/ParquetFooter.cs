using System.Buffers.Binary;

namespace IlZo.Datasets;

/// <summary>Looks through the footer of a Parquet file before it is read.</summary>
internal sealed class ParquetFooter
{
    private const int MaxDepth = 64;
    private const int MaxDigits = 76;

    // How many elements are missing below each element of the schema on the way to the next.
    private readonly Stack<long> _missing = new();
    private long _children;
    private bool _begun;

    private ParquetFooter()
    {
    }

    /// <summary>Checks the footer of a file.</summary>
    /// <param name="file">The file.</param>
    /// <returns>Where it begins.</returns>
    /// <exception cref="InvalidDataException">It has none, or a broken one.</exception>
    public static long Check(Stream file)
    {
        const int End = 8;
        if (file.Length < End + 4)
        {
            throw new InvalidDataException("it is too short");
        }

        byte[] end = new byte[End];
        file.Position = file.Length - End;
        file.ReadExactly(end);
        int length = BinaryPrimitives.ReadInt32LittleEndian(end);
        if (!end.AsSpan(4).SequenceEqual("PAR1"u8) || length <= 0 || length > file.Length - End - 4)
        {
            throw new InvalidDataException("it does not end with a footer of Parquet that lies in it");
        }

        long start = file.Length - End - length;
        file.Position = start;
        var footer = new ParquetFooter();
        ParquetStructure.Footer.Read(new ThriftReader(file, file.Length - End), footer.Note);
        if (footer._missing.Count > 0)
        {
            throw new InvalidDataException("elements of its schema are missing");
        }

        return start;
    }

    private void Note(string structure, int field, long value)
    {
        switch (structure, field)
        {
            case ("SchemaElement", 5):
                _children = value;
                break;
            case ("SchemaElement", 2 or 7 or 8) or ("DecimalType", 1 or 2) when value < 0 || (field != 2 && value > MaxDigits):
                throw new InvalidDataException($"its schema has a length, a scale or a precision of {value}");
            case ("SchemaElement", ParquetStructure.End):
                Element();
                break;
        }
    }

    // The elements of the schema's tree stand with their numbers of children, from the root on.
    private void Element()
    {
        if (_begun && _missing.Count == 0)
        {
            throw new InvalidDataException("its schema has more than one root");
        }

        if (_children < 0 || _missing.Count == MaxDepth)
        {
            throw new InvalidDataException($"its schema has {_children} elements below one, or more than {MaxDepth} levels");
        }

        _begun = true;
        if (_missing.TryPop(out long siblings))
        {
            _missing.Push(siblings - 1);
        }

        _missing.Push(_children);
        while (_missing.TryPeek(out long left) && left == 0)
        {
            _missing.Pop();
        }

        _children = 0;
    }
}
