using System.Text.Json;
using IlZo.Arithmetic.Vectors;
using IlZo.Backends;

namespace IlZo.Models;

/// <summary>
/// Reads the fields of a model's <c>config.json</c>, with the reference library's defaults. A field that is null or empty counts as absent,
/// but where the library tells null apart from absent. It keeps which fields were asked for, so that the others can be named.
/// </summary>
/// <param name="source">The file, for messages.</param>
/// <param name="root">The object.</param>
internal sealed class ConfigReader(string source, JsonElement root)
{
    private readonly HashSet<string> _asked = new(StringComparer.Ordinal);
    private readonly Dictionary<string, ConfigReader> _objects = new(StringComparer.Ordinal);

    /// <summary>The file, for messages.</summary>
    public string Source { get; } = source;

    /// <summary>The fields that were asked for, those of an object in it behind its name and a dot.</summary>
    public IEnumerable<string> Asked => _asked.Concat(_objects.SelectMany(o => o.Value.Asked.Select(f => $"{o.Key}.{f}")));

    /// <summary>The fields with a value that nobody asked for.</summary>
    public IEnumerable<string> Unread => root.EnumerateObject().Where(p => !IsEmpty(p.Value)).SelectMany(p =>
        _objects.TryGetValue(p.Name, out var inner) ? inner.Unread.Select(f => $"{p.Name}.{f}") : _asked.Contains(p.Name) ? [] : [p.Name]);

    /// <summary>The classes of a …ForSequenceClassification, 2 where the library's default holds; null for other architectures.</summary>
    public ConfigSize? Classes
    {
        get
        {
            bool classifies = Architectures.Any(n => n.EndsWith(ClassificationCheckpoint.Suffix, StringComparison.Ordinal));
            if (!classifies)
            {
                return null;
            }

            return Find("id2label") is { ValueKind: JsonValueKind.Object } labels
                ? new ConfigSize(Source, "id2label", Math.Max(1, labels.EnumerateObject().Count()), ConfigSize.MaxRows)
                : Size("num_labels", 2, ConfigSize.MaxRows);
        }
    }

    /// <summary>Whether the architecture is a model without a head, such as BertModel.</summary>
    public bool IsHeadless => Architectures is [var name, ..] && name.EndsWith("Model", StringComparison.Ordinal)
        && !name.EndsWith("LMHeadModel", StringComparison.Ordinal);

    private IReadOnlyList<string> Architectures => Find("architectures") is { ValueKind: JsonValueKind.Array } names
        ? [.. names.EnumerateArray().Where(n => n.ValueKind == JsonValueKind.String).Select(n => n.GetString()!)]
        : [];

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
    public ConfigSize? SizeOrNone(string name, int absent, int most = int.MaxValue) => IsNull(name) ? null : Size(name, absent, most);

    /// <summary>A positive integer; null where the field is −1, which stands for all that there are.</summary>
    public ConfigSize? SizeOrAll(string name, int fallback, int most = ConfigSize.MaxFeatures) => Find(name) switch
    {
        null => Size(name, fallback, most),
        { ValueKind: JsonValueKind.Number } value when value.TryGetInt64(out long number) && number is -1 or > 0 =>
            number == -1 ? null : Size(name, fallback, most),
        { } value => throw Wrong(name, value, "a positive integer, or -1 for all that there are,"),
    };

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

    /// <summary>As many positive numbers, which fp32 can hold too.</summary>
    /// <param name="name">The field.</param>
    /// <param name="count">How many.</param>
    /// <param name="places">What there is one for each of, for messages.</param>
    public IReadOnlyList<double> Numbers(string name, int count, string places) => Find(name) switch
    {
        { ValueKind: JsonValueKind.Array } value when value.GetArrayLength() == count
            && value.EnumerateArray().All(v => AsPositive(v) is not null) =>
            [.. value.EnumerateArray().Select(v => AsPositive(v)!.Value)],
        var other => throw Wrong(name, other ?? default, $"a list of {count} positive numbers, one for each {places},"),
    };

    /// <summary>A positive number, null where the field is null, and the library's default where it is absent.</summary>
    public float? NumberOrNone(string name, double absent) => IsNull(name) ? null : (float)Number(name, absent);

    /// <summary>A positive number, which fp32 can hold too.</summary>
    public double Number(string name, double fallback) => Find(name) switch
    {
        null => fallback,
        { } value when AsPositive(value) is { } number => number,
        { } value => throw Wrong(name, value, "a positive number that fp32 can hold"),
    };

    /// <summary>A number that is not negative.</summary>
    public double NumberOrZero(string name, double fallback) => Find(name) switch
    {
        null => fallback,
        { ValueKind: JsonValueKind.Number } value when value.TryGetDouble(out double number) && double.IsFinite(number) && number >= 0 =>
            number,
        { } value => throw Wrong(name, value, "a number that is not negative"),
    };

    /// <summary>
    /// A token id, none where the field is null, or the library's default where it is absent; a list of ids counts as its first.
    /// </summary>
    public int? Token(string name, int? absent) => Tokens(name, absent) is [var first, ..] ? first : null;

    /// <summary>A token id or a list of them; none where the field is null, and the library's default where it is absent.</summary>
    public IReadOnlyList<int> Tokens(string name, int? absent) => Find(name) switch
    {
        null when IsNull(name) || absent is null => [],
        null => [absent.Value],
        { ValueKind: JsonValueKind.Number } value when value.TryGetInt32(out int id) => [id],
        { ValueKind: JsonValueKind.Array } value
            when value.EnumerateArray().All(
                v => v.ValueKind == JsonValueKind.Number && v.TryGetInt32(out _)) => [.. value.EnumerateArray().Select(v => v.GetInt32())],
        { } value => throw Wrong(name, value, "a token id or a list of them"),
    };

    /// <summary>Whether a field is there and null, for the few of which the library's default holds only where they are absent.</summary>
    public bool IsNull(string name)
    {
        _asked.Add(name);
        return root.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Null;
    }

    /// <summary>The one of two names of a setting that is used.</summary>
    /// <exception cref="InvalidInputException">Both are, with different values.</exception>
    public string Either(string name, string other)
    {
        if (Find(name) is not { } value || Find(other) is not { } second)
        {
            return Has(other) ? other : name;
        }

        return JsonElement.DeepEquals(value, second) ? name : throw new InvalidInputException(
            $"{Source}: {name} is {Shorten(value.GetRawText())} and {other}, which is another name for it, is "
                + $"{Shorten(second.GetRawText())}; one value was expected.");
    }

    /// <summary>The fields of an object, or null where it is absent.</summary>
    public ConfigReader? Object(string name) => Find(name) switch
    {
        null => null,
        { ValueKind: JsonValueKind.Object } value => _objects[name] = new ConfigReader($"{Source}, {name}", value),
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
            $"{Source}: {name} '{other}' is not supported; relu, gelu, gelu_new, gelu_fast, gelu_pytorch_tanh, silu, swish and quick_gelu "
                + "are."),
    };

    /// <summary>Refuses a field that would change the forward pass in a way that is not implemented, whatever its value.</summary>
    public void Refuse(params ReadOnlySpan<string> names)
    {
        foreach (string name in names)
        {
            if (Find(name) is { ValueKind: not JsonValueKind.False })
            {
                throw new InvalidInputException(
                    $"{Source}: the field '{name}' changes the forward pass and is not supported; it was expected to be absent.");
            }
        }
    }

    /// <summary>Refuses a model whose weights are quantized, by the method's name.</summary>
    public void RefuseQuantized()
    {
        const string Field = "quantization_config";
        if (Find(Field) is not { } value)
        {
            return;
        }

        string method = value.ValueKind == JsonValueKind.Object && value.TryGetProperty("quant_method", out var named)
            && named.ValueKind == JsonValueKind.String
            ? named.GetString()!
            : "a method that it does not name";
        throw new InvalidInputException(
            $"{Source}: the field '{Field}' says that the weights are quantized by {method}, which is not supported; "
            + $"{ForeignWeights.InsteadOf(method)} was expected.");
    }

    private static double? AsPositive(JsonElement value) =>
        value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out double number) && float.IsNormal((float)number) && number > 0
            ? number
            : null;

    private static string Shorten(string text) => text.Length <= 40 ? text : text[..37] + "...";

    private static bool IsEmpty(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Null => true,
        JsonValueKind.String => value.GetString()!.Length == 0,
        JsonValueKind.Array => value.GetArrayLength() == 0,
        JsonValueKind.Object => !value.EnumerateObject().Any(),
        _ => false,
    };

    private JsonElement? Find(string name)
    {
        _asked.Add(name);
        return root.TryGetProperty(name, out var value) && !IsEmpty(value) ? value : null;
    }

    /// <summary>What to throw where a field's value makes something that is no number of fp32.</summary>
    public InvalidInputException Unusable(string name, string made) =>
        Wrong(name, Find(name) ?? default, $"a value that makes {made} that fp32 can hold");

    /// <summary>What to throw where a field has a value that is not supported.</summary>
    /// <param name="name">The field.</param>
    /// <param name="expectation">What it should have.</param>
    public InvalidInputException Wrong(string name, string expectation) => Wrong(name, Find(name) ?? default, expectation);

    private InvalidInputException Wrong(string name, JsonElement value, string expectation) =>
        new($"{Source}: {name} is {(value.ValueKind == JsonValueKind.Undefined ? "absent" : Shorten(value.GetRawText()))}; {expectation} "
            + "was expected.");
}
