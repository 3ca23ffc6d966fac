using System.Globalization;
using System.Runtime.InteropServices;
using Parquet;
using Parquet.Schema;

namespace IlZo.Datasets;

/// <summary>The values of a column of a row group, with the levels that put them together.</summary>
internal sealed class ParquetColumn
{
    private static readonly Dictionary<Type, Func<ParquetColumn, object[]>> s_readers = new()
    {
        [typeof(ReadOnlyMemory<char>)] = c => c.Texts(),
        [typeof(ReadOnlyMemory<byte>)] = c => throw new InvalidDataException(
            $"the column {c._field.Path} is of bytes without a meaning; text was expected"),
        [typeof(bool)] = c => c.Boxed<bool>(v => v),
        [typeof(sbyte)] = c => c.Boxed<sbyte>(v => (long)v),
        [typeof(byte)] = c => c.Boxed<byte>(v => (long)v),
        [typeof(short)] = c => c.Boxed<short>(v => (long)v),
        [typeof(ushort)] = c => c.Boxed<ushort>(v => (long)v),
        [typeof(int)] = c => c.Boxed<int>(v => (long)v),
        [typeof(uint)] = c => c.Boxed<uint>(v => (long)v),
        [typeof(long)] = c => c.Boxed<long>(v => v),
        [typeof(ulong)] = c => c.Boxed<ulong>(v => v <= long.MaxValue ? (long)v : (object)(double)v),
        [typeof(Half)] = c => c.Boxed<Half>(v => (double)v),
        [typeof(float)] = c => c.Boxed<float>(v => (double)v),
        [typeof(double)] = c => c.Boxed<double>(v => v),
        [typeof(decimal)] = c => c.Boxed<decimal>(v => v.ToString(CultureInfo.InvariantCulture)),
        [typeof(DateTime)] = c => c.Boxed<DateTime>(v => v.ToString("O", CultureInfo.InvariantCulture)),
        [typeof(DateOnly)] = c => c.Boxed<DateOnly>(v => v.ToString("O", CultureInfo.InvariantCulture)),
        [typeof(TimeOnly)] = c => c.Boxed<TimeOnly>(v => v.ToString("O", CultureInfo.InvariantCulture)),
        [typeof(TimeSpan)] = c => c.Boxed<TimeSpan>(v => v.ToString("c", CultureInfo.InvariantCulture)),
        [typeof(Guid)] = c => c.Boxed<Guid>(v => v.ToString()),
    };

    private readonly ParquetRowGroupReader _source;
    private readonly DataField _field;
    private readonly int _count;

    private ParquetColumn(ParquetRowGroupReader source, DataField field)
    {
        (_source, _field) = (source, field);
        _count = checked((int)source.GetMetadata(field)!.MetaData!.NumValues);
        Definitions = field.MaxDefinitionLevel > 0 ? new int[_count] : [];
        Repetitions = field.MaxRepetitionLevel > 0 ? new int[_count] : [];
        Values = s_readers.TryGetValue(field.ClrType, out var read)
            ? read(this)
            : throw new InvalidDataException($"the column {field.Path} is of the type {field.ClrType.Name}, which is not supported");
    }

    /// <summary>The values that are not null.</summary>
    public object[] Values { get; }

    /// <summary>How far each value is defined; empty where all are.</summary>
    public int[] Definitions { get; }

    /// <summary>The list that each value goes on with; empty where there is none.</summary>
    public int[] Repetitions { get; }

    /// <summary>Reads a column, whose pages were checked.</summary>
    /// <exception cref="Exception">It is broken, or of a type that is not supported.</exception>
    public static ParquetColumn Read(ParquetRowGroupReader source, DataField field) => new(source, field);

    // Values of a dictionary are the same memory wherever they stand, and values that the file lacks are no memory.
    private object[] Texts()
    {
        var texts = new Dictionary<ReadOnlyMemory<char>, string>();
        return Boxed<ReadOnlyMemory<char>>(memory => memory.Equals(default)
            ? throw new InvalidDataException($"the column {_field.Path} has fewer values than it should")
            : CollectionsMarshal.GetValueRefOrAddDefault(texts, memory, out _) ??= memory.ToString());
    }

    private object[] Boxed<T>(Func<T, object> box)
        where T : struct
    {
        var values = new T[_count];
        _source.ReadRawAsync<T>(_field, values, Levels(Definitions), Levels(Repetitions)).AsTask().GetAwaiter().GetResult();
        object[] boxed = new object[_field.MaxDefinitionLevel > 0 ? Definitions.Count(d => d == _field.MaxDefinitionLevel) : _count];
        for (int i = 0; i < boxed.Length; i++)
        {
            boxed[i] = box(values[i]);
        }

        return boxed;
    }

    private Memory<int>? Levels(int[] levels) => levels.Length == 0 && _count > 0 ? default(Memory<int>?) : levels;
}
