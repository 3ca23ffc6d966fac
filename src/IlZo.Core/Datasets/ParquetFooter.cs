using System.Buffers.Binary;

namespace IlZo.Datasets;

/// <summary>
/// Looks through the footer of a Parquet file before it is read: a structure in Thrift's compact protocol, of which no list may claim more elements, and
/// no text more bytes, than there are bytes left. A reader that believed such a number would be busy for minutes.
/// </summary>
internal ref struct ParquetFooter
{
    private const int MaxDepth = 64;

    private readonly ReadOnlySpan<byte> _bytes;
    private int _at;

    private ParquetFooter(ReadOnlySpan<byte> bytes) => _bytes = bytes;

    /// <summary>Checks the footer of a file.</summary>
    /// <param name="file">The file, which is left at its start.</param>
    /// <exception cref="InvalidDataException">It has none, or a broken one.</exception>
    public static void Check(Stream file)
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

        byte[] footer = new byte[length];
        file.Position = file.Length - End - length;
        file.ReadExactly(footer);
        file.Position = 0;
        new ParquetFooter(footer).Structure(MaxDepth);
    }

    private void Structure(int depth)
    {
        while (Byte() is not 0 and var header)
        {
            if (header >> 4 == 0)
            {
                Number();
            }

            // Truth values of fields are part of their header.
            int type = header & 0xF;
            if (type is not (1 or 2))
            {
                Value(type, depth);
            }
        }
    }

    private void Value(int type, int depth)
    {
        if (depth == 0)
        {
            throw new InvalidDataException("its footer is nested too deep");
        }

        switch (type)
        {
            case 1 or 2 or 3:
                Byte();
                break;
            case 4 or 5 or 6:
                Number();
                break;
            case 7:
                Skip(8);
                break;
            case 8:
                Skip(Number());
                break;
            case 9 or 10:
                byte list = Byte();
                Elements(list >> 4 == 15 ? Number() : (ulong)(list >> 4), depth, list & 0xF);
                break;
            case 11:
                ulong count = Number();
                byte types = count > 0 ? Byte() : (byte)0;
                Elements(count, depth, types >> 4, types & 0xF);
                break;
            case 12:
                Structure(depth - 1);
                break;
            case 13:
                Skip(16);
                break;
            default:
                throw new InvalidDataException("its footer holds a value of no type that there is");
        }
    }

    private void Elements(ulong count, int depth, params ReadOnlySpan<int> types)
    {
        if (count > (ulong)(_bytes.Length - _at))
        {
            throw new InvalidDataException("its footer is shorter than a list that it holds");
        }

        for (ulong i = 0; i < count; i++)
        {
            foreach (int type in types)
            {
                Value(type, depth - 1);
            }
        }
    }

    private byte Byte() => _at < _bytes.Length ? _bytes[_at++] : throw new InvalidDataException("its footer is cut");

    private ulong Number()
    {
        ulong value = 0;
        for (int shift = 0; shift < 70; shift += 7)
        {
            byte part = Byte();
            value |= (ulong)(part & 0x7F) << shift;
            if (part < 0x80)
            {
                return value;
            }
        }

        throw new InvalidDataException("its footer holds a number of more than ten bytes");
    }

    private void Skip(ulong length)
    {
        if (length > (ulong)(_bytes.Length - _at))
        {
            throw new InvalidDataException("its footer is shorter than a text that it holds");
        }

        _at += (int)length;
    }
}
