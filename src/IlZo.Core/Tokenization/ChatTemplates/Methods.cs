namespace IlZo.Tokenization.ChatTemplates;

/// <summary>The methods of Python's strings and mappings that templates use.</summary>
internal static class Methods
{
    private static readonly Dictionary<string, Func<object, CallArguments, object?>> s_ofStrings = new(StringComparer.Ordinal)
    {
        ["strip"] = (self, a) => Strip((string)self, a, start: true, end: true),
        ["lstrip"] = (self, a) => Strip((string)self, a, start: true, end: false),
        ["rstrip"] = (self, a) => Strip((string)self, a, start: false, end: true),
        ["split"] = (self, a) => Split((string)self, a),
        ["startswith"] = (self, a) => Options(a, "prefix").Any(p => ((string)self).StartsWith(p, StringComparison.Ordinal)),
        ["endswith"] = (self, a) => Options(a, "suffix").Any(p => ((string)self).EndsWith(p, StringComparison.Ordinal)),
        ["replace"] = (self, a) => Filters.Replace((string)self, a),
        ["find"] = (self, a) => (long)((string)self).IndexOf(a.Allow("sub").Text(0, "sub"), StringComparison.Ordinal),
        ["count"] = (self, a) => (long)((string)self).AsSpan().Count(a.Allow("sub").Text(0, "sub")),
        ["join"] = (self, a) => Filters.Join(a.Allow("items").Get(0, "items"), (string)self, a),
        ["upper"] = (self, a) => Filters.Upper((string)self, a),
        ["lower"] = (self, a) => Filters.Lower((string)self, a),
        ["capitalize"] = (self, a) => Filters.Capitalize((string)self, a),
        ["title"] = (self, a) => Filters.Title((string)self, a),
    };

    private static readonly Dictionary<string, Func<object, CallArguments, object?>> s_ofMappings = new(StringComparer.Ordinal)
    {
        ["items"] = (self, a) => Filters.Items(self, a),
        ["keys"] = (self, a) => ((OrderedDictionary<string, object?>)self).Keys.ToList<object?>(),
        ["values"] = (self, a) => ((OrderedDictionary<string, object?>)self).Values.ToList(),
        ["get"] = (self, a) => ((OrderedDictionary<string, object?>)self).TryGetValue(a.Allow("key", "default").Text(0, "key"), out var value)
            ? value
            : a.TryGet(1, "default", out var otherwise) ? otherwise : null,
    };

    /// <summary>A method of a string or a mapping, or null.</summary>
    public static Func<object, CallArguments, object?>? Find(object self, string name) => Of(self).GetValueOrDefault(name);

    /// <summary>The names, for messages.</summary>
    public static string Known(object self) =>
        self is List<object?> ? "a list has none" : $"{string.Join(", ", Of(self).Keys)} are";

    private static Dictionary<string, Func<object, CallArguments, object?>> Of(object self) => self is string ? s_ofStrings : s_ofMappings;

    private static IEnumerable<string> Options(CallArguments arguments, string name) =>
        arguments.Allow(name).Get(0, name) is List<object?> several ? several.OfType<string>() : [arguments.Text(0, name)];

    /// <summary>The text without white space, or without any of the characters given, at its ends.</summary>
    public static string Strip(string text, CallArguments arguments, bool start, bool end)
    {
        bool all = !arguments.Allow("chars").TryGet(0, "chars", out var given) || given is null;
        char[] characters = all ? [] : arguments.Text(0, "chars").ToCharArray();
        text = start ? text.TrimStart(characters) : text;
        return end ? text.TrimEnd(characters) : text;
    }

    private static List<object?> Split(string text, CallArguments arguments)
    {
        int limit = arguments.Allow("sep", "maxsplit").Integer(1, "maxsplit") is int most and >= 0 and < int.MaxValue ? most + 1 : int.MaxValue;
        if (arguments.TryGet(0, "sep", out var given) && given is not null)
        {
            string separator = arguments.Text(0, "sep");
            return separator.Length > 0
                ? [.. text.Split(separator, limit)]
                : throw arguments.Error("the separator is empty");
        }

        // Without a separator, runs of white space separate.
        string trimmed = text.Trim();
        return trimmed.Length == 0 ? [] : [.. trimmed.Split((char[]?)null, limit, StringSplitOptions.RemoveEmptyEntries)];
    }
}
