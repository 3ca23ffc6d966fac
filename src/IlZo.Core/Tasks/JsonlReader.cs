using System.Text.Json;
using System.Text.Unicode;
using IlZo.Files;

namespace IlZo.Tasks;

/// <summary>
/// Reads JSON lines one at a time from a stream of any length. Blank lines are passed over (they count as lines), a UTF-8 byte
/// order mark is allowed, and whatever is no UTF-8 text is refused with the file's name and the line's number.
/// </summary>
internal sealed class JsonlReader : IDisposable
{
    /// <summary>The longest line accepted; a longer one is a file of another kind.</summary>
    public const int MaxLineBytes = 16 << 20;

    private readonly Stream _stream;
    private byte[] _buffer = new byte[1 << 16];
    private int _start;
    private int _end;
    private bool _ended;

    /// <param name="stream">Owned by the reader from here on.</param>
    /// <param name="name">What messages call the file.</param>
    public JsonlReader(Stream stream, string name)
    {
        _stream = stream;
        Name = name;
    }

    /// <summary>What messages call the file.</summary>
    public string Name { get; }

    /// <summary>The number of the current line, from 1; 0 before the first <see cref="Read"/>.</summary>
    public int LineNumber { get; private set; }

    /// <summary>The bytes of the current line without its end, valid UTF-8; they change with the next <see cref="Read"/>.</summary>
    public ReadOnlyMemory<byte> Line { get; private set; }

    /// <summary><c>file:line</c> of the current line.</summary>
    public string Where => $"{Name}:{LineNumber}";

    /// <summary>Opens a file, which may be compressed (.gz) or in UTF-16 with a byte order mark.</summary>
    /// <exception cref="InvalidInputException">It does not exist or cannot be opened.</exception>
    public static JsonlReader Open(string path) => new(TextFile.Open(path, "a file of JSON lines"), path);

    /// <summary>
    /// The first byte that is neither white space nor part of a byte order mark; null where there is none. Lines are read from the start as
    /// before.
    /// </summary>
    /// <exception cref="InvalidInputException">The file cannot be read.</exception>
    internal byte? FirstByte()
    {
        for (int at = 0; ; at++)
        {
            while (at == _end - _start && !_ended)
            {
                Fill();
            }

            if (at == _end - _start)
            {
                return null;
            }

            byte value = _buffer[_start + at];
            if (!" \t\r\n\uFEFF"u8.Contains(value))
            {
                return value;
            }
        }
    }

    /// <summary>Moves to the next line that is not blank.</summary>
    /// <returns>False at the end of the file.</returns>
    /// <exception cref="InvalidInputException">
    /// The line is not UTF-8, holds a NUL byte or is longer than <see cref="MaxLineBytes"/>; the next call goes on behind it.
    /// </exception>
    public bool Read()
    {
        while (ReadLine())
        {
            var line = Line.Span;
            if (line.Contains((byte)0))
            {
                throw Error("holds a NUL byte; expected UTF-8 text with one JSON object per line (UTF-16 is read with a byte order mark)");
            }

            if (!Utf8.IsValid(line))
            {
                throw Error("is not UTF-8 text; expected one JSON object per line in UTF-8");
            }

            if (line.ContainsAnyExcept(" \t\r"u8))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>
    /// The current line as a JSON object whose strings are all Unicode text. Dispose of it before the next <see cref="Read"/>: it
    /// refers to the line's bytes.
    /// </summary>
    /// <exception cref="InvalidInputException">The line is not JSON, not an object, or holds half of a surrogate pair.</exception>
    public JsonDocument ParseObject() => ParseObject(Line, Where);

    /// <summary>A refusal of the current line: "file:line: " and the rest of a sentence, without the final period.</summary>
    public InvalidInputException Error(string problem) => new($"{Where}: {problem}.");

    /// <inheritdoc/>
    public void Dispose() => _stream.Dispose();

    private static JsonDocument ParseObject(ReadOnlyMemory<byte> line, string where)
    {
        JsonDocument document;
        try
        {
            if (HasLoneSurrogate(line.Span))
            {
                throw new InvalidInputException($"{where}: holds an escape that is half of a surrogate pair; expected Unicode text.");
            }

            document = JsonDocument.Parse(line);
        }
        catch (JsonException e)
        {
            throw new InvalidInputException(
                $"{where}: is not valid JSON at byte {(e.BytePositionInLine ?? 0) + 1} of the line; expected one JSON object per line.", e);
        }

        if (document.RootElement.ValueKind != JsonValueKind.Object)
        {
            var kind = document.RootElement.ValueKind;
            document.Dispose();
            throw new InvalidInputException($"{where}: is a JSON {kind.ToString().ToLowerInvariant()}; expected a JSON object.");
        }

        return document;
    }

    /// <summary>
    /// Whether valid JSON holds an escape such as <c>\ud800</c> without its other half. JsonDocument takes it and throws when the
    /// text is asked for, even for the name of a member that nobody wants.
    /// </summary>
    /// <exception cref="JsonException">It is not valid JSON.</exception>
    internal static bool HasLoneSurrogate(ReadOnlySpan<byte> json)
    {
        if (json.IndexOf("\\u"u8) < 0)
        {
            return false;
        }

        var reader = new Utf8JsonReader(json);
        try
        {
            while (reader.Read())
            {
                if (reader.TokenType is JsonTokenType.String or JsonTokenType.PropertyName && reader.ValueIsEscaped)
                {
                    reader.GetString();
                }
            }

            return false;
        }
        catch (InvalidOperationException)
        {
            return true;
        }
    }

    private bool ReadLine()
    {
        int searched = 0;
        while (true)
        {
            int newline = _buffer.AsSpan(_start + searched, _end - _start - searched).IndexOf((byte)'\n');
            int length = newline < 0 ? _end - _start : searched + newline;
            if (length > MaxLineBytes)
            {
                LineNumber++;
                SkipLine();
                throw Error($"is longer than {MaxLineBytes >> 20} MiB; expected one JSON object per line");
            }

            if (newline >= 0 || (_ended && length > 0))
            {
                LineNumber++;
                Line = WithoutMark(_buffer.AsMemory(_start, length));
                _start += newline < 0 ? length : length + 1;
                return true;
            }

            if (_ended)
            {
                return false;
            }

            searched = length;
            Fill();
        }
    }

    // So that reading can go on behind a line that is too long.
    private void SkipLine()
    {
        while (true)
        {
            int newline = _buffer.AsSpan(_start, _end - _start).IndexOf((byte)'\n');
            _start = newline < 0 ? _end : _start + newline + 1;
            if (newline >= 0 || _ended)
            {
                return;
            }

            Fill();
        }
    }

    private ReadOnlyMemory<byte> WithoutMark(ReadOnlyMemory<byte> line)
    {
        return LineNumber == 1 && line.Span.StartsWith("\uFEFF"u8) ? line[3..] : line;
    }

    private void Fill()
    {
        if (_start > 0)
        {
            _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
            _end -= _start;
            _start = 0;
        }

        if (_end == _buffer.Length)
        {
            Array.Resize(ref _buffer, _buffer.Length * 2);
        }

        int read;
        try
        {
            read = _stream.Read(_buffer, _end, _buffer.Length - _end);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or InvalidDataException)
        {
            throw new InvalidInputException(
                $"{Name}: cannot be read ({e.Message.TrimEnd('.')}); expected a file of JSON lines.", e);
        }

        _end += read;
        _ended = read == 0;
    }
}
