using System.Globalization;
using System.Text;

namespace IlZo.Tokenization.ChatTemplates;

/// <summary>What stands behind <c>|</c>.</summary>
internal delegate object? TemplateFilter(object? value, CallArguments arguments);

/// <summary>The filters of templates.</summary>
internal static class Filters
{
    private static readonly Dictionary<string, TemplateFilter> s_all = new(StringComparer.Ordinal)
    {
        ["trim"] = (value, a) => Methods.Strip(TemplateValue.Text(value), a, start: true, end: true),
        ["tojson"] = ToJson,
        ["default"] = Default,
        ["d"] = Default,
        ["length"] = Length,
        ["count"] = Length,
        ["upper"] = Upper,
        ["lower"] = Lower,
        ["capitalize"] = Capitalize,
        ["title"] = Title,
        ["replace"] = (value, a) => Replace(TemplateValue.Text(value), a),
        ["join"] = (value, a) => Join(value, a.Allow("d", "attribute").TryGet(0, "d", out _) ? a.Text(0, "d") : string.Empty, a),
        ["first"] = (value, a) => Elements(value, a) is [var first, ..] ? first : new Undefined("the first element of nothing"),
        ["last"] = (value, a) => Elements(value, a) is [.., var last] ? last : new Undefined("the last element of nothing"),
        ["list"] = (value, a) => Elements(value, a).ToList(),
        ["reverse"] = (value, a) => value is string ? string.Concat(Elements(value, a).Reverse()) : Elements(value, a).Reverse().ToList(),
        ["unique"] = Unique,
        ["items"] = Items,
        ["dictsort"] = (value, a) => Pairs(value, a).OrderBy(p => p.Key, StringComparer.OrdinalIgnoreCase).Select(Pair).ToList(),
        ["string"] = (value, _) => TemplateValue.Text(value),
        ["safe"] = (value, _) => value,
        ["int"] = ToInteger,
        ["float"] = (value, _) => TemplateValue.TryNumber(value, out double number) ? number
            : double.TryParse(value as string, NumberStyles.Float, CultureInfo.InvariantCulture, out number) ? number : 0.0,
        ["abs"] = (value, a) => value switch
        {
            long number and not long.MinValue => (object)Math.Abs(number),
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

    public static object? Upper(object? value, CallArguments arguments) => TemplateValue.Text(value).ToUpperInvariant();

    public static object? Lower(object? value, CallArguments arguments) => TemplateValue.Text(value).ToLowerInvariant();

    public static object? Capitalize(object? value, CallArguments arguments) =>
        TemplateValue.Text(value) is { Length: > 0 } text ? char.ToUpperInvariant(text[0]) + text[1..].ToLowerInvariant() : string.Empty;

    public static object? Title(object? value, CallArguments arguments) =>
        CultureInfo.InvariantCulture.TextInfo.ToTitleCase(TemplateValue.Text(value).ToLowerInvariant());

    public static string Replace(string text, CallArguments arguments)
    {
        string old = arguments.Allow("old", "new", "count").Text(0, "old");
        string fresh = arguments.Text(1, "new");
        if (arguments.Integer(2, "count") is { } count and >= 0)
        {
            string[] parts = old.Length > 0 ? text.Split(old, count + 1) : throw arguments.Error("the text to replace is empty");
            return string.Join(fresh, parts);
        }

        long growth = Math.Max(0L, fresh.Length - old.Length) * text.Length;
        return old.Length == 0 ? throw arguments.Error("the text to replace is empty")
            : growth > RenderContext.MaxCharacters ? throw arguments.Error($"the text may become longer than {RenderContext.MaxCharacters} characters")
            : text.Replace(old, fresh, StringComparison.Ordinal);
    }

    public static string Join(object? value, string separator, CallArguments arguments)
    {
        var items = Elements(value, arguments);
        if (arguments.TryGet(1, "attribute", out _))
        {
            string name = arguments.Text(1, "attribute");
            items = [.. items.Select(i => Attribute(i, name))];
        }

        return string.Join(separator, items.Select(TemplateValue.Text));
    }

    public static object? Items(object? value, CallArguments arguments) =>
        value is Undefined ? new List<object?>() : Pairs(value, arguments).Select(Pair).ToList();

    private static object? Pair(KeyValuePair<string, object?> pair) => new List<object?> { pair.Key, pair.Value };

    private static OrderedDictionary<string, object?> Pairs(object? value, CallArguments arguments) =>
        value as OrderedDictionary<string, object?>
        ?? throw arguments.Error($"the value is {TemplateValue.KindOf(value)}; a mapping was expected");

    private static IReadOnlyList<object?> Elements(object? value, CallArguments arguments) =>
        TemplateValue.Elements(value)
        ?? throw arguments.Error($"the value is {TemplateValue.KindOf(value)}; a list, a mapping or a string was expected");

    private static object? Attribute(object? item, string name) =>
        item is OrderedDictionary<string, object?> map && map.TryGetValue(name, out var value) ? value : new Undefined(name);

    private static object? Default(object? value, CallArguments arguments)
    {
        bool falseToo = arguments.Allow("default_value", "boolean").TryGet(1, "boolean", out var flag) && TemplateValue.IsTrue(flag);
        return value is not Undefined && !(falseToo && !TemplateValue.IsTrue(value)) ? value
            : arguments.TryGet(0, "default_value", out var otherwise) ? otherwise : string.Empty;
    }

    private static object? Length(object? value, CallArguments arguments) => (long)Elements(value, arguments).Count;

    private static object? ToInteger(object? value, CallArguments arguments) => value switch
    {
        long or bool => Convert.ToInt64(value, CultureInfo.InvariantCulture),
        double number when Math.Abs(number) < long.MaxValue => (long)number,
        string text when long.TryParse(text, NumberStyles.Integer, CultureInfo.InvariantCulture, out long number) => number,
        _ => 0L,
    };

    private static object? ToJson(object? value, CallArguments arguments)
    {
        var json = new StringBuilder();
        int? indent = arguments.Allow("indent").Integer(0, "indent");
        TemplateValue.WriteJson(json, value, indent is null or (>= 0 and <= 16) ? indent : throw arguments.Error("an indent of 0 to 16 was expected"));
        return json.ToString();
    }

    private static object? Unique(object? value, CallArguments arguments)
    {
        var kept = new List<object?>();
        foreach (var item in Elements(value, arguments))
        {
            if (!kept.Exists(k => TemplateValue.AreEqual(k, item)))
            {
                kept.Add(item);
            }
        }

        return kept;
    }

    private static object? Indent(object? value, CallArguments arguments)
    {
        int width = arguments.Allow("width", "first", "blank").Integer(0, "width") ?? 4;
        bool first = arguments.TryGet(1, "first", out var flag) && TemplateValue.IsTrue(flag);
        bool blank = arguments.TryGet(2, "blank", out var all) && TemplateValue.IsTrue(all);
        string spaces = new(' ', width is >= 0 and <= 256 ? width : throw arguments.Error("a width of 0 to 256 was expected"));
        string[] lines = TemplateValue.Text(value).Split('\n');
        return string.Join('\n', lines.Select((line, i) => (i > 0 || first) && (blank || line.Length > 0) ? spaces + line : line));
    }

    private static object? Map(object? value, CallArguments arguments)
    {
        var items = Elements(value, arguments);
        if (arguments.TryGet(int.MaxValue, "attribute", out var name))
        {
            string attribute = name as string ?? throw arguments.Error("the argument 'attribute' is no string");
            bool hasDefault = arguments.Named.TryGetValue("default", out var otherwise);
            return items.Select(i => Attribute(i, attribute)).Select(v => v is Undefined && hasDefault ? otherwise : v).ToList();
        }

        string filter = arguments.Text(0, "filter");
        var found = Find(filter) ?? throw arguments.Error($"the filter '{filter}' is not supported; {Known} are");
        var rest = arguments with { Positional = [.. arguments.Positional.Skip(1)] };
        return items.Select(i => found(i, rest)).ToList();
    }

    private static object? Select(object? value, CallArguments arguments, bool byAttribute, bool wanted)
    {
        int first = byAttribute ? 1 : 0;
        string attribute = byAttribute ? arguments.Text(0, "attribute") : string.Empty;
        bool named = arguments.Positional.Count > first;
        string name = named ? arguments.Text(first, "test") : string.Empty;
        var test = named ? Tests.Find(name) ?? throw arguments.Error($"the test '{name}' is not supported; {Tests.Known} are") : Truth;
        var rest = arguments with { Positional = [.. arguments.Positional.Skip(first + 1)] };
        return Elements(value, arguments).Where(i => test(byAttribute ? Attribute(i, attribute) : i, rest) == wanted).ToList();

        static bool Truth(object? item, CallArguments unused) => TemplateValue.IsTrue(item);
    }
}
