using System.Text.Json;
using IlZo.Files;

namespace IlZo.Reporting;

/// <summary>
/// Reads <c>metrics.jsonl</c>, also that of a run that goes on: each call reads the lines that were added since the one before. What a
/// crash left of a last line is not read.
/// </summary>
/// <param name="path">The file.</param>
internal sealed class MetricsReader(string path)
{
    // Runs write lines of a few hundred bytes.
    private const int MostBytes = 1 << 16;
    private const int MostFields = 64;

    private readonly List<MetricsField> _fields = [];
    private readonly List<string> _names = [];
    private long _position;
    private long _line;

    /// <summary>Reads the lines that were added.</summary>
    /// <param name="found">Told of each line; its fields are there until it returns.</param>
    /// <exception cref="InvalidInputException">The file is missing, or a line is not as a run writes it.</exception>
    public void Read(Action<MetricsLine> found)
    {
        using var stream = Open();
        stream.Position = _position;
        byte[] buffer = new byte[2 * MostBytes];
        int held = 0;
        for (int read; (read = stream.Read(buffer, held, buffer.Length - held)) > 0;)
        {
            held += read;
            int used = ReadLines(buffer.AsSpan(0, held), found);
            buffer.AsSpan(used, held - used).CopyTo(buffer);
            held -= used;
            if (held > MostBytes)
            {
                throw Unexpected(_line + 1, $"a line of more than {MostBytes} bytes");
            }
        }
    }

    private FileStream Open()
    {
        try
        {
            return PlainFile.OpenRead(path, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException or UnauthorizedAccessException)
        {
            throw new InvalidInputException($"{path}: cannot be opened; expected the metrics of a run.", e);
        }
    }

    // Returns the bytes of the whole lines.
    private int ReadLines(ReadOnlySpan<byte> bytes, Action<MetricsLine> found)
    {
        int used = 0;
        for (int length; (length = bytes[used..].IndexOf((byte)'\n')) >= 0; used += length + 1)
        {
            _line++;
            _position += length + 1;
            if (length > 0)
            {
                found(Parse(bytes.Slice(used, length)));
            }
        }

        return used;
    }

    private MetricsLine Parse(ReadOnlySpan<byte> text)
    {
        try
        {
            var json = new Utf8JsonReader(text);
            json.Read();
            if (json.TokenType != JsonTokenType.StartObject)
            {
                throw Unexpected(_line, "JSON that is not an object");
            }

            return ParseFields(ref json);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            // The second is how a name with half of a surrogate pair is reported.
            throw Unexpected(_line, "text that is not JSON", e);
        }
    }

    private MetricsLine ParseFields(ref Utf8JsonReader json)
    {
        _fields.Clear();
        long? step = null;
        for (int index = 0; json.Read() && json.TokenType == JsonTokenType.PropertyName; index++)
        {
            string name = Name(ref json, index);
            json.Read();
            if (name == "step")
            {
                step = json.TokenType == JsonTokenType.Number && json.TryGetInt64(out long number) && number >= 0
                    ? number
                    : throw Unexpected(_line, "a step that is not a whole number of at least 0");
                continue;
            }

            _fields.Add(json.TokenType switch
            {
                JsonTokenType.Number => new MetricsField(name, json.GetDouble()),
                JsonTokenType.Null => new MetricsField(name, double.NaN),
                JsonTokenType.True => new MetricsField(name, 1, true),
                JsonTokenType.False => new MetricsField(name, 0, true),
                _ => throw Unexpected(_line, $"'{name}' that is not a number"),
            });
            if (_fields.Count > MostFields)
            {
                throw Unexpected(_line, $"more than {MostFields} fields");
            }
        }

        // Reads to the end, so that what follows the object is refused.
        while (json.Read())
        {
        }

        return step is { } at ? new MetricsLine(at, _fields) : throw Unexpected(_line, "an object without 'step'");
    }

    // Lines mostly have the fields of the one before, whose names need not be made again.
    private string Name(ref Utf8JsonReader json, int index)
    {
        if (index < _names.Count && json.ValueTextEquals(_names[index]))
        {
            return _names[index];
        }

        string name = json.GetString()!;
        if (index < _names.Count)
        {
            _names[index] = name;
        }
        else
        {
            _names.Add(name);
        }

        return name;
    }

    private InvalidInputException Unexpected(long line, string found, Exception? cause = null)
    {
        string message = $"{path}:{line}: got {found}; expected a line of metrics, such as {{\"step\":1,\"loss\":0.7}}.";
        return cause is null ? new InvalidInputException(message) : new InvalidInputException(message, cause);
    }
}
