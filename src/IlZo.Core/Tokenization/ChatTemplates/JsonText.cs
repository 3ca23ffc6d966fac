using System.Globalization;
using System.Numerics;
using System.Runtime.CompilerServices;

namespace IlZo.Tokenization.ChatTemplates;

/// <summary>The settings of Python's <c>json.dumps</c>.</summary>
/// <param name="EnsureAscii">Whether what is not ASCII is escaped.</param>
/// <param name="Indent">What stands in front of a line for each level, or null for one line.</param>
/// <param name="ItemSeparator">What stands between items.</param>
/// <param name="KeySeparator">What stands between a key and its value.</param>
/// <param name="SortKeys">Whether mappings are in the order of their keys.</param>
internal sealed record JsonSettings(bool EnsureAscii, string? Indent, string ItemSeparator, string KeySeparator, bool SortKeys);

/// <summary>The filter <c>tojson</c> as transformers has it: <c>json.dumps</c> with <c>ensure_ascii=False</c>.</summary>
internal sealed class JsonText
{
    private const int MaxIndent = 16;

    private readonly TextBuffer _output;
    private readonly CallArguments _arguments;
    private readonly JsonSettings _settings;

    private JsonText(TextBuffer output, CallArguments arguments, JsonSettings settings) =>
        (_output, _arguments, _settings) = (output, arguments, settings);

    public static object? Write(object? value, CallArguments arguments)
    {
        arguments.Allow("ensure_ascii", "indent", "separators", "sort_keys");
        string? indent = Indent(arguments);
        (string item, string key) = arguments.TryGet(2, "separators", out var separators) && separators is not null
            ? separators is List<object?> and [string first, string second]
                ? (first, second)
                : throw arguments.Error("separators of two strings were expected")
            : (indent is null ? ", " : ",", ": ");
        var output = new TextBuffer(arguments.Budget);
        new JsonText(output, arguments, new JsonSettings(Flag(0, "ensure_ascii"), indent, item, key, Flag(3, "sort_keys"))).Write(
            value, level: 0);
        return output.ToString();

        bool Flag(int index, string name) => arguments.TryGet(index, name, out var flag) && TemplateValue.IsTrue(flag);
    }

    private static string? Indent(
        CallArguments arguments) => !arguments.TryGet(1, "indent", out var indent) ? null : TemplateValue.Plain(indent) switch
        {
            null => null,
            long and <= MaxIndent and var spaces => new string(' ', (int)Math.Max(spaces, 0)),
            string { Length: <= MaxIndent } text => text,
            _ => throw arguments.Error($"an indent of 0 to {MaxIndent} was expected"),
        };

    private void Write(object? value, int level)
    {
        RuntimeHelpers.EnsureSufficientExecutionStack();
        switch (value)
        {
            case string text:
                WriteQuoted(text);
                break;
            case List<object?> list and not TemplateView:
                WriteItems('[', ']', list, level, item => Write(item, level + 1));
                break;
            case OrderedDictionary<string, object?> map:
                WriteItems('{', '}', Ordered(map), level, pair =>
                {
                    WriteQuoted(pair.Key);
                    _output.Append(_settings.KeySeparator);
                    Write(pair.Value, level + 1);
                });
                break;
            case bool flag:
                _output.Append(flag ? "true" : "false");
                break;
            case null:
                _output.Append("null");
                break;
            case long or BigInteger:
                _output.Append(string.Create(CultureInfo.InvariantCulture, $"{value}"));
                break;
            case double number:
                _output.Append(double.IsNaN(number)
                    ? "NaN"
                    : double.IsInfinity(number) ? (number > 0 ? "Infinity" : "-Infinity") : PythonNumbers.Represent(number));
                break;
            default:
                string found = value is Undefined { Name: var name } ? $"'{name}', which is not defined" : TemplateValue.KindOf(value);
                throw _arguments.Error($"the value is {found}; "
                    + "text, numbers, true, false, none, lists and mappings were expected");
        }
    }

    private IReadOnlyCollection<KeyValuePair<string, object?>> Ordered(OrderedDictionary<string, object?> map) =>
        _settings.SortKeys ? Filters.SortedBy(map, _arguments, pair => pair.Key, descending: false) : map;

    private void WriteItems<T>(char open, char close, IReadOnlyCollection<T> items, int level, Action<T> write)
    {
        _output.Append(open);
        bool first = true;
        foreach (var item in items)
        {
            _output.Append(first ? string.Empty : _settings.ItemSeparator);
            NewLine(level + 1);
            write(item);
            first = false;
        }

        if (!first)
        {
            NewLine(level);
        }

        _output.Append(close);
    }

    private void NewLine(int depth)
    {
        if (_settings.Indent is { } indent)
        {
            _output.Append('\n');
            for (int i = 0; i < depth; i++)
            {
                _output.Append(indent);
            }
        }
    }

    private void WriteQuoted(string text)
    {
        _output.Append('"');
        _output.Budget.Work(text.Length);
        var rest = text.AsSpan();
        for (int at; (at = NextEscaped(rest)) >= 0; rest = rest[(at + 1)..])
        {
            _output.Append(rest[..at]).Append(rest[at] switch
            {
                '"' => "\\\"",
                '\\' => "\\\\",
                '\n' => "\\n",
                '\r' => "\\r",
                '\t' => "\\t",
                '\b' => "\\b",
                '\f' => "\\f",
                char c => string.Create(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}"),
            });
        }

        _output.Append(rest).Append('"');
    }

    private int NextEscaped(ReadOnlySpan<char> text)
    {
        for (int i = 0; i < text.Length; i++)
        {
            if (text[i] is < ' ' or '"' or '\\' || (_settings.EnsureAscii && text[i] > '~'))
            {
                return i;
            }
        }

        return -1;
    }
}
