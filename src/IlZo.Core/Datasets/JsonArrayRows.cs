using System.Text.Json;
using IlZo.Files;
using IlZo.Tasks;

namespace IlZo.Datasets;

/// <summary>The rows of a file that is one JSON array of objects.</summary>
internal sealed class JsonArrayRows : RowSource
{
    private readonly string _path;
    private readonly ReadOnlyMemory<byte> _bytes;
    private JsonReaderState _state;
    private int _at;
    private int _line = 1;
    private int _counted;
    private int _row;
    private bool _ended;

    /// <param name="path">The file.</param>
    /// <exception cref="InvalidInputException">It cannot be read or is not text.</exception>
    public JsonArrayRows(string path)
    {
        _path = path;
        _bytes = TextFile.ReadBytes(path);
        TextFile.RequireText(path, _bytes.Span);
        NextToken();
    }

    public override long Position => _row;

    /// <summary>Whether the first character of a file that is no white space begins an array.</summary>
    /// <exception cref="InvalidInputException">The file cannot be read.</exception>
    public static bool Begins(string path)
    {
        using var reader = JsonlReader.Open(path);
        return reader.FirstByte() == '[';
    }

    public override DataRow? Next()
    {
        if (_ended)
        {
            return null;
        }

        var (kind, start) = NextToken();
        if (kind == JsonTokenType.EndArray)
        {
            _ended = true;
            NextToken();
            return null;
        }

        _row++;
        string where = $"{_path}:{_line} (row {_row})";
        var element = _bytes[start.._at];
        if (kind != JsonTokenType.StartObject)
        {
            throw Error("is a JSON value that is not an object; an array of objects was expected");
        }

        if (JsonlReader.HasLoneSurrogate(element.Span))
        {
            throw Error("holds an escape that is half of a surrogate pair; Unicode text was expected");
        }

        using var document = JsonDocument.Parse(element);
        return new DataRow(where, (OrderedDictionary<string, object?>)JsonValues.Of(document.RootElement, Error)!);

        InvalidInputException Error(string problem) => new($"{where}: {problem}.");
    }

    // A token and where it begins; of an element of the array, all of it.
    private (JsonTokenType Kind, int Start) NextToken()
    {
        var reader = new Utf8JsonReader(_bytes.Span[_at..], isFinalBlock: true, _state);
        try
        {
            if (!reader.Read())
            {
                return (JsonTokenType.None, _at);
            }

            int start = _at + (int)reader.TokenStartIndex;
            _line += _bytes.Span[_counted..start].Count((byte)'\n');
            _counted = start;
            var kind = reader.TokenType;
            if (_at > 0)
            {
                reader.Skip();
            }

            _at += (int)reader.BytesConsumed;
            _state = reader.CurrentState;
            return (kind, start);
        }
        catch (JsonException e)
        {
            throw new InvalidInputException(
                $"{_path}:{(e.LineNumber ?? 0) + 1}: is not valid JSON at byte {(e.BytePositionInLine ?? 0) + 1} of the line; one array of "
                    + "objects was expected.", e);
        }
    }
}
