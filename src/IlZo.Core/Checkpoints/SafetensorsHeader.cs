using System.Buffers.Binary;
using System.Text.Json;
using IlZo.Files;
using IlZo.Tensors;

namespace IlZo.Checkpoints;

/// <summary>
/// Reads and checks the header of a safetensors file: 8 bytes of little-endian length, then a JSON object that gives each
/// tensor's <c>dtype</c>, <c>shape</c> and <c>data_offsets</c> (begin and end, counted from the end of the header), and
/// optionally <c>__metadata__</c>, an object of strings. The tensors fill the rest of the file without gap or overlap.
/// See https://github.com/huggingface/safetensors#format.
/// </summary>
internal sealed unsafe class SafetensorsHeader
{
    public const string MetadataKey = "__metadata__";

    /// <summary>
    /// What stands before the name of a tensor of bytes, [rows, bytes of a row], in the metadata where these are blocks; the value is the
    /// name of the type.
    /// </summary>
    public const string BlocksKey = "ilzo.blocks.";

    /// <summary>The limit of the reference implementation.</summary>
    private const long MaxHeaderBytes = 100_000_000;

    private readonly string _file;
    private readonly List<Range> _ranges = [];
    private readonly HashSet<string> _names = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _metadata = new(StringComparer.Ordinal);
    private bool _hasMetadata;

    private SafetensorsHeader(string file) => _file = file;

    private sealed record Range(string Name, string Type, long[] Shape, long Begin, long End);

    /// <summary>Parses the file that lies at <paramref name="data"/> and returns its tensors in the order of their offsets.</summary>
    /// <exception cref="InvalidInputException">The file breaks a rule of the format.</exception>
    public static (List<TensorEntry> Tensors, Dictionary<string, string> Metadata) Parse(string file, byte* data, long length)
    {
        if (length < 8)
        {
            ForeignContent.Refuse(file, new ReadOnlySpan<byte>(data, (int)length), "a safetensors file");
            throw new InvalidInputException($"'{file}' has {length} bytes; a safetensors file starts with an 8-byte header length.");
        }

        ulong headerLength = BinaryPrimitives.ReadUInt64LittleEndian(new ReadOnlySpan<byte>(data, 8));
        bool isWithin = headerLength >= 2 && headerLength <= MaxHeaderBytes && headerLength <= (ulong)length - 8;
        if (!isWithin || data[8] != (byte)'{')
        {
            ForeignContent.Refuse(file, new ReadOnlySpan<byte>(data, (int)Math.Min(length, MaxHeaderBytes)), "a safetensors file");
        }

        if (!isWithin)
        {
            throw new InvalidInputException(
                $"'{file}' has {length} bytes and claims a header of {headerLength}; "
                + $"at least 2 bytes, at most {MaxHeaderBytes} and no more than the file holds were expected, so it is not a safetensors "
                + "file, or its download was truncated.");
        }

        var json = new ReadOnlySpan<byte>(data + 8, (int)headerLength);
        if (json[0] != (byte)'{')
        {
            throw new InvalidInputException($"'{file}' has a header that starts with byte 0x{json[0]:x2}; '{{' was expected.");
        }

        var header = new SafetensorsHeader(file);
        try
        {
            header.ReadObject(json);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            // The reader reports malformed JSON as the first, strings that are not valid UTF-8 or UTF-16 as the second.
            throw new InvalidInputException($"'{file}' has a header that is not valid JSON in UTF-8: {e.Message}", e);
        }

        long dataLength = length - 8 - (long)headerLength;
        return (header.Place(data + 8 + headerLength, dataLength), header._metadata);
    }

    private void ReadObject(ReadOnlySpan<byte> json)
    {
        var reader = new Utf8JsonReader(json);
        reader.Read();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            string name = reader.GetString()!;
            reader.Read();
            if (name == MetadataKey)
            {
                ReadMetadata(ref reader);
            }
            else if (_names.Add(name))
            {
                ReadTensor(ref reader, name);
            }
            else
            {
                throw Bad(name, "is listed twice in the header; names must be distinct");
            }
        }

        // Only white space may follow; the reader refuses anything else.
        reader.Read();
    }

    private void ReadMetadata(ref Utf8JsonReader reader)
    {
        if (_hasMetadata)
        {
            throw new InvalidInputException($"'{_file}' has {MetadataKey} twice in the header; at most once was expected.");
        }

        _hasMetadata = true;
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            throw new InvalidInputException($"'{_file}' has a {MetadataKey} that is not an object; an object of strings was expected.");
        }

        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            string key = reader.GetString()!;
            reader.Read();
            if (reader.TokenType != JsonTokenType.String || !_metadata.TryAdd(key, reader.GetString()!))
            {
                throw new InvalidInputException(
                    $"'{_file}' has a {MetadataKey} entry '{Printable(key)}' that is not a string or is listed twice; "
                    + "distinct keys with strings were expected.");
            }
        }
    }

    private void ReadTensor(ref Utf8JsonReader reader, string name)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            throw Bad(name, "is described by something other than an object; dtype, shape and data_offsets were expected");
        }

        string? type = null;
        long[]? shape = null, offsets = null;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            string key = reader.GetString()!;
            reader.Read();
            switch (key)
            {
                case "dtype" when type == null && reader.TokenType == JsonTokenType.String:
                    type = reader.GetString()!;
                    break;
                case "shape" when shape == null:
                    shape = ReadNumbers(ref reader, name, key);
                    break;
                case "data_offsets" when offsets == null:
                    offsets = ReadNumbers(ref reader, name, key);
                    break;
                default:
                    throw Bad(name, $"has an unexpected, repeated or mistyped field '{Printable(key)}'; "
                        + "dtype (a string), shape and data_offsets (lists) were expected, each once");
            }
        }

        if (type == null || shape == null || offsets == null)
        {
            throw Bad(name, "lacks a field; dtype, shape and data_offsets were expected");
        }

        if (StoredType.Bits(type) == 0)
        {
            throw Bad(name, $"has the unknown dtype '{Printable(type)}'; a type of the format such as F32, F16 or BF16 was expected");
        }

        if (offsets.Length != 2 || offsets[0] > offsets[1])
        {
            throw Bad(name, $"has data_offsets [{string.Join(", ", offsets)}]; "
                + "a begin and an end that does not lie before it were expected");
        }

        if (!StoredType.TryGetByteCount(type, shape, out long byteCount) || byteCount != offsets[1] - offsets[0])
        {
            throw Bad(name, $"has data_offsets [{offsets[0]}, {offsets[1]}], "
                + $"which do not fit the size of dtype {type} and shape [{string.Join(", ", shape)}]");
        }

        _ranges.Add(new Range(name, type, shape, offsets[0], offsets[1]));
    }

    private long[] ReadNumbers(ref Utf8JsonReader reader, string name, string field)
    {
        var numbers = new List<long>();
        bool valid = reader.TokenType == JsonTokenType.StartArray;
        while (valid && reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            valid = reader.TokenType == JsonTokenType.Number && reader.TryGetInt64(out long number) && number >= 0;
            if (valid)
            {
                numbers.Add(reader.GetInt64());
            }
        }

        return valid ? [.. numbers] : throw Bad(name, $"has a {field} that is not a list of non-negative 63-bit integers");
    }

    private List<TensorEntry> Place(byte* data, long length)
    {
        // Sorted by both ends, an empty tensor comes before the one that starts where it lies.
        _ranges.Sort((a, b) => (a.Begin, a.End).CompareTo((b.Begin, b.End)));
        var tensors = new List<TensorEntry>(_ranges.Count);
        long end = 0;
        foreach (var range in _ranges)
        {
            if (range.End > length)
            {
                throw Bad(range.Name, $"ends at byte {range.End} of the data; the file holds {length} bytes of data, so its end is missing "
                    + "and it has to be downloaded again");
            }

            if (range.Begin != end)
            {
                string what = range.Begin < end ? "overlaps the tensor before it" : "leaves a gap before it";
                throw Bad(range.Name, $"{what}: it begins at byte {range.Begin} of the data where {end} was expected");
            }

            end = range.End;
            var (type, shape) = Unpacked(range);
            tensors.Add(new TensorEntry(_file, range.Name, type, shape, data + range.Begin));
        }

        if (_metadata.Keys.FirstOrDefault(key => key.StartsWith(BlocksKey, StringComparison.Ordinal)) is { } left)
        {
            throw new InvalidInputException(
                $"'{_file}' has a {MetadataKey} entry '{Printable(left)}' for a tensor that it does not have; one of its tensors was "
                    + "expected.");
        }

        return end == length ? tensors : throw new InvalidInputException(
            $"'{_file}' has {length} bytes of data; {end} were expected, where the last tensor ends.");
    }

    // What a tensor is of which the metadata says that its bytes are blocks.
    private (string Type, long[] Shape) Unpacked(Range range)
    {
        if (!_metadata.Remove(BlocksKey + range.Name, out string? name))
        {
            return (range.Type, range.Shape);
        }

        if (!StoredType.IsBlocked(name) || !StoredType.TryGetDType(name, out var type))
        {
            throw Bad(range.Name, $"is in blocks of the unknown type '{Printable(name)}'; one of {string.Join(", ", StoredType.Blocked)} "
                + "was expected");
        }

        var layout = type.Layout();
        bool isMatrix = range.Type == "U8" && range.Shape is [> 0, > 0 and var bytes] && bytes % layout.BlockBytes == 0
            && bytes / layout.BlockBytes <= int.MaxValue / layout.BlockElements;
        return isMatrix
            ? (name, [range.Shape[0], range.Shape[1] / layout.BlockBytes * layout.BlockElements])
            : throw Bad(range.Name, $"has dtype {range.Type} and shape [{string.Join(", ", range.Shape)}] for blocks of {name}; U8 and "
                + $"[rows, bytes], a multiple of {layout.BlockBytes} bytes, was expected");
    }

    private InvalidInputException Bad(string tensor, string problem) => new($"'{_file}': tensor '{Printable(tensor)}' {problem}.");

    /// <summary>A name from a file as it can stand in a one-line message.</summary>
    public static string Printable(string name)
    {
        string shown = name.Length <= 200 ? name : name[..200] + "…";
        return string.Concat(shown.Select(c => char.IsControl(c) ? $"\\u{(int)c:x4}" : c.ToString()));
    }
}
