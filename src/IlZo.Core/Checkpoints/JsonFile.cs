using System.Text.Json;

namespace IlZo.Checkpoints;

/// <summary>Parses the JSON files of a checkpoint.</summary>
internal static class JsonFile
{
    /// <summary>Parses a file that must hold one JSON object in UTF-8 with distinct keys.</summary>
    /// <exception cref="InvalidInputException">It does not.</exception>
    public static JsonDocument ParseObject(string file, byte[] content)
    {
        JsonDocument document;
        try
        {
            // A document checks strings only when they are asked for, which is too late to name the file.
            DistinctProperties.Require(content);
            document = JsonDocument.Parse(content);
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
            throw new InvalidInputException($"'{file}' holds a JSON {kind}; an object was expected.");
        }

        return document;
    }
}
