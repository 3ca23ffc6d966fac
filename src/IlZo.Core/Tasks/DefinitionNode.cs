using System.Text.Json;

namespace IlZo.Tasks;

/// <summary>A value of a definition file that knows its place, so that refusals can name it.</summary>
internal sealed record DefinitionNode(string Source, string Key, JsonElement Element)
{
    /// <summary>File and place, e.g. <c>my.json: candidates[1].text</c>.</summary>
    public string Place => Key.Length == 0 ? Source : $"{Source}: {Key}";

    public bool IsText => Element.ValueKind == JsonValueKind.String;

    /// <summary>A member that <see cref="RequireKeys"/> has found.</summary>
    public DefinitionNode this[string key] => Child(key, Element.GetProperty(key));

    public DefinitionNode? TryGet(string key) => Element.TryGetProperty(key, out var value) ? Child(key, value) : null;

    public InvalidInputException Error(string problem) => new($"{Place} {problem}.");

    /// <summary>Refuses what is no object, lacks a required key or has one that is neither required nor optional.</summary>
    public void RequireKeys(string[] required, string[] optional)
    {
        string known = string.Join(", ", required.Concat(optional));
        foreach (var (key, value) in Members())
        {
            if (!required.Contains(key) && !optional.Contains(key))
            {
                throw value.Error($"is not a known key; expected one of {known}");
            }
        }

        RequireMembers(required);
    }

    /// <summary>Refuses an object that lacks one of these keys.</summary>
    public void RequireMembers(params string[] keys)
    {
        foreach (string key in keys)
        {
            if (!Element.TryGetProperty(key, out _))
            {
                throw new InvalidInputException(
                    $"{Place}{(Key.Length == 0 ? ":" : "")} has no \"{key}\"; expected {string.Join(", ", keys)}.");
            }
        }
    }

    public IEnumerable<KeyValuePair<string, DefinitionNode>> Members()
    {
        return Element.ValueKind == JsonValueKind.Object
            ? Element.EnumerateObject().Select(p => KeyValuePair.Create(p.Name, Child(p.Name, p.Value)))
            : throw Mismatch("a JSON object");
    }

    public IEnumerable<DefinitionNode> Elements()
    {
        return Element.ValueKind == JsonValueKind.Array
            ? Element.EnumerateArray().Select((e, i) => new DefinitionNode(Source, $"{Key}[{i}]", e))
            : throw Mismatch("a JSON array");
    }

    public string Text() => IsText ? Element.GetString()! : throw Mismatch("text");

    /// <summary>A number of things: 0, 1, 2, …</summary>
    public int Count()
    {
        return Element.ValueKind == JsonValueKind.Number && Element.TryGetInt32(out int count) && count >= 0
            ? count
            : throw Mismatch("a whole number, 0 or more");
    }

    /// <summary>The meaning of a member's text; without the member, the first.</summary>
    public T Choice<T>(string key, params (string Name, T Value)[] choices)
    {
        if (TryGet(key) is not { } node)
        {
            return choices[0].Value;
        }

        string text = node.Text();
        foreach (var (name, value) in choices)
        {
            if (name == text)
            {
                return value;
            }
        }

        throw node.Error($"is \"{text}\"; expected {string.Join(" or ", choices.Select(c => $"\"{c.Name}\""))}");
    }

    private InvalidInputException Mismatch(string expected)
    {
        string kind = Element.ValueKind.ToString().ToLowerInvariant();
        return new InvalidInputException($"{Place}{(Key.Length == 0 ? ":" : "")} is a JSON {kind}; expected {expected}.");
    }

    private DefinitionNode Child(string key, JsonElement value) => new(Source, Key.Length == 0 ? key : $"{Key}.{key}", value);
}
