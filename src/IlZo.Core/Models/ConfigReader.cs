using System.Text.Json;
using IlZo.Backends;

namespace IlZo.Models;

/// <summary>Reads the fields of a model's <c>config.json</c>, with the reference library's defaults and its meaning of null: absent.</summary>
/// <param name="source">The file, for messages.</param>
/// <param name="root">The object.</param>
internal sealed class ConfigReader(string source, JsonElement root)
{
    /// <summary>The file, for messages.</summary>
    public string Source { get; } = source;

    /// <summary>The classes of a …ForSequenceClassification, 2 where the library's default holds; null for other architectures.</summary>
    public ConfigSize? Classes
    {
        get
        {
            bool classifies = Find("architectures") is { ValueKind: JsonValueKind.Array } names
                && names.EnumerateArray().Any(n => n.ValueKind == JsonValueKind.String && n.GetString()!.EndsWith(ClassificationCheckpoint.Suffix, StringComparison.Ordinal));
            if (!classifies)
            {
                return null;
            }

            return Find("id2label") is { ValueKind: JsonValueKind.Object } labels
                ? new ConfigSize(Source, "id2label", Math.Max(1, labels.EnumerateObject().Count()), ConfigSize.MaxRows)
                : Size("num_labels", 2, ConfigSize.MaxRows);
        }
    }

    public bool Has(string name) => Find(name) is not null;

    public string? Text(string name) => Find(name) switch
    {
        null => null,
        { ValueKind: JsonValueKind.String } value => value.GetString(),
        { } value => throw Wrong(name, value, "a string"),
    };

    public bool Flag(string name, bool fallback) => Find(name) switch
    {
        null => fallback,
        { ValueKind: JsonValueKind.True } => true,
        { ValueKind: JsonValueKind.False } => false,
        { } value => throw Wrong(name, value, "true or false"),
    };

    /// <summary>A positive integer.</summary>
    /// <param name="name">The field.</param>
    /// <param name="fallback">The library's default.</param>
    /// <param name="most">The largest value that is accepted.</param>
    public ConfigSize Size(string name, int fallback, int most = ConfigSize.MaxFeatures) => new(Source, name, Find(name) switch
    {
        null => fallback,
        { ValueKind: JsonValueKind.Number } value when value.TryGetInt64(out long size) && size > 0 => size,
        { } value => throw Wrong(name, value, "a positive integer"),
    }, most);

    /// <summary>A positive integer, null where the field is null, and the library's default where it is absent.</summary>
    public int? SizeOrNone(string name, int absent) =>
        root.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Null ? null : Size(name, absent, int.MaxValue);

    /// <summary>An integer that is not negative.</summary>
    public int Count(string name, int fallback) => Find(name) switch
    {
        null => fallback,
        { ValueKind: JsonValueKind.Number } value when value.TryGetInt32(out int count) && count >= 0 => count,
        { } value => throw Wrong(name, value, "an integer that is not negative"),
    };

    /// <summary>A list of strings, or null where the field is absent.</summary>
    public IReadOnlyList<string>? Texts(string name) => Find(name) switch
    {
        null => null,
        { ValueKind: JsonValueKind.Array } value when value.EnumerateArray().All(v => v.ValueKind == JsonValueKind.String) =>
            [.. value.EnumerateArray().Select(v => v.GetString()!)],
        { } value => throw Wrong(name, value, "a list of strings"),
    };

    /// <summary>A positive number, which fp32 can hold too.</summary>
    public double Number(string name, double fallback) => Find(name) switch
    {
        null => fallback,
        { ValueKind: JsonValueKind.Number } value when value.TryGetDouble(out double number) && float.IsNormal((float)number) && number > 0 => number,
        { } value => throw Wrong(name, value, "a positive number that fp32 can hold"),
    };

    /// <summary>A token id, or the library's default where the field is absent; a list of ids counts as its first.</summary>
    public int Token(string name, int fallback) => Tokens(name, fallback)[0];

    /// <summary>A token id or a list of them, at least one.</summary>
    public IReadOnlyList<int> Tokens(string name, int fallback) => Find(name) switch
    {
        null => [fallback],
        { ValueKind: JsonValueKind.Number } value when value.TryGetInt32(out int id) => [id],
        { ValueKind: JsonValueKind.Array } value when value.GetArrayLength() > 0
            && value.EnumerateArray().All(v => v.ValueKind == JsonValueKind.Number && v.TryGetInt32(out _)) => [.. value.EnumerateArray().Select(v => v.GetInt32())],
        { } value => throw Wrong(name, value, "a token id or a list of them"),
    };

    public ConfigReader? Object(string name) => Find(name) switch
    {
        null => null,
        { ValueKind: JsonValueKind.Object } value => new ConfigReader($"{Source}, {name}", value),
        { } value => throw Wrong(name, value, "an object"),
    };

    public ActivationFunction Activation(string name, string fallback) => (Text(name) ?? fallback) switch
    {
        "relu" => ActivationFunction.Relu,
        "gelu" => ActivationFunction.Gelu,
        "gelu_new" or "gelu_pytorch_tanh" or "gelu_fast" => ActivationFunction.GeluTanh,
        "silu" or "swish" => ActivationFunction.Silu,
        "quick_gelu" => ActivationFunction.QuickGelu,
        string other => throw new InvalidInputException(
            $"{Source}: {name} '{other}' is not supported; relu, gelu, gelu_new, gelu_fast, gelu_pytorch_tanh, silu, swish and quick_gelu are."),
    };

    /// <summary>Refuses a field that would change the forward pass in a way that is not implemented, whatever its value.</summary>
    public void Refuse(params ReadOnlySpan<string> names)
    {
        foreach (string name in names)
        {
            if (Find(name) is { } value && value.ValueKind is not JsonValueKind.False
                && !(value.ValueKind is JsonValueKind.Object && !value.EnumerateObject().Any()))
            {
                throw new InvalidInputException($"{Source}: the field '{name}' changes the forward pass and is not supported; it was expected to be absent.");
            }
        }
    }

    private static string Shorten(string text) => text.Length <= 40 ? text : text[..37] + "...";

    private JsonElement? Find(string name) =>
        root.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null ? value : null;

    /// <summary>What to throw where a field's value makes something that is no number of fp32.</summary>
    public InvalidInputException Unusable(string name, string made) =>
        Wrong(name, Find(name) ?? default, $"a value that makes {made} that fp32 can hold");

    private InvalidInputException Wrong(string name, JsonElement value, string expectation) =>
        new($"{Source}: {name} is {(value.ValueKind == JsonValueKind.Undefined ? "absent" : Shorten(value.GetRawText()))}; {expectation} was expected.");
}
