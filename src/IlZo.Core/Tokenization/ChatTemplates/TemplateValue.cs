using System.Collections;
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
/// <param name="arguments">The values in parentheses.</param>
internal delegate object? TemplateFunction(CallArguments arguments);

/// <summary>
/// The values of templates and Python's rules for them. A value is null (none), bool, long, double, string,
/// List&lt;object?&gt;, OrderedDictionary&lt;string, object?&gt;, <see cref="TemplateNamespace"/>, <see cref="TemplateFunction"/> or
/// <see cref="Undefined"/>.
/// </summary>
internal static class TemplateValue
{
    // A string of one character.
    private const int CharacterBytes = 32;

    public static object? FromJson(JsonElement json) => json.ValueKind switch
    {
        JsonValueKind.String => json.GetString(),
        JsonValueKind.Number => json.TryGetInt64(out long whole) ? (object)whole : json.GetDouble(),
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        JsonValueKind.Array => json.EnumerateArray().Select(FromJson).ToList(),
        JsonValueKind.Object => new OrderedDictionary<string, object?>(
            json.EnumerateObject().DistinctBy(p => p.Name).Select(p => KeyValuePair.Create(p.Name, FromJson(p.Value)))),
        _ => null,
    };

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
        long or double => "a number",
        string => "a string",
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
