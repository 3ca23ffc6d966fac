using System.Buffers;
using System.Text;

namespace IlZo.Tokenization.ChatTemplates;

/// <summary>A method of a value: what it gives for the value and the arguments.</summary>
internal delegate object? TemplateMethod(object self, CallArguments arguments);

/// <summary>The methods of Python's strings, mappings and lists that templates use, and the names of the others.</summary>
internal static class Methods
{
    private static readonly Dictionary<string, TemplateMethod> s_ofStrings = new(StringComparer.Ordinal)
    {
        ["strip"] = (self, a) => Strip((string)self, a, start: true, end: true),
        ["lstrip"] = (self, a) => Strip((string)self, a, start: true, end: false),
        ["rstrip"] = (self, a) => Strip((string)self, a, start: false, end: true),
        ["split"] = (self, a) => Splitting.Split((string)self, a, fromEnd: false),
        ["rsplit"] = (self, a) => Splitting.Split((string)self, a, fromEnd: true),
        ["splitlines"] = (self, a) => Splitting.Lines((string)self, a),
        ["partition"] = (self, a) => Splitting.Partition((string)self, a, last: false),
        ["rpartition"] = (self, a) => Splitting.Partition((string)self, a, last: true),
        ["startswith"] = (self, a) => Options(a, "prefix").Exists(p => ((string)self).StartsWith(p, StringComparison.Ordinal)),
        ["endswith"] = (self, a) => Options(a, "suffix").Exists(p => ((string)self).EndsWith(p, StringComparison.Ordinal)),
        ["removeprefix"] = (self, a) => Without(
            (string)self, a, "prefix", (text, part) => text.StartsWith(part, StringComparison.Ordinal) ? text[part.Length..] : text),
        ["removesuffix"] = (self, a) => Without(
            (string)self, a, "suffix", (text, part) => text.EndsWith(part, StringComparison.Ordinal) ? text[..^part.Length] : text),
        ["replace"] = (self, a) => Filters.Replace((string)self, a.Allow("old", "new", "count").Text(0, "old"), a.Text(1, "new"), a),
        ["find"] = (self, a) => Find((string)self, Sought((string)self, a), last: false),
        ["rfind"] = (self, a) => Find((string)self, Sought((string)self, a), last: true),
        ["index"] = (self, a) =>
            Find((string)self, Sought((string)self, a), last: false) is >= 0 and var at ? at : throw a.Error("the text is not there"),
        ["count"] = (self, a) => Occurrences((string)self, Sought((string)self, a)),
        ["join"] = (self, a) => Join((string)self, a),
        ["format"] = (self, a) => FormatText.Braces((string)self, a),
        ["upper"] = (self, a) => Changed((string)self, a, PythonCase.Upper),
        ["lower"] = (self, a) => Changed((string)self, a, PythonCase.Lower),
        ["capitalize"] = (self, a) => Changed((string)self, a, PythonCase.Capitalize),
        ["title"] = (self, a) => Changed((string)self, a, PythonCase.Title),
        ["isupper"] = (self, a) => PythonCase.Is(Counted((string)self, a), upper: true),
        ["islower"] = (self, a) => PythonCase.Is(Counted((string)self, a), upper: false),
        ["isspace"] = (self, a) => Counted((string)self, a).Length > 0 && PythonText.IsAllSpace((string)self),
        ["isalpha"] = (self, a) => All((string)self, a, Rune.IsLetter),
        ["isalnum"] = (self, a) => All((string)self, a, r => Rune.IsLetter(r) || Rune.GetNumericValue(r) >= 0),
        ["isdecimal"] = (self, a) => All((string)self, a, Rune.IsDigit),
        ["isdigit"] = (self, a) => All(
            (string)self, a, r => Rune.IsDigit(r) || System.Globalization.CharUnicodeInfo.GetDigitValue(r.ToString(), 0) >= 0),
    };

    private static readonly Dictionary<string, TemplateMethod> s_ofMappings = new(StringComparer.Ordinal)
    {
        ["items"] = (self, a) => new TemplateView(Filters.Pairs(self, a.Allow()), "dict_items"),
        ["keys"] = (self, a) => new TemplateView(Filters.Copy(Map(self).Keys, a.Allow()), "dict_keys"),
        ["values"] = (self, a) => new TemplateView(Filters.Copy(Map(self).Values, a.Allow()), "dict_values"),
        ["get"] = (self, a) => a.Allow("key", "default").Get(0, "key") is string key
            && a.Context.Comparer.TryGet(Map(self), key, out var value)
            ? value
            : a.TryGet(1, "default", out var otherwise) ? otherwise : null,
        ["copy"] = (self, a) => Functions.Mapping(a.Allow() with { Positional = [self] }),
    };

    private static readonly Dictionary<string, TemplateMethod> s_ofLists = new(StringComparer.Ordinal)
    {
        ["index"] = (self, a) =>
            ((List<object?>)self).FindIndex(Equal(a)) is >= 0 and var at ? (long)at : throw a.Error("the value is not there"),
        ["count"] = (self, a) => (long)((List<object?>)self).FindAll(Equal(a)).Count,
        ["copy"] = (self, a) => Filters.Copy((List<object?>)self, a.Allow()),
    };

    private static readonly Dictionary<string, TemplateMethod> s_none = [];

    // What Python has besides, so that it is not taken for something that is not there.
    private static readonly HashSet<string> s_otherOfStrings = [.. ("casefold center encode expandtabs format_map isascii isidentifier "
        + "isnumeric isprintable istitle ljust maketrans "
        + "rindex rjust swapcase translate zfill").Split(' ')];

    private static readonly HashSet<string> s_otherOfMappings = ["fromkeys"];

    private static readonly HashSet<string> s_otherOfNumbers =
    [
        "as_integer_ratio", "bit_count", "bit_length", "conjugate", "denominator", "from_bytes", "fromhex", "hex", "imag", "is_integer",
        "numerator", "real", "to_bytes",
    ];

    /// <summary>A method bound to its value; null where a value has none of this name.</summary>
    /// <exception cref="InvalidInputException">Python has it and templates here have not.</exception>
    public static TemplateFunction? Find(object? self, string name, RenderContext context, int position)
    {
        if (self is not null && Of(self).TryGetValue(name, out var method))
        {
            return new TemplateFunction(arguments => method(self, arguments), self);
        }

        var others = self switch
        {
            string => s_otherOfStrings,
            OrderedDictionary<string, object?> => s_otherOfMappings,
            long or double or bool => s_otherOfNumbers,
            _ => null,
        };
        return others is null || !others.Contains(name)
            ? null
            : throw context.Error(position, $"the method '{name}' of {TemplateValue.KindOf(self)} is not supported; {Known(self)}");
    }

    /// <summary>The names, for messages.</summary>
    public static string Known(object? self) =>
        self is null || Of(self) is { Count: 0 } ? $"{TemplateValue.KindOf(self)} has none" : $"{string.Join(", ", Of(self).Keys)} are";

    private static Dictionary<string, TemplateMethod> Of(object self) => self switch
    {
        string => s_ofStrings,
        OrderedDictionary<string, object?> => s_ofMappings,
        List<object?> and not TemplateView => s_ofLists,
        _ => s_none,
    };

    private static OrderedDictionary<string, object?> Map(object self) => (OrderedDictionary<string, object?>)self;

    private static Predicate<object?> Equal(CallArguments arguments)
    {
        var sought = arguments.Allow("value").Get(0, "value");
        return item => arguments.Context.Comparer.Equals(item, sought);
    }

    private static List<string> Options(CallArguments arguments, string name)
    {
        List<string> options = arguments.Allow(name).Get(0, name) is TemplateTuple several
            ? [.. several.Select(
                s => s as string ?? throw arguments.Error($"the argument '{name}' holds {TemplateValue.KindOf(s)}; strings were expected"))]
            : [arguments.Text(0, name)];
        arguments.Budget.List(options.Count);
        arguments.Budget.Work(options.Sum(o => (long)o.Length));
        return options;
    }

    private static string Sought(string text, CallArguments arguments)
    {
        string sought = arguments.Allow("sub").Text(0, "sub");
        arguments.Budget.Search(text, sought);
        return sought;
    }

    private static long Find(string text, string sought, bool last)
    {
        int at = last ? text.LastIndexOf(sought, StringComparison.Ordinal) : text.IndexOf(sought, StringComparison.Ordinal);
        return at < 0 ? at : CodePoints.Count(text.AsSpan(0, at));
    }

    private static long Occurrences(string text, string sought) =>
        sought.Length == 0 ? CodePoints.Count(text) + 1L : text.AsSpan().Count(sought);

    private static string Join(string separator, CallArguments arguments)
    {
        var items = Filters.Elements(arguments.Allow("items").Get(0, "items"), arguments);
        object? other = items.FirstOrDefault(i => i is not string);
        return items.All(i => i is string)
            ? Filters.Joined(items, separator, arguments)
            : throw arguments.Error($"the items hold {TemplateValue.KindOf(other)}; strings alone were expected");
    }

    private static string Counted(string text, CallArguments arguments)
    {
        arguments.Allow().Budget.Work(text.Length);
        return text;
    }

    private static bool All(string text, CallArguments arguments, Func<Rune, bool> test) =>
        Counted(text, arguments).Length > 0 && text.EnumerateRunes().All(test);

    private static string Changed(string text, CallArguments arguments, Func<string, string> change) =>
        Filters.Changed(text, arguments.Allow(), change);

    private static string Without(string text, CallArguments arguments, string name, Func<string, string, string> cut)
    {
        string part = arguments.Allow(name).Text(0, name);
        arguments.Budget.Text(text.Length);
        return cut(text, part);
    }

    /// <summary>The text without white space, or without any of the characters given, at its ends.</summary>
    public static string Strip(string text, CallArguments arguments, bool start, bool end)
    {
        bool given = arguments.Allow("chars").TryGet(0, "chars", out var value) && value is not null;
        arguments.Budget.Work(text.Length);
        var (from, to) = given ? Inside(text, Characters(arguments), start, end) : Inside(text, PythonText.IsSpace, start, end);
        arguments.Budget.Text(to - from);
        return text[from..to];
    }

    private static Predicate<Rune> Characters(CallArguments arguments)
    {
        string characters = arguments.Text(0, "chars");
        arguments.Budget.List(characters.Length, bytesEach: RenderBudget.Node);
        return new HashSet<Rune>(characters.EnumerateRunes()).Contains;
    }

    // Where what is left begins and ends.
    private static (int From, int To) Inside(string text, Predicate<Rune> gone, bool start, bool end)
    {
        var (from, to) = (0, text.Length);
        while (start && from < to && Rune.DecodeFromUtf16(text.AsSpan(from..to), out var first, out int length) == OperationStatus.Done
            && gone(first))
        {
            from += length;
        }

        while (end && from < to && Rune.DecodeLastFromUtf16(text.AsSpan(from..to), out var last, out int length) == OperationStatus.Done
            && gone(last))
        {
            to -= length;
        }

        return (from, to);
    }
}
