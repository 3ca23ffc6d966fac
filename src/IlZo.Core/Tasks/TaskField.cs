using System.Text.Json;

namespace IlZo.Tasks;

/// <summary>A field as templates name it: the first of some paths that a row has, with parts of its text replaced.</summary>
internal sealed record TaskField(string Name, IReadOnlyList<FieldPath> Paths)
{
    /// <summary>What stands in place of parts of the text, applied in order.</summary>
    public IReadOnlyList<(string Part, TextTemplate By)> Replacements { get; init; } = [];

    /// <summary>Whether a replacement is the candidate, so that the text depends on it.</summary>
    public bool UsesCandidate => Replacements.Any(r => r.By.UsesCandidate);

    /// <summary>What to tell the user to provide.</summary>
    public string Expectation => string.Join(" or ", Paths.Select(p => $"\"{p.Text}\""));

    /// <summary>The field's text in a row.</summary>
    public string Render(in TaskRow row, string candidate)
    {
        string text = row.Text(this);
        foreach (var (part, by) in Replacements)
        {
            text = text.Replace(part, by.Render(row, candidate), StringComparison.Ordinal);
        }

        return text;
    }
}

/// <summary>One example's view of a row: the row, and the element chosen in every list that was entered.</summary>
internal readonly ref struct TaskRow(ReadOnlySpan<JsonElement> scopes, string file, int line)
{
    private readonly ReadOnlySpan<JsonElement> _scopes = scopes;

    public string File { get; } = file;

    public int Line { get; } = line;

    public JsonElement Value(TaskField field) => Find(field) ?? throw Error($"has no field {field.Expectation}");

    public bool Has(TaskField field) => Find(field) != null;

    /// <summary>A value as prompt text: a string as it is, a number or a truth value as JSON writes it.</summary>
    public string Text(TaskField field) => Text(Value(field), field.Expectation);

    /// <inheritdoc cref="Text(TaskField)"/>
    public string Text(JsonElement value, string expectation)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.String:
                return value.GetString()!;
            case JsonValueKind.Number or JsonValueKind.True or JsonValueKind.False:
                return value.GetRawText();
            default:
                string kind = value.ValueKind.ToString().ToLowerInvariant();
                throw Error($"field {expectation} is a JSON {kind}; expected text, a number, true or false");
        }
    }

    /// <summary>The value at a path, or null.</summary>
    public JsonElement? Find(FieldPath path) => path.TryGet(_scopes, out var value) ? value : null;

    /// <inheritdoc cref="FieldPath.Collect"/>
    public IReadOnlyList<JsonElement> Collect(FieldPath path) => path.Collect(_scopes);

    public InvalidInputException Error(string problem) => new($"{File}:{Line}: {problem}.");

    private JsonElement? Find(TaskField field)
    {
        foreach (var path in field.Paths)
        {
            if (path.TryGet(_scopes, out var value))
            {
                return value;
            }
        }

        return null;
    }
}
