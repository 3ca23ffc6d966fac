namespace IlZo.Tokenization.ChatTemplates;

/// <summary>What stands behind <c>|</c>.</summary>
internal delegate object? TemplateFilter(object? value, CallArguments arguments);

/// <summary>The filters of templates.</summary>
internal static partial class Filters
{
    private static readonly Dictionary<string, TemplateFilter> s_all = new(StringComparer.Ordinal)
    {
        ["trim"] = (value, a) => Methods.Strip(ValueText.Of(value, a.Budget), a, start: true, end: true),
        ["tojson"] = JsonText.Write,
        ["default"] = Default,
        ["d"] = Default,
        ["length"] = Length,
        ["count"] = Length,
        ["upper"] = (value, a) => Changed(ValueText.Of(value, a.Budget), a.Allow(), PythonCase.Upper),
        ["lower"] = (value, a) => Changed(ValueText.Of(value, a.Budget), a.Allow(), PythonCase.Lower),
        ["capitalize"] = (value, a) => Changed(ValueText.Of(value, a.Budget), a.Allow(), PythonCase.Capitalize),
        ["title"] = (value, a) => Changed(ValueText.Of(value, a.Budget), a.Allow(), PythonCase.JinjaTitle),
        ["replace"] = (value, a) => Replace(
            ValueText.Of(value, a.Budget), Written(a.Allow("old", "new", "count").Get(0, "old"), a), Written(a.Get(1, "new"), a), a),
        ["join"] = Join,
        ["first"] = First,
        ["last"] = Last,
        ["list"] = (value, a) => Copy(Elements(value, a.Allow()), a),
        ["reverse"] = Reverse,
        ["unique"] = Unique,
        ["items"] = (value, a) => new TemplateIterator(value is Undefined ? [] : Pairs(value, a.Allow())),
        ["dictsort"] = SortMapping,
        ["sort"] = Sort,
        ["min"] = (value, a) => Extreme(value, a, sign: -1),
        ["max"] = (value, a) => Extreme(value, a, sign: 1),
        ["sum"] = Sum,
        ["string"] = (value, a) => ValueText.Of(value, a.Budget),
        ["safe"] = (value, a) => ValueText.Of(value, a.Budget),
        ["format"] = Format,
        ["int"] = ToInteger,
        ["float"] = ToReal,
        ["abs"] = Absolute,
        ["indent"] = Indent,
        ["attr"] = (value, a) => MemberExpression.Of(value, a.Allow("name").Text(0, "name"), isAttribute: true, a.Context, a.Position),
        ["map"] = Map,
        ["select"] = (value, a) => Select(value, a, byAttribute: false, wanted: true),
        ["reject"] = (value, a) => Select(value, a, byAttribute: false, wanted: false),
        ["selectattr"] = (value, a) => Select(value, a, byAttribute: true, wanted: true),
        ["rejectattr"] = (value, a) => Select(value, a, byAttribute: true, wanted: false),
    };

    /// <summary>The names, for messages.</summary>
    public static string Known => string.Join(", ", s_all.Keys);

    public static TemplateFilter? Find(string name) => s_all.GetValueOrDefault(name);

    /// <summary>The elements of a value that has some.</summary>
    public static IReadOnlyList<object?> Elements(object? value, CallArguments arguments) =>
        TemplateValue.Elements(value, arguments.Budget) ?? throw NoElements(value, arguments);

    /// <summary>A list of its own with the same elements.</summary>
    public static List<object?> Copy(IReadOnlyCollection<object?> items, CallArguments arguments)
    {
        arguments.Budget.List(items.Count);
        return [.. items];
    }

    /// <summary>The names and values of a mapping.</summary>
    public static List<object?> Pairs(object? value, CallArguments arguments)
    {
        const int PairBytes = 96;
        var map = MapOf(value, arguments);
        arguments.Budget.List(map.Count, PairBytes);
        return [.. map.Select(p => (object?)new TemplateTuple([p.Key, p.Value]))];
    }

    /// <summary>The dotted <paramref name="path"/> of a value: each part a key, or an index where it has digits alone.</summary>
    private static object? Attribute(object? item, object? path, CallArguments arguments, object? otherwise = null)
    {
        object?[] parts = path is string text ? [.. text.Split('.').Select(
            p => p.Length > 0 && p.All(char.IsAsciiDigit) && long.TryParse(p, out long index) ? (object?)index : p)]
            : path is long ? [path]
            : throw arguments.Error($"the attribute is {TemplateValue.KindOf(path)}; a string was expected");
        foreach (var part in parts)
        {
            arguments.Budget.Work(RenderBudget.Element);
            item = MemberExpression.Of(item, part, isAttribute: false, arguments.Context, arguments.Position);
            item = item is Undefined && otherwise is not null ? otherwise : item;
        }

        return item;
    }

    private static OrderedDictionary<string, object?> MapOf(object? value, CallArguments arguments) =>
        value as OrderedDictionary<string, object?>
        ?? throw arguments.Error($"the value is {TemplateValue.KindOf(value)}; a mapping was expected");

    private static int Count(object? value, CallArguments arguments) =>
        TemplateValue.Count(value, arguments.Budget) ?? throw NoElements(value, arguments);

    private static InvalidInputException NoElements(object? value, CallArguments arguments) =>
        arguments.Error($"the value is {TemplateValue.KindOf(value)}; a list, a mapping or a string was expected");

    private static object? First(object? value, CallArguments arguments)
    {
        arguments.Allow();
        var missing = new Undefined("the first element of nothing");
        return value switch
        {
            string { Length: 0 } => missing,
            string text => CodePoints.At(text, 0),
            TemplateIterator iterator => iterator.Take(1) is [var next, ..] ? next : missing,
            _ => Elements(value, arguments) is [var first, ..] ? first : missing,
        };
    }

    private static object? Last(object? value, CallArguments arguments)
    {
        arguments.Allow();
        var missing = new Undefined("the last element of nothing");
        return value switch
        {
            TemplateIterator => throw arguments.Error("the value is an iterator; a list, a mapping or a string was expected"),
            string { Length: 0 } => missing,
            string text => CodePoints.At(text, Count(text, arguments) - 1),
            _ => Elements(value, arguments) is [.., var last] ? last : missing,
        };
    }

    private static object? Reverse(object? value, CallArguments arguments)
    {
        arguments.Allow();
        if (value is not string text)
        {
            return new TemplateIterator(Enumerable.Reverse(Copy(Elements(value, arguments), arguments)).ToList());
        }

        arguments.Budget.Work(text.Length);
        arguments.Budget.Text(2L * text.Length);
        return CodePoints.Slice(text, CodePoints.Count(text) - 1, -1, -1);
    }

    private static object? Default(object? value, CallArguments arguments)
    {
        bool falseToo = arguments.Allow("default_value", "boolean").TryGet(1, "boolean", out var flag) && TemplateValue.IsTrue(flag);
        return value is not Undefined && !(falseToo && !TemplateValue.IsTrue(value)) ? value
            : arguments.TryGet(0, "default_value", out var otherwise) ? otherwise : string.Empty;
    }

    private static object? Length(object? value, CallArguments arguments) => (long)Count(value, arguments.Allow());

    private static object? Map(object? value, CallArguments arguments)
    {
        var items = Elements(value, arguments);
        arguments.Budget.List(items.Count);
        if (arguments.Positional.Count == 0 && arguments.Named.TryGetValue("attribute", out var attribute))
        {
            var otherwise = arguments.Allow("attribute", "default").Named.GetValueOrDefault("default");
            return new TemplateIterator([.. items.Select(i => Attribute(i, attribute, arguments, otherwise))]);
        }

        string filter = arguments.Text(0, "filter");
        var found = Find(filter) ?? throw arguments.Error($"the filter '{filter}' is not supported; {Known} are");
        var rest = arguments.Behind(1);
        return new TemplateIterator([.. items.Select(Filtered)]);

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
        var attribute = byAttribute ? arguments.Get(0, "attribute") : null;
        bool named = arguments.Positional.Count > first;
        string name = named ? arguments.Text(first, "test") : string.Empty;
        var test = named ? Tests.Find(name) ?? throw arguments.Error($"the test '{name}' is not supported; {Tests.Known} are") : Truth;
        var rest = arguments.Behind(first + 1);
        var items = Elements(value, arguments);
        arguments.Budget.List(items.Count);
        return new TemplateIterator([.. items.Where(Wanted)]);

        bool Wanted(object? item)
        {
            arguments.Budget.Step(arguments.Position);
            return test(byAttribute ? Attribute(item, attribute, arguments) : item, rest) == wanted;
        }

        static bool Truth(object? item, CallArguments unused) => TemplateValue.IsTrue(item);
    }
}
