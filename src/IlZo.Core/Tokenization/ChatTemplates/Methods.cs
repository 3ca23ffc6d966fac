using System.Buffers;
using System.Text;

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
        ["startswith"] = (self, a) => Options(a, "prefix").Exists(p => ((string)self).StartsWith(p, StringComparison.Ordinal)),
        ["endswith"] = (self, a) => Options(a, "suffix").Exists(p => ((string)self).EndsWith(p, StringComparison.Ordinal)),
        ["replace"] = (self, a) => Filters.Replace((string)self, a),
        ["find"] = (self, a) => Find((string)self, Sought((string)self, a)),
        ["count"] = (self, a) => (long)((string)self).AsSpan().Count(Sought((string)self, a)),
        ["join"] = (self, a) => Filters.Join(a.Allow("items").Get(0, "items"), (string)self, a),
        ["upper"] = (self, a) => Filters.Upper((string)self, a),
        ["lower"] = (self, a) => Filters.Lower((string)self, a),
        ["capitalize"] = (self, a) => Filters.Capitalize((string)self, a),
        ["title"] = (self, a) => Filters.Title((string)self, a),
    };

    private static readonly Dictionary<string, Func<object, CallArguments, object?>> s_ofMappings = new(StringComparer.Ordinal)
    {
        ["items"] = (self, a) => Filters.Items(self, a),
        ["keys"] = (self, a) => Filters.Copy(((OrderedDictionary<string, object?>)self).Keys, a),
        ["values"] = (self, a) => Filters.Copy(((OrderedDictionary<string, object?>)self).Values, a),
        ["get"] = (self, a) => a.Context.Comparer.TryGet((OrderedDictionary<string, object?>)self, a.Allow("key", "default").Text(0, "key"), out var value)
            ? value
            : a.TryGet(1, "default", out var otherwise) ? otherwise : null,
    };

    /// <summary>A method of a string or a mapping, or null.</summary>
    public static Func<object, CallArguments, object?>? Find(object self, string name) => Of(self).GetValueOrDefault(name);

    /// <summary>The names, for messages.</summary>
    public static string Known(object self) =>
        self is List<object?> ? "a list has none" : $"{string.Join(", ", Of(self).Keys)} are";

    private static Dictionary<string, Func<object, CallArguments, object?>> Of(object self) => self is string ? s_ofStrings : s_ofMappings;

    private static List<string> Options(CallArguments arguments, string name)
    {
        var options = arguments.Allow(name).Get(0, name) is List<object?> several ? several.OfType<string>().ToList() : [arguments.Text(0, name)];
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

    private static long Find(string text, string sought)
    {
        int at = text.IndexOf(sought, StringComparison.Ordinal);
        return at < 0 ? at : CodePoints.Count(text.AsSpan(0, at));
    }

    /// <summary>The text without white space, or without any of the characters given, at its ends.</summary>
    public static string Strip(string text, CallArguments arguments, bool start, bool end)
    {
        bool given = arguments.Allow("chars").TryGet(0, "chars", out var value) && value is not null;
        arguments.Budget.Work(text.Length);
        var (from, to) = given ? Inside(text, Characters(arguments), start, end) : Inside(text, Rune.IsWhiteSpace, start, end);
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
        while (start && from < to && Rune.DecodeFromUtf16(text.AsSpan(from..to), out var first, out int length) == OperationStatus.Done && gone(first))
        {
            from += length;
        }

        while (end && from < to && Rune.DecodeLastFromUtf16(text.AsSpan(from..to), out var last, out int length) == OperationStatus.Done && gone(last))
        {
            to -= length;
        }

        return (from, to);
    }

    private static List<object?> Split(string text, CallArguments arguments)
    {
        const int PieceBytes = 32;
        int limit = arguments.Allow("sep", "maxsplit").Integer(1, "maxsplit") is int most and >= 0 and < int.MaxValue ? most + 1 : int.MaxValue;
        arguments.Budget.Text(text.Length);
        if (arguments.TryGet(0, "sep", out var given) && given is not null)
        {
            string separator = arguments.Text(0, "sep");
            if (separator.Length == 0)
            {
                throw arguments.Error("the separator is empty");
            }

            arguments.Budget.Search(text, separator);
            arguments.Budget.List(Math.Min(limit, text.AsSpan().Count(separator) + 1L), PieceBytes);
            return [.. text.Split(separator, limit)];
        }

        // Without a separator, runs of white space separate.
        arguments.Budget.Work(text.Length);
        string trimmed = text.Trim();
        arguments.Budget.List(Math.Min(limit, Runs(trimmed)), PieceBytes);
        return trimmed.Length == 0 ? [] : [.. trimmed.Split((char[]?)null, limit, StringSplitOptions.RemoveEmptyEntries)];
    }

    // How many runs of white space there are, and one.
    private static int Runs(string text)
    {
        int runs = 1;
        for (int i = 1; i < text.Length; i++)
        {
            runs += char.IsWhiteSpace(text[i]) && !char.IsWhiteSpace(text[i - 1]) ? 1 : 0;
        }

        return runs;
    }
}
