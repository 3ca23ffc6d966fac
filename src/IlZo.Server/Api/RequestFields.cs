using System.Text.Json;

namespace IlZo.Server.Api;

/// <summary>
/// The fields of a request. Each is read by name and type, null is as good as absence, and what nothing has read is refused in the end: it
/// would mean something to its sender that it does not mean here.
/// </summary>
internal sealed class RequestFields
{
    private const int LongestQuote = 40;

    // What says who asks, or is about what this server does not do with any request.
    private static readonly HashSet<string> s_harmless =
    [
        "user", "metadata", "store", "service_tier", "safety_identifier", "prompt_cache_key", "prompt_cache_retention",
        "parallel_tool_calls",
    ];

    private readonly Dictionary<string, JsonElement> _fields;
    private readonly string _place;
    private readonly HashSet<string> _read = [];

    private RequestFields(JsonElement element, string place)
    {
        _place = place;
        _fields = element.EnumerateObject().ToDictionary(p => p.Name, p => p.Value, StringComparer.Ordinal);
    }

    /// <summary>Reads a body.</summary>
    /// <exception cref="ApiException">It is not an object in JSON, or names a field twice.</exception>
    public static RequestFields Parse(byte[] body)
    {
        try
        {
            DistinctProperties.Require(body);
            using var document = JsonDocument.Parse(body);
            var root = document.RootElement.Clone();
            return root.ValueKind == JsonValueKind.Object
                ? new RequestFields(root, string.Empty)
                : throw new ApiException(400, $"The body is {Kind(root)}; an object was expected.", code: "invalid_json");
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw new ApiException(400, $"The body is not valid JSON; an object was expected. {e.Message}", code: "invalid_json");
        }
    }

    /// <summary>The fields of an object inside a request.</summary>
    /// <param name="element">The object.</param>
    /// <param name="place">Where it stands.</param>
    /// <exception cref="ApiException">It is something else.</exception>
    public static RequestFields Of(JsonElement element, string place) => element.ValueKind == JsonValueKind.Object
        ? new RequestFields(element, $"{place}.")
        : throw ApiException.OfField(place, Kind(element), "an object", "invalid_type");

    /// <summary>What a value is, for messages: short texts and numbers as they are.</summary>
    public static string Kind(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Object => "an object",
        JsonValueKind.Array => "an array",
        JsonValueKind.String when value.GetString()!.Length > LongestQuote => "a text",
        JsonValueKind.Number when value.GetRawText().Length > LongestQuote => "a number",
        JsonValueKind.String => $"'{value.GetString()}'",
        _ => value.GetRawText(),
    };

    /// <summary>The whole name of a field.</summary>
    public string Place(string name) => _place + name;

    /// <summary>A value of any type; null where it is absent or null.</summary>
    public JsonElement? Find(string name)
    {
        _read.Add(name);
        return _fields.TryGetValue(name, out var value) && value.ValueKind != JsonValueKind.Null ? value : null;
    }

    /// <summary>A value that has to be there.</summary>
    public JsonElement Require(string name) => Find(name)
        ?? throw new ApiException(400, $"{Place(name)} is absent; the field was expected.", Place(name), "missing_required_parameter");

    /// <summary>A text that has to be there.</summary>
    public string RequireText(string name) => Require(name) is { ValueKind: JsonValueKind.String } text
        ? text.GetString()!
        : throw Wrong(name, "a text");

    /// <summary>A flag; false where it is absent.</summary>
    public bool Flag(string name) => Find(name) is { } value
        && (value.ValueKind is JsonValueKind.True or JsonValueKind.False ? value.GetBoolean() : throw Wrong(name, "true or false"));

    /// <summary>A number in a range that includes both ends, unless the lower one is open; null where it is absent.</summary>
    public double? Number(string name, double least, double most, string expected, bool isOpen = false) => Find(name) is not { } value
        ? null
        : value.ValueKind != JsonValueKind.Number ? throw Wrong(name, expected)
        : value.GetDouble() is var number && number <= most && (isOpen ? number > least : number >= least) ? number
        : throw ApiException.OfField(Place(name), Kind(value), expected);

    /// <summary>A whole number in a range; null where it is absent.</summary>
    public long? Whole(string name, long least, long most, string expected) => Find(name) is not { } value
        ? null
        : value.ValueKind != JsonValueKind.Number ? throw Wrong(name, expected)
        : value.TryGetInt64(out long number) && number >= least && number <= most ? number
        : throw ApiException.OfField(Place(name), Kind(value), expected);

    /// <summary>Refuses a value of a field that is read only for that.</summary>
    /// <param name="name">The field.</param>
    /// <param name="isNeutral">Whether a value means what its absence means.</param>
    /// <param name="expected">That value.</param>
    public void RequireNeutral(string name, Func<JsonElement, bool> isNeutral, string expected)
    {
        if (Find(name) is { } value && !isNeutral(value))
        {
            throw ApiException.OfField(Place(name), Kind(value), expected, "unsupported_value");
        }
    }

    /// <summary>Refuses fields that nothing has read, unless they are harmless.</summary>
    public void RefuseOthers(bool harmlessToo = false)
    {
        string? other = _fields.Keys.FirstOrDefault(
            name => !_read.Contains(name) && (harmlessToo || !s_harmless.Contains(name)) && _fields[name].ValueKind != JsonValueKind.Null);
        if (other is not null)
        {
            throw new ApiException(
                400, $"{Place(Short(other))} is not a field that this server knows; its absence was expected.", Place(Short(other)),
                "unsupported_parameter");
        }
    }

    private static string Short(string name) => name.Length <= LongestQuote ? name : $"{name[..LongestQuote]}…";

    private ApiException Wrong(string name, string expected) =>
        ApiException.OfField(Place(name), Kind(_fields[name]), expected, "invalid_type");
}
