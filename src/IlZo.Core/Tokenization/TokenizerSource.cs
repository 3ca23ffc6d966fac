using System.Text.Json;
using System.Text.Unicode;
using IlZo.Checkpoints;
using IlZo.Files;

namespace IlZo.Tokenization;

/// <summary>The files of one tokenizer: a folder on disk or streams embedded in an assembly.</summary>
internal sealed class TokenizerSource(Func<string, Stream?> open, string name)
{
    /// <summary>What the files belong to, for messages: the full path of the folder.</summary>
    public string Name => name;

    public static TokenizerSource Folder(string folder)
    {
        string full = Path.GetFullPath(folder);
        return new TokenizerSource(
            file =>
            {
                string path = Path.Combine(full, file);
                return File.Exists(path) ? PlainFile.OpenRead(path) : null;
            },
            full);
    }

    /// <summary>The name a message gives to a file.</summary>
    public string PathOf(string file) => Path.Combine(name, file);

    public bool Has(string file) => Use(file, static _ => true);

    /// <summary>The bytes of a file, or null where there is no such file.</summary>
    /// <exception cref="InvalidInputException">It cannot be read, or something else is in its place.</exception>
    public byte[]? TryRead(string file)
    {
        byte[]? bytes = Use(file, static stream =>
        {
            using var copy = new MemoryStream();
            stream.CopyTo(copy);
            return copy.ToArray();
        });
        if (bytes is { Length: > 0 })
        {
            ForeignContent.Refuse(PathOf(file), bytes, "a file of the model's tokenizer");
        }

        return bytes;
    }

    public byte[] Read(string file) =>
        TryRead(file) ?? throw new InvalidInputException($"{PathOf(file)}: the file is needed by the tokenizer and is missing.");

    /// <summary>The root object of a JSON file, or null where there is no such file.</summary>
    public JsonPlace? TryReadJson(string file)
    {
        byte[]? bytes = TryRead(file);
        if (bytes is null)
        {
            return null;
        }

        string path = PathOf(file);
        ReadOnlyMemory<byte> text = bytes;
        if (text.Span.StartsWith("\uFEFF"u8))
        {
            text = text[3..];
        }

        if (!Utf8.IsValid(text.Span))
        {
            throw new InvalidInputException($"{path}: the file is not UTF-8 text.");
        }

        try
        {
            using JsonDocument document = JsonDocument.Parse(text);
            if (document.RootElement.ValueKind == JsonValueKind.Array)
            {
                throw new InvalidInputException($"{path}: the file holds a JSON array; an object was expected.");
            }

            return new JsonPlace(path, string.Empty, document.RootElement.Clone()).Object();
        }
        catch (JsonException e) when (JsonFile.PythonNumber(text.Span, e) is { } number)
        {
            throw new InvalidInputException($"{path}, line {e.LineNumber + 1}: found {number}, which Python writes and JSON does not "
                + "have; a number or null was expected.", e);
        }
        catch (JsonException e)
        {
            throw new InvalidInputException(
                $"{path}, line {e.LineNumber + 1}: the file is not valid JSON ({e.Message}).", e);
        }
    }

    private T? Use<T>(string file, Func<Stream, T> read)
    {
        try
        {
            using Stream? stream = open(file);
            return stream is null ? default : read(stream);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InvalidInputException($"{PathOf(file)}: the file cannot be read ({e.Message}).", e);
        }
    }
}
