using System.Text.Json;
using IlZo.Files;

namespace IlZo.Checkpoints;

/// <summary>Parses the JSON files of a checkpoint.</summary>
internal static class JsonFile
{
    /// <summary>Parses a file that must hold one JSON object in UTF-8, with or without a byte order mark, with distinct keys.</summary>
    /// <exception cref="InvalidInputException">It does not.</exception>
    public static JsonDocument ParseObject(string file, byte[] content)
    {
        ForeignContent.Refuse(file, content, "a JSON object in UTF-8");
        var text = content.AsMemory(content.AsSpan().StartsWith("\uFEFF"u8) ? 3 : 0);
        JsonDocument document;
        try
        {
            // A document checks strings only when they are asked for, which is too late to name the file.
            DistinctProperties.Require(text.Span);
            document = JsonDocument.Parse(text);
        }
        catch (JsonException e) when (PythonNumber(text.Span, e) is { } number)
        {
            throw new InvalidInputException($"'{file}' has {number} in line {e.LineNumber + 1}, which Python writes and JSON does not "
                + "have; a number or null was expected.", e);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            // The second is how strings that are not valid UTF-8 or UTF-16 are reported.
            throw new InvalidInputException($"'{file}' is not valid JSON in UTF-8: {e.Message}", e);
        }

        var kind = document.RootElement.ValueKind;
        if (kind != JsonValueKind.Object)
        {
            document.Dispose();
            throw new InvalidInputException($"'{file}' holds a JSON {kind.ToString().ToLowerInvariant()}; an object was expected.");
        }

        return document;
    }

    /// <summary>What Python's json module writes of numbers that are not finite, where a reader stopped at one; else null.</summary>
    public static string? PythonNumber(ReadOnlySpan<byte> text, JsonException e)
    {
        for (long line = e.LineNumber ?? 0; line > 0 && text.IndexOf((byte)'\n') is >= 0 and int end; line--)
        {
            text = text[(end + 1)..];
        }

        // The minus is part of a number for the reader, which stops behind it.
        int at = (int)Math.Min(e.BytePositionInLine ?? 0, text.Length);
        var rest = text[at..];
        return rest.StartsWith("NaN"u8) ? "NaN"
            : rest.StartsWith("Infinity"u8) ? (at > 0 && text[at - 1] == (byte)'-' ? "-Infinity" : "Infinity")
            : null;
    }
}
