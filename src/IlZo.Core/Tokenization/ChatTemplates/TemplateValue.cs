using System.Collections;
using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;
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

    public static bool AreEqual(object? a, object? b)
    {
        RuntimeHelpers.EnsureSufficientExecutionStack();
        if (TryNumber(a, out double x) && TryNumber(b, out double y))
        {
            return x == y;
        }

        return (a, b) switch
        {
            (List<object?> left, List<object?> right) => left.Count == right.Count && left.Zip(right).All(p => AreEqual(p.First, p.Second)),
            (OrderedDictionary<string, object?> left, OrderedDictionary<string, object?> right) =>
                left.Count == right.Count && left.All(p => right.TryGetValue(p.Key, out var other) && AreEqual(p.Value, other)),
            (Undefined, Undefined) => true,
            _ => Equals(a, b),
        };
    }

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

    /// <summary>What <c>{{ value }}</c> writes.</summary>
    public static string Text(object? value) => value switch
    {
        Undefined => string.Empty,
        string text => text,
        _ => Representation(value),
    };

    /// <summary>What is iterated over: a mapping's keys, a string's characters; null for what has no elements.</summary>
    public static IReadOnlyList<object?>? Elements(object? value) => value switch
    {
        List<object?> list => list,
        OrderedDictionary<string, object?> map => [.. map.Keys],
        string text => [.. text.EnumerateRunes().Select(r => r.ToString())],
        Undefined => [],
        _ => null,
    };

    /// <summary>JSON as Python's json.dumps writes it without escapes for what is not ASCII.</summary>
    /// <param name="indent">Spaces of a level, or null for one line.</param>
    public static void WriteJson(StringBuilder output, object? value, int? indent, int level = 0)
    {
        RuntimeHelpers.EnsureSufficientExecutionStack();
        switch (value)
        {
            case string text:
                WriteQuoted(output, text);
                break;
            case List<object?> list:
                WriteItems(output, '[', ']', list, indent, level, item => WriteJson(output, item, indent, level + 1));
                break;
            case OrderedDictionary<string, object?> map:
                WriteItems(output, '{', '}', map, indent, level, pair =>
                {
                    WriteQuoted(output, pair.Key);
                    output.Append(": ");
                    WriteJson(output, pair.Value, indent, level + 1);
                });
                break;
            case bool flag:
                output.Append(flag ? "true" : "false");
                break;
            case null or Undefined:
                output.Append("null");
                break;
            default:
                output.Append(Text(value));
                break;
        }
    }

    private static void WriteItems<T>(
        StringBuilder output, char open, char close, IReadOnlyCollection<T> items, int? indent, int level, Action<T> write)
    {
        output.Append(open);
        bool first = true;
        foreach (var item in items)
        {
            output.Append(first ? string.Empty : indent is null ? ", " : ",");
            NewLine(level + 1);
            write(item);
            first = false;
        }

        if (!first)
        {
            NewLine(level);
        }

        output.Append(close);

        void NewLine(int depth)
        {
            if (indent is { } spaces)
            {
                output.Append('\n').Append(' ', spaces * depth);
            }
        }
    }

    private static void WriteQuoted(StringBuilder output, string text)
    {
        output.Append('"');
        foreach (char c in text)
        {
            output.Append(c switch
            {
                '"' => "\\\"",
                '\\' => "\\\\",
                '\n' => "\\n",
                '\r' => "\\r",
                '\t' => "\\t",
                '\b' => "\\b",
                '\f' => "\\f",
                < ' ' => string.Create(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}"),
                _ => c.ToString(),
            });
        }

        output.Append('"');
    }

    private static string Representation(object? value)
    {
        RuntimeHelpers.EnsureSufficientExecutionStack();
        switch (value)
        {
            case null:
                return "None";
            case bool flag:
                return flag ? "True" : "False";
            case long number:
                return number.ToString(CultureInfo.InvariantCulture);
            case double number:
                string digits = number.ToString("R", CultureInfo.InvariantCulture);
                return digits.AsSpan().ContainsAny('.', 'E', 'N') || double.IsInfinity(number) ? digits : digits + ".0";
            case string text:
                string escaped = text.Replace("\\", "\\\\").Replace("\n", "\\n").Replace("\t", "\\t").Replace("\r", "\\r");
                return text.Contains('\'') && !text.Contains('"') ? $"\"{escaped}\"" : $"'{escaped.Replace("'", "\\'")}'";
            case List<object?> list:
                return $"[{string.Join(", ", list.Select(Representation))}]";
            case OrderedDictionary<string, object?> map:
                return $"{{{string.Join(", ", map.Select(p => $"{Representation(p.Key)}: {Representation(p.Value)}"))}}}";
            default:
                return KindOf(value);
        }
    }
}
