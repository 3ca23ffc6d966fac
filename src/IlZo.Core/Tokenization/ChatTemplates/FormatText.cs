using System.Globalization;

namespace IlZo.Tokenization.ChatTemplates;

/// <summary>Python's two ways of putting values into a text: <c>%</c> and <c>str.format</c>, the common part of each.</summary>
internal static class FormatText
{
    private const int MaxWidth = 256;

    // All digits of a number are written before it is rounded.
    private const int FixedWork = 1 << 13;

    /// <summary><c>format % values</c>.</summary>
    /// <param name="format">The text.</param>
    /// <param name="values">A tuple with a value for each place, a mapping for places with names, or the one value.</param>
    /// <param name="budget">What the rendering may use.</param>
    /// <param name="error">Makes the refusals.</param>
    public static string Percent(string format, object? values, RenderBudget budget, Func<string, InvalidInputException> error)
    {
        var result = new TextBuffer(budget);
        var list = values as TemplateTuple ?? new TemplateTuple([values]);
        int used = 0;
        bool named = false;
        for (int at = 0; at < format.Length; at++)
        {
            if (format[at] != '%')
            {
                result.Append(format[at]);
                continue;
            }

            at++;
            object? keyed = null;
            bool hasKey = at < format.Length && format[at] == '(';
            if (hasKey)
            {
                int close = format.IndexOf(')', at);
                string key = close < 0 ? throw error("a name in the format has no end") : format[(at + 1)..close];
                keyed = values is OrderedDictionary<string, object?> map && map.TryGetValue(key, out var value)
                    ? value
                    : throw error($"the format names '{key}', which is not given");
                at = close + 1;
                named = true;
            }

            int flags = at;
            while (at < format.Length && format[at] is '-' or '0' or '+' or ' ' or '#')
            {
                at++;
            }

            string flag = format[flags..at];
            int width = Number(format, ref at, error) ?? 0;
            int? precision = at < format.Length && format[at] == '.' && ++at > 0 ? Number(format, ref at, error) ?? 0 : null;
            char kind = at < format.Length ? format[at] : throw error("the format ends after '%'");
            string text = kind == '%' ? "%" : One(kind, hasKey
                ? keyed
                : used < list.Count ? list[used++] : throw error("the format has more places than values"), flag, precision, budget, error);
            result.Append(Padded(text, width, flag, isNumber: kind is not ('s' or 'r' or '%')));
        }

        return named || used == list.Count || values is OrderedDictionary<string, object?>
            ? result.ToString()
            : throw error("the format has fewer places than values");
    }

    /// <summary><c>format.format(values)</c> with places such as <c>{}</c>, <c>{0}</c> and <c>{name}</c>.</summary>
    public static string Braces(string format, CallArguments arguments)
    {
        var result = new TextBuffer(arguments.Budget);
        int next = 0;
        for (int at = 0; at < format.Length; at++)
        {
            char c = format[at];
            bool doubled = at + 1 < format.Length && format[at + 1] == c;
            if (c is not ('{' or '}') || doubled)
            {
                result.Append(c);
                at += c is '{' or '}' ? 1 : 0;
                continue;
            }

            int close = c == '{' ? format.IndexOf('}', at) : -1;
            string field = close < 0 ? throw arguments.Error("a brace in the format stands alone") : format[(at + 1)..close];
            int place = field.Length == 0
                ? next++
                : int.TryParse(field, NumberStyles.None, CultureInfo.InvariantCulture, out int index) ? index : -1;
            var value = place >= 0 && place < arguments.Positional.Count ? arguments.Positional[place]
                : place < 0 && arguments.Named.TryGetValue(field, out var named) ? named
                : throw arguments.Error($"the place '{{{field}}}' is not supported or has no value; {{}}, {{0}} or {{name}} were expected");
            ValueText.Write(result, value);
            at = close;
        }

        return result.ToString();
    }

    private static string One(
        char kind, object? value, string flag, int? precision, RenderBudget budget, Func<string, InvalidInputException> error)
    {
        value = kind is 's' or 'r' ? value : TemplateValue.Plain(value);
        switch (kind, value)
        {
            case ('s', _):
                return Cut(ValueText.Of(value, budget));
            case ('r', _):
                return Cut(ValueText.Represent(value, budget));
            case ('d' or 'i' or 'u', long or double):
                return Signed(Functions.Whole(value) ?? throw error(ArithmeticExpression.TooLarge), "D" + (precision ?? 1));
            case ('x' or 'X' or 'o', long number and not long.MinValue) when !flag.Contains('#'):
                string digits = kind == 'o'
                    ? Convert.ToString(Math.Abs(number), 8)
                    : Math.Abs(number).ToString($"{kind}", CultureInfo.InvariantCulture);
                return (number < 0 ? "-" : Plus(flag)) + digits.PadLeft(Math.Min(precision ?? 0, MaxWidth), '0');
            case ('f' or 'F', long or double):
                budget.Work(FixedWork);
                TemplateValue.TryNumber(value, out double real);
                return !double.IsFinite(real) ? PythonNumbers.Represent(real) : Sign(real) + Fixed(Math.Abs(real), precision ?? 6);
            case ('c', string { Length: 1 } character):
                return character;
            default:
                throw error($"the format '%{kind}' of {TemplateValue.KindOf(value)} is not supported; %s, %r, %d, %x, %o, %f and %% are");
        }

        string Cut(string text) =>
            precision is { } most && most < text.Length ? CodePoints.Slice(text, 0, Math.Min(most, CodePoints.Count(text)), 1) : text;

        string Signed(long number, string format) => number < 0
            ? number.ToString(format, CultureInfo.InvariantCulture)
            : Plus(flag) + number.ToString(format, CultureInfo.InvariantCulture);

        string Sign(double number) => double.IsNegative(number) ? "-" : Plus(flag);
    }

    // Python rounds the exact value, halves to even; .NET rounds it too, but halves up.
    private static string Fixed(double number, int decimals)
    {
        string exact = number.ToString("F1100", CultureInfo.InvariantCulture);
        int end = exact.IndexOf('.') + 1 + decimals;
        string kept = exact[..end];
        bool isHalf = exact[end] == '5' && exact.AsSpan(end + 1).IndexOfAnyExcept('0') < 0;
        bool isEven = (kept[^1] == '.' ? kept[^2] : kept[^1]) % 2 == 0;
        return isHalf && isEven
            ? kept.TrimEnd('.')
            : number.ToString("F" + decimals.ToString(CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);
    }

    private static string Plus(string flag) => flag.Contains('+') ? "+" : flag.Contains(' ') ? " " : string.Empty;

    private static string Padded(string text, int width, string flag, bool isNumber)
    {
        int missing = Math.Max(0, width - CodePoints.Count(text));
        if (flag.Contains('-'))
        {
            return text + new string(' ', missing);
        }

        int sign = isNumber && flag.Contains('0') && text.Length > 0 && text[0] is '+' or '-' or ' ' ? 1 : 0;
        return isNumber && flag.Contains('0') ? text[..sign] + new string('0', missing) + text[sign..] : new string(' ', missing) + text;
    }

    private static int? Number(string format, ref int at, Func<string, InvalidInputException> error)
    {
        int start = at;
        while (at < format.Length && char.IsAsciiDigit(format[at]))
        {
            at++;
        }

        return start == at ? null
            : at - start <= 3 && int.Parse(format.AsSpan(start, at - start), CultureInfo.InvariantCulture) is <= MaxWidth
                and var number ? number
            : throw error($"the format has a width of {format[start..at]}; at most {MaxWidth} was expected");
    }
}
