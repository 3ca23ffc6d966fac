using System.Text.Json;
using IlZo.Tasks;
using IlZo.Tokenization;

namespace IlZo.Cli;

/// <summary>A text to score.</summary>
/// <param name="Where">What messages call it.</param>
/// <param name="Ids">Its tokens.</param>
internal sealed record ScoreInput(string Where, int[] Ids)
{
    /// <summary>Reads a file of JSON lines, each an object with <c>ids</c> or <c>text</c>.</summary>
    /// <param name="path">The file.</param>
    /// <param name="tokenizer">Asked for only where a line holds text.</param>
    /// <exception cref="InvalidInputException">The file cannot be read, is empty, or a line holds something else.</exception>
    public static IReadOnlyList<ScoreInput> ReadAll(string path, Lazy<ITokenizer> tokenizer)
    {
        var inputs = new List<ScoreInput>();
        using var reader = JsonlReader.Open(path);
        while (reader.Read())
        {
            using var line = reader.ParseObject();
            inputs.Add(new ScoreInput(reader.Where, ReadIds(reader, line.RootElement, tokenizer)));
        }

        return inputs.Count > 0 ? inputs : throw new InvalidInputException($"{path}: has no lines; one JSON object an input was expected.");
    }

    private static int[] ReadIds(JsonlReader reader, JsonElement line, Lazy<ITokenizer> tokenizer)
    {
        bool hasIds = line.TryGetProperty("ids", out var ids);
        bool hasText = line.TryGetProperty("text", out var text);
        if (hasIds == hasText)
        {
            throw reader.Error($"has {(hasIds ? "both \"ids\" and \"text\"" : "neither \"ids\" nor \"text\"")}; one of them was expected");
        }

        if (hasText)
        {
            return text.ValueKind == JsonValueKind.String
                ? tokenizer.Value.EncodeMarkup(text.GetString()!, addSpecialTokens: true)
                : throw reader.Error("has a \"text\" that is no string; text was expected");
        }

        if (ids.ValueKind != JsonValueKind.Array)
        {
            throw reader.Error("has \"ids\" that are no array; an array of token ids was expected");
        }

        return [.. ids.EnumerateArray().Select(id => id.ValueKind == JsonValueKind.Number && id.TryGetInt32(out int value)
            ? value
            : throw reader.Error("has \"ids\" that are not all whole numbers; an array of token ids was expected"))];
    }
}
