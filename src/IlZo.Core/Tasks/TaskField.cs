using System.Text.Json;

namespace IlZo.Tasks;

/// <summary>A field as templates name it: the first of some paths that a row has.</summary>
internal sealed record TaskField(string Name, IReadOnlyList<FieldPath> Paths)
{
    /// <summary>What to tell the user to provide.</summary>
    public string Expectation => string.Join(" or ", Paths.Select(p => $"\"{p.Text}\""));
}

/// <summary>One example's view of a row: the row, and the element chosen in every list that was entered.</summary>
internal readonly ref struct TaskRow(ReadOnlySpan<JsonElement> scopes, string file, int line)
{
    private readonly ReadOnlySpan<JsonElement> _scopes = scopes;

    public string File { get; } = file;

    public int Line { get; } = line;

    public JsonElement Value(TaskField field)
    {
        foreach (var path in field.Paths)
        {
            if (path.TryGet(_scopes, out var value))
            {
                return value;
            }
        }

        throw Error($"has no field {field.Expectation}");
    }

    /// <summary>A value as prompt text: a string as it is, a number or a truth value as JSON writes it.</summary>
    public string Text(TaskField field)
    {
        var value = Value(field);
        switch (value.ValueKind)
        {
            case JsonValueKind.String:
                return value.GetString()!;
            case JsonValueKind.Number or JsonValueKind.True or JsonValueKind.False:
                return value.GetRawText();
            default:
                string kind = value.ValueKind.ToString().ToLowerInvariant();
                throw Error($"field {field.Expectation} is a JSON {kind}; expected text, a number, true or false");
        }
    }

    public InvalidInputException Error(string problem) => new($"{File}:{Line}: {problem}.");
}
