using System.Buffers;
using System.Globalization;
using System.Runtime.CompilerServices;

namespace IlZo.Tokenization.ChatTemplates;

/// <summary>Values as text: what <c>{{ value }}</c> writes, and JSON.</summary>
internal static class ValueText
{
    private static readonly SearchValues<char> s_escapedInPython = SearchValues.Create("\\\n\t\r'");
    private static readonly SearchValues<char> s_escapedInQuotes = SearchValues.Create("\\\n\t\r");
    private static readonly SearchValues<char> s_escapedInJson = SearchValues.Create([.. Enumerable.Range(0, ' ').Select(c => (char)c), '"', '\\']);

    /// <summary>What <c>{{ value }}</c> writes.</summary>
    public static string Of(object? value, RenderBudget budget)
    {
        if (value is string text)
        {
            return text;
        }

        var output = new TextBuffer(budget);
        Write(output, value);
        return output.ToString();
    }

    /// <summary>Writes what <c>{{ value }}</c> does.</summary>
    public static void Write(TextBuffer output, object? value)
    {
        if (value is string text)
        {
            output.Append(text);
        }
        else if (value is not Undefined)
        {
            WriteRepresentation(output, value);
        }
    }

    /// <summary>JSON as Python's json.dumps writes it without escapes for what is not ASCII.</summary>
    /// <param name="output">Where to write.</param>
    /// <param name="value">The value.</param>
    /// <param name="indent">Spaces of a level, or null for one line.</param>
    /// <param name="level">How deep the value stands.</param>
    public static void WriteJson(TextBuffer output, object? value, int? indent, int level = 0)
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
                Write(output, value);
                break;
        }
    }

    private static void WriteItems<T>(
        TextBuffer output, char open, char close, IReadOnlyCollection<T> items, int? indent, int level, Action<T> write)
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

    private static void WriteQuoted(TextBuffer output, string text)
    {
        output.Append('"');
        WriteEscaped(output, text, s_escapedInJson, c => c switch
        {
            '"' => "\\\"",
            '\\' => "\\\\",
            '\n' => "\\n",
            '\r' => "\\r",
            '\t' => "\\t",
            '\b' => "\\b",
            '\f' => "\\f",
            _ => string.Create(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}"),
        });
        output.Append('"');
    }

    private static void WriteEscaped(TextBuffer output, string text, SearchValues<char> escaped, Func<char, string> escape)
    {
        output.Budget.Work(text.Length);
        var rest = text.AsSpan();
        for (int at; (at = rest.IndexOfAny(escaped)) >= 0; rest = rest[(at + 1)..])
        {
            output.Append(rest[..at]).Append(escape(rest[at]));
        }

        output.Append(rest);
    }

    private static void WriteRepresentation(TextBuffer output, object? value)
    {
        RuntimeHelpers.EnsureSufficientExecutionStack();
        switch (value)
        {
            case null:
                output.Append("None");
                break;
            case bool flag:
                output.Append(flag ? "True" : "False");
                break;
            case long number:
                output.Append(number.ToString(CultureInfo.InvariantCulture));
                break;
            case double number:
                string digits = number.ToString("R", CultureInfo.InvariantCulture);
                output.Append(digits.AsSpan().ContainsAny('.', 'E', 'N') || double.IsInfinity(number) ? digits : digits + ".0");
                break;
            case string text:
                WritePythonString(output, text);
                break;
            case List<object?> list:
                WriteItems(output, '[', ']', list, indent: null, level: 0, item => WriteRepresentation(output, item));
                break;
            case OrderedDictionary<string, object?> map:
                WriteItems(output, '{', '}', map, indent: null, level: 0, pair =>
                {
                    WritePythonString(output, pair.Key);
                    output.Append(": ");
                    WriteRepresentation(output, pair.Value);
                });
                break;
            default:
                output.Append(TemplateValue.KindOf(value));
                break;
        }
    }

    private static void WritePythonString(TextBuffer output, string text)
    {
        char quote = text.Contains('\'') && !text.Contains('"') ? '"' : '\'';
        output.Append(quote);
        WriteEscaped(output, text, quote == '"' ? s_escapedInQuotes : s_escapedInPython, c => c switch
        {
            '\n' => "\\n",
            '\t' => "\\t",
            '\r' => "\\r",
            _ => $"\\{c}",
        });
        output.Append(quote);
    }
}
