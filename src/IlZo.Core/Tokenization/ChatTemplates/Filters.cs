using System.Globalization;
using System.Numerics;

namespace IlZo.Tokenization.ChatTemplates;

/// <summary>What stands behind <c>|</c>.</summary>
internal delegate object? TemplateFilter(object? value, CallArguments arguments);

/// <summary>The filters of templates.</summary>
internal static class Filters
{
    private static readonly Dictionary<string, TemplateFilter> s_all = new(StringComparer.Ordinal)
    {
        ["trim"] = (value, a) => Methods.Strip(ValueText.Of(value, a.Budget), a, start: true, end: true),
        ["tojson"] = ToJson,
        ["default"] = Default,
        ["d"] = Default,
        ["length"] = Length,
        ["count"] = Length,
        ["upper"] = Upper,
        ["lower"] = Lower,
        ["capitalize"] = Capitalize,
        ["title"] = Title,
        ["replace"] = (value, a) => Replace(ValueText.Of(value, a.Budget), a),
        ["join"] = (value, a) => Join(value, a.Allow("d", "attribute").TryGet(0, "d", out _) ? a.Text(0, "d") : string.Empty, a),
        ["first"] = (value, a) => Count(value, a) > 0 ? ElementAt(value, 0, a) : new Undefined("the first element of nothing"),
        ["last"] = (value, a) => Count(value, a) is > 0 and var count ? ElementAt(value, count - 1, a) : new Undefined("the last element of nothing"),
        ["list"] = (value, a) => Copy(Elements(value, a), a),
        ["reverse"] = Reverse,
        ["unique"] = Unique,
        ["items"] = Items,
        ["dictsort"] = (value, a) => PairLists(Sorted(Pairs(value, a), a), a),
        ["string"] = (value, a) => ValueText.Of(value, a.Budget),
        ["safe"] = (value, _) => value,
        ["int"] = ToInteger,
        ["float"] = ToReal,
        ["abs"] = (value, a) => value switch
        {
            long.MinValue => throw a.Error(ArithmeticExpression.TooLarge),
            long number => (object)Math.Abs(number),
            double number => Math.Abs(number),
            _ => throw a.Error($"the value is {TemplateValue.KindOf(value)}; a number was expected"),
        },
        ["indent"] = Indent,
        ["map"] = Map,
        ["select"] = (value, a) => Select(value, a, byAttribute: false, wanted: true),
        ["reject"] = (value, a) => Select(value, a, byAttribute: false, wanted: false),
        ["selectattr"] = (value, a) => Select(value, a, byAttribute: true, wanted: true),
        ["rejectattr"] = (value, a) => Select(value, a, byAttribute: true, wanted: false),
    };

    /// <summary>The names, for messages.</summary>
    public static string Known => string.Join(", ", s_all.Keys);

    public static TemplateFilter? Find(string name) => s_all.GetValueOrDefault(name);

    public static object? Upper(object? value, CallArguments arguments) => Changed(value, arguments).ToUpperInvariant();

    public static object? Lower(object? value, CallArguments arguments) => Changed(value, arguments).ToLowerInvariant();

    public static object? Capitalize(object? value, CallArguments arguments) =>
        Changed(value, arguments) is { Length: > 0 } text ? char.ToUpperInvariant(text[0]) + text[1..].ToLowerInvariant() : string.Empty;

    public static object? Title(object? value, CallArguments arguments) =>
        CultureInfo.InvariantCulture.TextInfo.ToTitleCase(Changed(value, arguments).ToLowerInvariant());

    public static string Replace(string text, CallArguments arguments)
    {
        string old = arguments.Allow("old", "new", "count").Text(0, "old");
        string fresh = arguments.Text(1, "new");
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

    public static string Join(object? value, string separator, CallArguments arguments)
    {
        string? attribute = arguments.TryGet(1, "attribute", out _) ? arguments.Text(1, "attribute") : null;
        var result = new TextBuffer(arguments.Budget);
        string between = string.Empty;
        foreach (var item in Elements(value, arguments))
        {
            result.Append(between);
            ValueText.Write(result, attribute is null ? item : Attribute(item, attribute, arguments));
            between = separator;
        }

        return result.ToString();
    }

    public static object? Items(object? value, CallArguments arguments) =>
        value is Undefined ? new List<object?>() : PairLists(Pairs(value, arguments), arguments);

    /// <summary>A list of its own with the same elements.</summary>
    public static List<object?> Copy(IReadOnlyCollection<object?> items, CallArguments arguments)
    {
        arguments.Budget.List(items.Count);
        return [.. items];
    }

    private static string Changed(object? value, CallArguments arguments)
    {
        string text = ValueText.Of(value, arguments.Budget);
        arguments.Budget.Work(text.Length);
        arguments.Budget.Text(text.Length);
        return text;
    }

    private static List<object?> PairLists(IReadOnlyCollection<KeyValuePair<string, object?>> pairs, CallArguments arguments)
    {
        const int PairBytes = 96;
        arguments.Budget.List(pairs.Count, PairBytes);
        return [.. pairs.Select(p => (object?)new List<object?> { p.Key, p.Value })];
    }

    private static List<KeyValuePair<string, object?>> Sorted(OrderedDictionary<string, object?> pairs, CallArguments arguments)
    {
        long characters = pairs.Keys.Sum(k => (long)k.Length + RenderBudget.Element);
        arguments.Budget.Work(characters * (1 + BitOperations.Log2((uint)pairs.Count)));
        arguments.Budget.List(pairs.Count);
        return [.. pairs.OrderBy(p => p.Key, StringComparer.OrdinalIgnoreCase)];
    }

    private static OrderedDictionary<string, object?> Pairs(object? value, CallArguments arguments) =>
        value as OrderedDictionary<string, object?>
        ?? throw arguments.Error($"the value is {TemplateValue.KindOf(value)}; a mapping was expected");

    private static IReadOnlyList<object?> Elements(object? value, CallArguments arguments) =>
        TemplateValue.Elements(value, arguments.Budget) ?? throw NoElements(value, arguments);

    private static int Count(object? value, CallArguments arguments) =>
        TemplateValue.Count(value, arguments.Budget) ?? throw NoElements(value, arguments);

    private static InvalidInputException NoElements(object? value, CallArguments arguments) =>
        arguments.Error($"the value is {TemplateValue.KindOf(value)}; a list, a mapping or a string was expected");

    private static object? ElementAt(object? value, int index, CallArguments arguments) =>
        value is string text ? CodePoints.At(text, index) : Elements(value, arguments)[index];

    private static object? Reverse(object? value, CallArguments arguments)
    {
        if (value is not string text)
        {
            return Enumerable.Reverse(Copy(Elements(value, arguments), arguments)).ToList();
        }

        arguments.Budget.Work(text.Length);
        arguments.Budget.Text(2L * text.Length);
        return CodePoints.Slice(text, CodePoints.Count(text) - 1, -1, -1);
    }

    private static object? Attribute(object? item, string name, CallArguments arguments) =>
        item is OrderedDictionary<string, object?> map && arguments.Context.Comparer.TryGet(map, name, out var value) ? value : new Undefined(name);

    private static object? Default(object? value, CallArguments arguments)
    {
        bool falseToo = arguments.Allow("default_value", "boolean").TryGet(1, "boolean", out var flag) && TemplateValue.IsTrue(flag);
        return value is not Undefined && !(falseToo && !TemplateValue.IsTrue(value)) ? value
            : arguments.TryGet(0, "default_value", out var otherwise) ? otherwise : string.Empty;
    }

    private static object? Length(object? value, CallArguments arguments) => (long)Count(value, arguments);

    private static object? ToInteger(object? value, CallArguments arguments)
    {
        switch (value)
        {
            case long or bool:
                return Convert.ToInt64(value, CultureInfo.InvariantCulture);
            case double number:
                return double.IsNaN(number) ? 0L
                    : Math.Abs(number) < long.MaxValue ? (long)number
                    : throw arguments.Error(ArithmeticExpression.TooLarge);
            case string text:
                arguments.Budget.Work(text.Length);
                return long.TryParse(text, NumberStyles.Integer, CultureInfo.InvariantCulture, out long whole) ? whole
                    : IsWhole(text.AsSpan().Trim()) ? throw arguments.Error(ArithmeticExpression.TooLarge)
                    : 0L;
            default:
                return 0L;
        }

        static bool IsWhole(ReadOnlySpan<char> digits) =>
            digits.TrimStart("+-") is { Length: > 0 } rest && rest.Length + 1 >= digits.Length && !rest.ContainsAnyExceptInRange('0', '9');
    }

    private static object? ToReal(object? value, CallArguments arguments)
    {
        arguments.Budget.Work(value is string text ? text.Length : 0);
        return TemplateValue.TryNumber(value, out double number) ? number
            : double.TryParse(value as string, NumberStyles.Float, CultureInfo.InvariantCulture, out number) ? number : 0.0;
    }

    private static object? ToJson(object? value, CallArguments arguments)
    {
        var json = new TextBuffer(arguments.Budget);
        int? indent = arguments.Allow("indent").Integer(0, "indent");
        ValueText.WriteJson(json, value, indent is null or (>= 0 and <= 16) ? indent : throw arguments.Error("an indent of 0 to 16 was expected"));
        return json.ToString();
    }

    private static object? Unique(object? value, CallArguments arguments)
    {
        const int SetBytes = 48;
        var items = Elements(value, arguments);
        arguments.Budget.List(items.Count, SetBytes);
        return items.Distinct(arguments.Context.Comparer).ToList();
    }

    private static object? Indent(object? value, CallArguments arguments)
    {
        int width = arguments.Allow("width", "first", "blank").Integer(0, "width") ?? 4;
        bool first = arguments.TryGet(1, "first", out var flag) && TemplateValue.IsTrue(flag);
        bool blank = arguments.TryGet(2, "blank", out var all) && TemplateValue.IsTrue(all);
        width = width is >= 0 and <= 256 ? width : throw arguments.Error("a width of 0 to 256 was expected");
        string text = ValueText.Of(value, arguments.Budget);
        var result = new TextBuffer(arguments.Budget);
        foreach (var line in text.AsSpan().Split('\n'))
        {
            bool begins = line.Start.Value == 0;
            var content = text.AsSpan(line);
            bool indented = (first || !begins) && (blank || content.Length > 0);
            result.Append('\n', begins ? 0 : 1).Append(' ', indented ? width : 0).Append(content);
        }

        return result.ToString();
    }

    private static object? Map(object? value, CallArguments arguments)
    {
        var items = Elements(value, arguments);
        arguments.Budget.List(items.Count);
        if (arguments.TryGet(int.MaxValue, "attribute", out var name))
        {
            string attribute = name as string ?? throw arguments.Error("the argument 'attribute' is no string");
            bool hasDefault = arguments.Named.TryGetValue("default", out var otherwise);
            return items.Select(i => Attribute(i, attribute, arguments)).Select(v => v is Undefined && hasDefault ? otherwise : v).ToList();
        }

        string filter = arguments.Text(0, "filter");
        var found = Find(filter) ?? throw arguments.Error($"the filter '{filter}' is not supported; {Known} are");
        var rest = arguments.Behind(1);
        return items.Select(Filtered).ToList();

        object? Filtered(object? item)
        {
            arguments.Budget.Step(arguments.Position);
            var filtered = found(item, rest);
            arguments.Context.Hold(filtered);
            return filtered;
        }
    }

    private static object? Select(object? value, CallArguments arguments, bool byAttribute, bool wanted)
    {
        int first = byAttribute ? 1 : 0;
        string attribute = byAttribute ? arguments.Text(0, "attribute") : string.Empty;
        bool named = arguments.Positional.Count > first;
        string name = named ? arguments.Text(first, "test") : string.Empty;
        var test = named ? Tests.Find(name) ?? throw arguments.Error($"the test '{name}' is not supported; {Tests.Known} are") : Truth;
        var rest = arguments.Behind(first + 1);
        var items = Elements(value, arguments);
        arguments.Budget.List(items.Count);
        return items.Where(Wanted).ToList();

        bool Wanted(object? item)
        {
            arguments.Budget.Step(arguments.Position);
            return test(byAttribute ? Attribute(item, attribute, arguments) : item, rest) == wanted;
        }

        static bool Truth(object? item, CallArguments unused) => TemplateValue.IsTrue(item);
    }
}
