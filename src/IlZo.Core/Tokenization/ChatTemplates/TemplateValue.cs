using System.Collections;
using System.Globalization;
using System.Numerics;
using System.Text.Json;

namespace IlZo.Tokenization.ChatTemplates;

/// <summary>What a name or a member that is not there gives: false, without text, and not to be read further.</summary>
internal sealed record Undefined(string Name);

/// <summary>What <c>namespace()</c> makes: the one value that a template can change.</summary>
internal sealed class TemplateNamespace
{
    public Dictionary<string, object?> Members { get; } = new(StringComparer.Ordinal);
}

/// <summary>A function that a template can call.</summary>
/// <param name="call">What it does with the values in parentheses.</param>
/// <param name="holds">What it keeps: the value of a method, the scope of a macro.</param>
internal sealed class TemplateFunction(Func<CallArguments, object?> call, object? holds = null)
{
    public object? Holds => holds;

    public object? Call(CallArguments arguments) => call(arguments);
}

/// <summary>
/// The values of templates and Python's rules for them. A value is null (none), bool, long, BigInteger, double, string,
/// List&lt;object?&gt;, <see cref="TemplateTuple"/>, <see cref="TemplateView"/>, <see cref="TemplateIterator"/>,
/// OrderedDictionary&lt;string, object?&gt;, <see cref="TemplateNamespace"/>, <see cref="TemplateFunction"/> or <see cref="Undefined"/>.
/// </summary>
internal static class TemplateValue
{
    // A string of one character.
    private const int CharacterBytes = 32;

    public static object? FromJson(JsonElement json) => json.ValueKind switch
    {
        JsonValueKind.String => json.GetString(),
        JsonValueKind.Number => json.TryGetInt64(out long whole) ? whole : Large(json) ?? (object)json.GetDouble(),
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        JsonValueKind.Array => json.EnumerateArray().Select(FromJson).ToList(),
        JsonValueKind.Object => Mapping(json),
        _ => null,
    };

    // A whole number of more than 64 bits, which can be written and compared, not calculated with. Python reads no longer ones.
    private static BigInteger? Large(JsonElement json)
    {
        const int MaxDigits = 4300;
        string digits = json.GetRawText();
        return digits.Length <= MaxDigits && BigInteger.TryParse(
            digits, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var large) ? large : null;
    }

    // The last of several members of one name counts, as in Python.
    private static OrderedDictionary<string, object?> Mapping(JsonElement json)
    {
        var map = new OrderedDictionary<string, object?>();
        foreach (var property in json.EnumerateObject())
        {
            map[property.Name] = FromJson(property.Value);
        }

        return map;
    }

    /// <summary>Whether a value is a list, neither a tuple nor a view.</summary>
    public static bool IsList(object? value) => value?.GetType() == typeof(List<object?>);

    /// <summary>A truth value as the whole number that Python takes it for; others as they are.</summary>
    public static object? Plain(object? value) => value is bool flag ? flag ? 1L : 0L : value;

    public static bool IsTrue(object? value) => value switch
    {
        null or Undefined => false,
        bool flag => flag,
        long number => number != 0,
        double number => number != 0,
        string text => text.Length > 0,
        ICollection items => items.Count > 0,
        _ => true,
    };

    /// <summary>Python's name of the type, for messages.</summary>
    public static string KindOf(object? value) => value switch
    {
        null => "none",
        Undefined => "undefined",
        bool => "a boolean",
        long or double or BigInteger => "a number",
        string => "a string",
        TemplateTuple => "a tuple",
        TemplateView view => $"a view ({view.Name})",
        TemplateIterator => "an iterator",
        List<object?> => "a list",
        OrderedDictionary<string, object?> => "a mapping",
        TemplateNamespace => "a namespace",
        _ => "a function",
    };

    /// <summary>A number, or a boolean as 0 or 1.</summary>
    public static bool TryNumber(object? value, out double number)
    {
        (bool isNumber, number) = value switch
        {
            bool flag => (true, flag ? 1 : 0),
            long whole => (true, whole),
            double real => (true, real),
            _ => (false, 0.0),
        };
        return isNumber;
    }

    /// <summary>How many elements a value has; null for what has none.</summary>
    public static int? Count(object? value, RenderBudget budget)
    {
        switch (value)
        {
            case string text:
                budget.Work(text.Length);
                return CodePoints.Count(text);
            case ICollection items:
                return items.Count;
            default:
                return value is Undefined ? 0 : null;
        }
    }

    /// <summary>What is iterated over: a mapping's keys, a string's characters; null for what has no elements.</summary>
    public static IReadOnlyList<object?>? Elements(object? value, RenderBudget budget)
    {
        switch (value)
        {
            case List<object?> list:
                return list;
            case TemplateIterator iterator:
                return iterator.Take();
            case OrderedDictionary<string, object?> map:
                budget.List(map.Count);
                return [.. map.Keys];
            case string text:
                budget.List(text.Length, CharacterBytes);
                return [.. text.EnumerateRunes().Select(r => r.ToString())];
            default:
                return value is Undefined ? [] : null;
        }
    }
}
