using System.Globalization;
using System.Text.Json;

namespace IlZo.Tokenization;

/// <summary>
/// A JSON value with the file and path it stands at. Every reader checks the kind of the value and reports a wrong one
/// with <see cref="InvalidInputException"/>, so that no exception of the JSON library escapes.
/// </summary>
internal readonly struct JsonPlace(string file, string path, JsonElement element)
{
    public bool IsNull => element.ValueKind == JsonValueKind.Null;

    public bool IsText => element.ValueKind == JsonValueKind.String;

    public bool IsObject => element.ValueKind == JsonValueKind.Object;

    public bool IsArray => element.ValueKind == JsonValueKind.Array;

    public InvalidInputException Error(string expectation) =>
        new($"{file}{(path.Length == 0 ? string.Empty : $", {path}")}: {expectation}.");

    public JsonPlace Object() => IsObject ? this : throw Error("an object was expected");

    public string Text()
    {
        if (!IsText)
        {
            throw Error("a string was expected");
        }

        try
        {
            return element.GetString()!;
        }
        catch (InvalidOperationException)
        {
            throw Error("the string holds half of a surrogate pair");
        }
    }

    public bool Flag() => element.ValueKind switch
    {
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        _ => throw Error("true or false was expected"),
    };

    public int Integer() =>
        element.ValueKind == JsonValueKind.Number && element.TryGetInt32(out int value)
            ? value
            : throw Error("a 32-bit integer was expected");

    public double Number() =>
        element.ValueKind == JsonValueKind.Number && element.TryGetDouble(out double value)
            ? value
            : throw Error("a number was expected");

    /// <summary>The named member, or null where it is absent or JSON null.</summary>
    public JsonPlace? Find(string name)
    {
        Object();
        try
        {
            return element.TryGetProperty(name, out JsonElement value) && value.ValueKind != JsonValueKind.Null
                ? new JsonPlace(file, Join(name), value)
                : null;
        }
        catch (InvalidOperationException)
        {
            // Names are compared as text, and another one is none.
            throw Error("the name of a member holds half of a surrogate pair");
        }
    }

    public JsonPlace Get(string name) => Find(name) ?? throw Error($"the member '{name}' is missing");

    public bool Flag(string name, bool otherwise) => Find(name)?.Flag() ?? otherwise;

    public List<JsonPlace> Items()
    {
        if (!IsArray)
        {
            throw Error("an array was expected");
        }

        var items = new List<JsonPlace>(element.GetArrayLength());
        foreach (JsonElement item in element.EnumerateArray())
        {
            items.Add(new JsonPlace(file, $"{path}[{items.Count.ToString(CultureInfo.InvariantCulture)}]", item));
        }

        return items;
    }

    public IEnumerable<(string Name, JsonPlace Value)> Members()
    {
        Object();
        foreach (JsonProperty property in element.EnumerateObject())
        {
            string name;
            try
            {
                name = property.Name;
            }
            catch (InvalidOperationException)
            {
                throw Error("the name of a member holds half of a surrogate pair");
            }

            yield return (name, new JsonPlace(file, Join(name), property.Value));
        }
    }

    /// <summary>Refuses members that nothing reads, so that no part of a file is ignored in silence.</summary>
    public void AllowOnly(params ReadOnlySpan<string> names)
    {
        foreach ((string name, JsonPlace value) in Members())
        {
            if (!names.Contains(name))
            {
                throw value.Error("this member is not known and would be ignored");
            }
        }
    }

    private string Join(string name) => path.Length == 0 ? name : $"{path}.{name}";
}
