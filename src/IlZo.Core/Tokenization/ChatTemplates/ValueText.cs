using System.Globalization;
using System.Numerics;
using System.Runtime.CompilerServices;

namespace IlZo.Tokenization.ChatTemplates;

/// <summary>Values as text: what <c>{{ value }}</c> writes, which is Python's <c>str</c>.</summary>
internal static class ValueText
{
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

    /// <summary>Python's <c>repr</c>, in which strings stand in quotes.</summary>
    public static string Represent(object? value, RenderBudget budget)
    {
        var output = new TextBuffer(budget);
        WriteRepresentation(output, value);
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
            case long or BigInteger:
                output.Append(string.Create(CultureInfo.InvariantCulture, $"{value}"));
                break;
            case double number:
                output.Append(PythonNumbers.Represent(number));
                break;
            case string text:
                WritePythonString(output, text);
                break;
            case TemplateTuple tuple:
                output.Append('(');
                WriteElements(output, tuple);
                output.Append(tuple.Count == 1 ? ",)" : ")");
                break;
            case TemplateView { Written: { } written }:
                output.Append(written);
                break;
            case TemplateView view:
                output.Append(view.Name).Append("([");
                WriteElements(output, view);
                output.Append("])");
                break;
            case List<object?> list:
                output.Append('[');
                WriteElements(output, list);
                output.Append(']');
                break;
            case OrderedDictionary<string, object?> map:
                output.Append('{');
                string between = string.Empty;
                foreach (var (key, item) in map)
                {
                    output.Append(between);
                    WritePythonString(output, key);
                    output.Append(": ");
                    WriteRepresentation(output, item);
                    between = ", ";
                }

                output.Append('}');
                break;
            case Undefined:
                output.Append("Undefined");
                break;
            default:
                string expected = value is TemplateIterator
                    ? "a list, as the filter 'list' makes it, was"
                    : "text, numbers, lists and mappings were";
                throw output.Budget.Refusal($"{TemplateValue.KindOf(value)} is written; {expected} expected");
        }
    }

    private static void WriteElements(TextBuffer output, List<object?> items)
    {
        string between = string.Empty;
        foreach (var item in items)
        {
            output.Append(between);
            WriteRepresentation(output, item);
            between = ", ";
        }
    }

    /// <summary>Writes <c>repr(str)</c>.</summary>
    public static void WritePythonString(TextBuffer output, string text)
    {
        char quote = text.Contains('\'') && !text.Contains('"') ? '"' : '\'';
        output.Append(quote);
        foreach (var rune in text.EnumerateRunes())
        {
            output.Append(rune.Value switch
            {
                '\n' => "\\n",
                '\t' => "\\t",
                '\r' => "\\r",
                '\\' => "\\\\",
                int c when c == quote => $"\\{quote}",
                _ when PythonText.IsPrintable(rune) => rune.ToString(),
                int c => string.Create(
                    CultureInfo.InvariantCulture, $"{(c < 0x100 ? $"\\x{c:x2}" : c < 0x10000 ? $"\\u{c:x4}" : $"\\U{c:x8}")}"),
            });
        }

        output.Append(quote);
    }
}
