using Parquet;
using Parquet.Schema;

namespace IlZo.Datasets;

/// <summary>
/// Puts the columns of a row group together to records, by their repetition and definition levels ("Dremel: Interactive Analysis of
/// Web-Scale Datasets", section 4.3). Members of a structure that are null are left out of it: Arrow writes all members of all structures.
/// </summary>
internal sealed class ParquetRecords
{
    private readonly (string Name, Node Node)[] _columns;
    private long _left;

    private ParquetRecords((string Name, Node Node)[] columns, long rows) => (_columns, _left) = (columns, rows);

    /// <summary>Whether all records were read.</summary>
    public bool AtEnd => _left == 0;

    /// <summary>Reads a row group.</summary>
    /// <param name="reader">The file.</param>
    /// <param name="group">The group's number.</param>
    /// <param name="pages">Looks at what is about to be read.</param>
    /// <exception cref="Exception">It is broken.</exception>
    public static ParquetRecords Read(ParquetReader reader, int group, ParquetPages pages)
    {
        if (reader.Schema.Fields is [])
        {
            throw new InvalidDataException("it has no columns");
        }

        using var source = reader.OpenRowGroupReader(group);
        pages.CheckRows(source.RowCount);
        return new ParquetRecords([.. reader.Schema.Fields.Select(field => (field.Name, Of(source, field, pages)))], source.RowCount);
    }

    /// <summary>The next record.</summary>
    public OrderedDictionary<string, object?> Next()
    {
        _left--;
        return new OrderedDictionary<string, object?>(_columns.Select(c => KeyValuePair.Create(c.Name, c.Node.Next())));
    }

    private static Node Of(ParquetRowGroupReader source, Field field, ParquetPages pages) => field switch
    {
        StructField structure => new StructureNode(structure, [.. structure.Fields.Select(f => (f.Name, Of(source, f, pages)))]),
        ListField list => new ListNode(list, Of(source, list.Item, pages)),
        MapField map => new MapNode(map, Of(source, map.Key, pages), Of(source, map.Value, pages)),
        DataField data when data.IsArray =>
            throw new InvalidDataException($"the column {data.Path} repeats without being a list, which is not supported"),
        DataField data => Column(source, data, pages),
        _ => throw new InvalidDataException($"the column {field.Path} is of a kind that is not supported"),
    };

    private static Leaf Column(ParquetRowGroupReader source, DataField field, ParquetPages pages)
    {
        pages.Check(source, field);
        var column = ParquetColumn.Read(source, field);
        return new Leaf(field, column.Values, column.Definitions, column.Repetitions);
    }

    /// <summary>A part of the schema with its place in the columns below it.</summary>
    private abstract class Node
    {
        /// <summary>The leftmost of the columns below.</summary>
        public abstract Leaf First { get; }

        /// <summary>The next value, and all columns below behind it.</summary>
        public abstract object? Next();

        /// <summary>Goes past a value that is null or empty further up.</summary>
        public abstract void Skip();
    }

    private sealed class Leaf(DataField column, object?[] values, int[] definitions, int[] repetitions) : Node
    {
        private int _value;
        private int _level;

        public override Leaf First => this;

        /// <summary>How far the value is defined.</summary>
        public int Definition => definitions.Length == 0 ? column.MaxDefinitionLevel : definitions[_level];

        /// <summary>Whether the value that is next goes on with a list that began at a level.</summary>
        public bool Repeats(int level) => _level < repetitions.Length && repetitions[_level] >= level;

        public override object? Next()
        {
            bool defined = Definition == column.MaxDefinitionLevel;
            _level++;
            return defined ? values[_value++] : null;
        }

        public override void Skip() => Next();
    }

    private sealed class StructureNode(StructField field, (string Name, Node Node)[] members) : Node
    {
        public override Leaf First => members[0].Node.First;

        public override object? Next()
        {
            if (First.Definition < field.MaxDefinitionLevel)
            {
                Skip();
                return null;
            }

            var values = new OrderedDictionary<string, object?>();
            foreach (var (name, node) in members)
            {
                if (node.Next() is { } value)
                {
                    values[name] = value;
                }
            }

            return values;
        }

        public override void Skip()
        {
            foreach (var (_, node) in members)
            {
                node.Skip();
            }
        }
    }

    private sealed class ListNode(ListField field, Node item) : Node
    {
        public override Leaf First => item.First;

        public override object? Next()
        {
            int definition = First.Definition;
            if (definition < field.MaxDefinitionLevel)
            {
                Skip();
                return definition == field.MaxDefinitionLevel - 1 ? new List<object?>() : null;
            }

            var items = new List<object?>();
            do
            {
                items.Add(item.Next());
            }
            while (First.Repeats(field.MaxRepetitionLevel));
            return items;
        }

        public override void Skip() => item.Skip();
    }

    private sealed class MapNode(MapField field, Node key, Node value) : Node
    {
        public override Leaf First => key.First;

        public override object? Next()
        {
            int definition = First.Definition;
            if (definition < field.MaxDefinitionLevel)
            {
                Skip();
                return definition == field.MaxDefinitionLevel - 1 ? new OrderedDictionary<string, object?>() : null;
            }

            var entries = new OrderedDictionary<string, object?>();
            do
            {
                string name = key.Next() as string ?? throw new InvalidDataException(
                    $"the column {field.Path} has keys that are not text, which is not supported");
                object? held = value.Next();
                if (held is not null)
                {
                    entries[name] = held;
                }
            }
            while (First.Repeats(field.MaxRepetitionLevel));
            return entries;
        }

        public override void Skip()
        {
            key.Skip();
            value.Skip();
        }
    }
}
