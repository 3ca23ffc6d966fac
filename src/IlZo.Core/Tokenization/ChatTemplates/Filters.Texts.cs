using System.Numerics;

namespace IlZo.Tokenization.ChatTemplates;

// Filters that write texts and numbers.
internal static partial class Filters
{
    public static string Replace(string text, string old, string fresh, CallArguments arguments)
    {
        if (old.Length == 0)
        {
            throw arguments.Error("the text to replace is empty");
        }

        // Below zero, as without a count, everything is replaced.
        int left = arguments.Integer(2, "count") ?? -1;
        arguments.Budget.Search(text, old);
        var result = new TextBuffer(arguments.Budget);
        var rest = text.AsSpan();
        for (int at; left != 0 && (at = rest.IndexOf(old)) >= 0; left--)
        {
            result.Append(rest[..at]).Append(fresh);
            rest = rest[(at + old.Length)..];
        }

        return result.Append(rest).ToString();
    }

    /// <summary>The texts of items with others between them.</summary>
    public static string Joined(IEnumerable<object?> items, string separator, CallArguments arguments)
    {
        var result = new TextBuffer(arguments.Budget);
        string between = string.Empty;
        foreach (var item in items)
        {
            result.Append(between);
            ValueText.Write(result, item);
            between = separator;
        }

        return result.ToString();
    }

    /// <summary>A text in another case, of which a character may become three.</summary>
    public static string Changed(string text, CallArguments arguments, Func<string, string> change)
    {
        arguments.Budget.Work(text.Length);
        arguments.Budget.Text(text.Length);
        return change(text);
    }

    private static string Written(object? value, CallArguments arguments) => ValueText.Of(value, arguments.Budget);

    private static object? Join(object? value, CallArguments arguments)
    {
        string separator = arguments.Allow("d", "attribute").TryGet(0, "d", out var given) ? Written(given, arguments) : string.Empty;
        bool byAttribute = arguments.TryGet(1, "attribute", out var attribute) && attribute is not null;
        return Joined(Elements(value, arguments).Select(i => byAttribute ? Attribute(i, attribute, arguments) : i), separator, arguments);
    }

    private static object? Format(object? value, CallArguments arguments)
    {
        if (arguments.Positional.Count > 0 && arguments.Named.Count > 0)
        {
            throw arguments.Error("values with names and without are given; one of the two was expected");
        }

        object values = arguments.Named.Count > 0
            ? new OrderedDictionary<string, object?>(arguments.Named)
            : new TemplateTuple(arguments.Positional);
        return FormatText.Percent(Written(value, arguments), values, arguments.Budget, arguments.Error);
    }

    private static object? ToInteger(object? value, CallArguments arguments)
    {
        var otherwise = arguments.Allow("default", "base").TryGet(0, "default", out var given) ? given : 0L;
        int radix = arguments.Integer(1, "base") ?? 10;
        if (radix is not (0 or (>= 2 and <= 36)))
        {
            throw arguments.Error($"the base is {radix}; 2 to 36, or 0, was expected");
        }

        switch (TemplateValue.Plain(value))
        {
            case long whole:
                return whole;
            case BigInteger:
                throw arguments.Error(ArithmeticExpression.TooLarge);
            case double number:
                return double.IsNaN(number) ? otherwise : Functions.Whole(number) ?? throw arguments.Error(ArithmeticExpression.TooLarge);
            case string text:
                arguments.Budget.Work(text.Length);
                return PythonNumbers.ReadInteger(text, radix) is { } read
                    ? read >= long.MinValue && read <= long.MaxValue ? (long)read : throw arguments.Error(ArithmeticExpression.TooLarge)
                    : PythonNumbers.ReadReal(text) is { } real
                        && double.IsFinite(real) ? Functions.Whole(real) ?? throw arguments.Error(ArithmeticExpression.TooLarge)
                    : otherwise;
            default:
                return otherwise;
        }
    }

    private static object? ToReal(object? value, CallArguments arguments)
    {
        var otherwise = arguments.Allow("default").TryGet(0, "default", out var given) ? given : 0.0;
        arguments.Budget.Work(value is string text ? text.Length : 0);
        return TemplateValue.TryNumber(value, out double number) ? number
            : value is string digits && PythonNumbers.ReadReal(digits) is { } read ? read
            : otherwise;
    }

    private static object? Absolute(object? value, CallArguments arguments) => TemplateValue.Plain(value) switch
    {
        long.MinValue => throw arguments.Error(ArithmeticExpression.TooLarge),
        long number => (object)Math.Abs(number),
        double number => Math.Abs(number),
        _ => throw arguments.Error($"the value is {TemplateValue.KindOf(value)}; a number was expected"),
    };

    private static object? Indent(object? value, CallArguments arguments)
    {
        const int MaxWidth = 256;
        arguments.Allow("width", "first", "blank").TryGet(0, "width", out var width);
        string indentation = TemplateValue.Plain(width) switch
        {
            null => new string(' ', 4),
            string { Length: <= MaxWidth } text => text,
            long and >= 0 and <= MaxWidth and var spaces => new string(' ', (int)spaces),
            _ => throw arguments.Error($"a width of 0 to {MaxWidth} was expected"),
        };
        bool first = arguments.TryGet(1, "first", out var flag) && TemplateValue.IsTrue(flag);
        bool blank = arguments.TryGet(2, "blank", out var all) && TemplateValue.IsTrue(all);
        var result = new TextBuffer(arguments.Budget);
        result.Append(first ? indentation : string.Empty);
        bool begins = true;
        string content = Written(value, arguments);
        arguments.Budget.Work(content.Length);
        foreach (string line in PythonText.Lines(content + "\n"))
        {
            result.Append('\n', begins ? 0 : 1).Append(!begins && (blank || line.Length > 0) ? indentation : string.Empty).Append(line);
            begins = false;
        }

        return result.ToString();
    }
}
