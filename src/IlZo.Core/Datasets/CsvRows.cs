using System.Text;
using System.Text.Unicode;
using IlZo.Files;

namespace IlZo.Datasets;

/// <summary>
/// The rows of a CSV file (RFC 4180): a header with the names of the columns, commas, quotes around fields that hold commas, quotes
/// (doubled) or line ends; lines end with LF or CR LF. Blank lines are passed over. Semicolons, tabs or what <c>sep=</c> says on the first
/// line may stand in place of the commas. Fields are taken byte for byte.
/// </summary>
internal sealed class CsvRows : RowSource
{
    private readonly string _path;
    private readonly ReadOnlyMemory<byte> _bytes;
    private readonly byte _separator;
    private readonly List<string> _header;
    private int _at;
    private int _line = 1;

    /// <param name="path">The file.</param>
    /// <param name="separator">What stands between fields; null for what the header says.</param>
    /// <exception cref="InvalidInputException">It cannot be read or has no header.</exception>
    public CsvRows(string path, char? separator = null)
    {
        _path = path;
        _bytes = TextFile.ReadBytes(path);
        _separator = separator is { } given ? (byte)given : Separator();
        _header = Record(out int line) ?? throw new InvalidInputException($"{path}: is empty; a CSV file with a header was expected.");
        if (_header.GroupBy(name => name).FirstOrDefault(names => names.Count() > 1)?.Key is { } twice)
        {
            throw Error(line, $"the header has the column \"{twice}\" twice; every name once was expected");
        }

        if (separator is null && _separator != (byte)',')
        {
            Note = $"{path}: read with {(_separator == (byte)'\t' ? "tabs" : $"'{(char)_separator}'")} between the fields";
        }
    }

    public override string? Note { get; }

    public override long Position => _line;

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
            $"{_path}:{line}",
            new OrderedDictionary<string, object?>(_header.Zip(fields, (name, field) => KeyValuePair.Create(name, (object?)field))));
    }

    private InvalidInputException Error(int line, string problem) => new($"{_path}:{line}: {problem}.");

    // What the first line says, or else a comma unless the header has none and semicolons or tabs in its place.
    private byte Separator()
    {
        var first = _bytes.Span;
        int end = first.IndexOfAny((byte)'\n', (byte)'\r');
        first = end < 0 ? first : first[..end];
        if (first is [(byte)'s', (byte)'e', (byte)'p', (byte)'=', < 0x80 and not (byte)'"' and var stated])
        {
            _at = first.Length;
            return stated;
        }

        bool quoted = false;
        var seen = new HashSet<byte>();
        foreach (byte value in first)
        {
            quoted ^= value == (byte)'"';
            if (!quoted)
            {
                seen.Add(value);
            }
        }

        return (byte)(seen.Contains((byte)',') ? ',' : seen.Contains((byte)';') ? ';' : seen.Contains((byte)'\t') ? '\t' : ',');
    }

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
        while (TrySeparator());

        return fields;
    }

    private string Plain()
    {
        var rest = _bytes.Span[_at..];
        ReadOnlySpan<byte> stops = _separator == (byte)'\t' ? "\t\n\r"u8 : [_separator, (byte)'\n', (byte)'\r', (byte)'"'];
        int length = rest.IndexOfAny(stops);
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

        if (_at < _bytes.Length && _bytes.Span[_at] != _separator && !"\n\r"u8.Contains(_bytes.Span[_at]))
        {
            throw Skipped("has text after a closing quote; a separator or the end of the line was expected");
        }

        string text = Text(_bytes.Span[start..(_at - 1)]);
        return doubled ? text.Replace("\"\"", "\"", StringComparison.Ordinal) : text;
    }

    // A separator between fields is taken; so is the line end behind the last one.
    private bool TrySeparator()
    {
        switch (_bytes.Span[_at..])
        {
            case [var value, ..] when value == _separator:
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
        ? Encoding.UTF8.GetString(field)
        : throw Skipped("is not UTF-8 text; CSV in UTF-8 was expected");

    // A refusal of the current line; reading goes on with the next one.
    private InvalidInputException Skipped(string problem)
    {
        int end = _bytes.Span[_at..].IndexOf((byte)'\n');
        _at = end < 0 ? _bytes.Length : _at + end + 1;
        return Error(_line++, problem);
    }
}
