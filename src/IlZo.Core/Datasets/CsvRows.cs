using System.Text;
using System.Text.Unicode;

namespace IlZo.Datasets;

/// <summary>
/// The rows of a CSV file (RFC 4180): a header with the names of the columns, commas, quotes around fields that hold commas, quotes
/// (doubled) or line ends; lines end with LF or CR LF. Blank lines are passed over.
/// </summary>
internal sealed class CsvRows : RowSource
{
    private readonly string _path;
    private readonly ReadOnlyMemory<byte> _bytes;
    private readonly List<string> _header;
    private int _at;
    private int _line = 1;

    /// <param name="path">The file.</param>
    /// <exception cref="InvalidInputException">It cannot be read or has no header.</exception>
    public CsvRows(string path)
    {
        _path = path;
        _bytes = FileText.ReadBytes(path);
        _header = Record(out int line) ?? throw new InvalidInputException($"{path}: is empty; a CSV file with a header was expected.");
        if (_header.Count == 1 && _header[0].AsSpan().IndexOfAny(';', '\t') >= 0)
        {
            throw Error(line, "the header has no comma; columns with commas between them were expected");
        }

        if (_header.GroupBy(name => name).FirstOrDefault(names => names.Count() > 1)?.Key is { } twice)
        {
            throw Error(line, $"the header has the column \"{twice}\" twice; every name once was expected");
        }
    }

    public override int Line => _line;

    public override DataRow? Next()
    {
        if (Record(out int line) is not { } fields)
        {
            return null;
        }

        if (fields.Count != _header.Count)
        {
            throw Error(line, $"has {fields.Count} fields; {_header.Count} were expected, as in the header");
        }

        return new DataRow(
            $"{_path}:{line}", new OrderedDictionary<string, object?>(_header.Zip(fields, (name, field) => KeyValuePair.Create(name, (object?)field))));
    }

    private InvalidInputException Error(int line, string problem) => new($"{_path}:{line}: {problem}.");

    /// <summary>The fields of the next record that is not blank, or null at the end.</summary>
    /// <param name="line">The line on which it begins.</param>
    private List<string>? Record(out int line)
    {
        while (_at < _bytes.Length && _bytes.Span[_at] is (byte)'\n' or (byte)'\r')
        {
            _line += _bytes.Span[_at++] == (byte)'\n' ? 1 : 0;
        }

        line = _line;
        if (_at >= _bytes.Length)
        {
            return null;
        }

        var fields = new List<string>();
        do
        {
            fields.Add(_bytes.Span[_at..] is [(byte)'"', ..] ? Quoted() : Plain());
        }
        while (TryComma());

        return fields;
    }

    private string Plain()
    {
        var rest = _bytes.Span[_at..];
        int length = rest.IndexOfAny(",\n\r\""u8);
        length = length < 0 ? rest.Length : length;
        if (length < rest.Length && rest[length] == (byte)'"')
        {
            throw Skipped("has a quote inside of a field without quotes; the whole field in quotes and the quote doubled were expected");
        }

        string text = Text(rest[..length]);
        _at += length;
        return text;
    }

    private string Quoted()
    {
        int opened = _line;
        int start = ++_at;
        bool doubled = false;
        while (true)
        {
            int quote = _bytes.Span[_at..].IndexOf((byte)'"');
            if (quote < 0)
            {
                _at = _bytes.Length;
                _line++;
                throw Error(opened, "opens a quote that is not closed before the end of the file; a closing quote was expected");
            }

            _line += _bytes.Span.Slice(_at, quote).Count((byte)'\n');
            _at += quote + 1;
            if (_at >= _bytes.Length || _bytes.Span[_at] != (byte)'"')
            {
                break;
            }

            doubled = true;
            _at++;
        }

        if (_at < _bytes.Length && !",\n\r"u8.Contains(_bytes.Span[_at]))
        {
            throw Skipped("has text behind a closing quote; a comma or the end of the line was expected");
        }

        string text = Text(_bytes.Span[start..(_at - 1)]);
        return doubled ? text.Replace("\"\"", "\"", StringComparison.Ordinal) : text;
    }

    // A comma between fields is taken; so is the line end behind the last one.
    private bool TryComma()
    {
        switch (_bytes.Span[_at..])
        {
            case [(byte)',', ..]:
                _at++;
                return true;
            case [(byte)'\r', (byte)'\n', ..]:
                _at += 2;
                break;
            case [_, ..]:
                _at++;
                break;
        }

        _line++;
        return false;
    }

    private string Text(ReadOnlySpan<byte> field) => Utf8.IsValid(field) && !field.Contains((byte)0)
        ? Encoding.UTF8.GetString(field).ReplaceLineEndings("\n")
        : throw Skipped("is not UTF-8 text; CSV in UTF-8 was expected");

    // A refusal of the current line; reading goes on with the next one.
    private InvalidInputException Skipped(string problem)
    {
        int end = _bytes.Span[_at..].IndexOf((byte)'\n');
        _at = end < 0 ? _bytes.Length : _at + end + 1;
        return Error(_line++, problem);
    }
}
