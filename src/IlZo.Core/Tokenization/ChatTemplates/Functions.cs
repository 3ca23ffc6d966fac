using System.Globalization;

namespace IlZo.Tokenization.ChatTemplates;

/// <summary>The functions of templates: those of Jinja that templates use, and the two that transformers adds.</summary>
internal static class Functions
{
    // As in Jinja's sandbox.
    private const int MaxRange = 100_000;

    private static readonly string[] s_names = ["raise_exception", "strftime_now", "namespace", "range", "dict"];

    /// <summary>The names, for messages.</summary>
    public static string Known => string.Join(", ", s_names);

    /// <summary>A scope with the functions.</summary>
    /// <param name="now">What <c>strftime_now</c> writes.</param>
    public static Scope Scope(DateTime now)
    {
        var scope = new Scope(null);
        Func<CallArguments, object?>[] functions = [RaiseException, arguments => FormatTime(now, arguments), Namespace, Range, Mapping];
        foreach (var (name, function) in s_names.Zip(functions))
        {
            scope.Set(name, new TemplateFunction(function));
        }

        return scope;
    }

    private static object? RaiseException(CallArguments arguments) =>
        throw arguments.Error($"the template refuses the messages: {arguments.Allow("message").Text(0, "message").TrimEnd('.')}");

    private static TemplateNamespace Namespace(CallArguments arguments)
    {
        var result = new TemplateNamespace();
        foreach (var (name, value) in Mapping(arguments))
        {
            result.Members[name] = value;
        }

        return result;
    }

    /// <summary><c>dict()</c> of a mapping or pairs, and of named arguments.</summary>
    public static OrderedDictionary<string, object?> Mapping(CallArguments arguments)
    {
        var map = new OrderedDictionary<string, object?>();
        if (arguments.Positional is [OrderedDictionary<string, object?> copied])
        {
            arguments.Budget.Map(copied.Count);
            map = new OrderedDictionary<string, object?>(copied);
        }
        else if (arguments.Positional is [var pairs])
        {
            foreach (var pair in Filters.Elements(pairs, arguments))
            {
                var (key, value) = pair is List<object?> and [string name, var of] ? (name, of)
                    : throw arguments.Error($"{TemplateValue.KindOf(pair)} is among the pairs; named arguments, one mapping or pairs of a "
                        + "string and a value were expected");
                arguments.Budget.Map(1);
                map[key] = value;
            }
        }
        else if (arguments.Positional.Count > 1)
        {
            throw arguments.Error("named arguments, one mapping or pairs were expected");
        }

        arguments.Budget.Map(arguments.Named.Count);
        foreach (var (name, value) in arguments.Named)
        {
            map[name] = value;
        }

        return map;
    }

    /// <summary>A number as <c>int()</c> takes it; null beyond 64 bits.</summary>
    public static long? Whole(object? number) => number switch
    {
        long whole => whole,
        double real when Math.Abs(real) < long.MaxValue => (long)real,
        _ => null,
    };

    private static TemplateView Range(CallArguments arguments)
    {
        var (first, second) = (arguments.Allow("start", "stop", "step").Integer(0, "start"), arguments.Integer(1, "stop"));
        long start = second is null ? 0 : first ?? 0;
        long stop = second ?? first ?? throw arguments.Error("a whole number was expected");
        long step = arguments.Integer(2, "step") ?? 1;
        if (step == 0 || (stop - start) / step > MaxRange)
        {
            throw arguments.Error($"at most {MaxRange} numbers were expected");
        }

        const int NumberBytes = 24;
        arguments.Budget.List(Math.Max(0, ((stop - start) / step) + 1), NumberBytes);

        var numbers = new List<object?>();
        for (long i = start; step > 0 ? i < stop : i > stop; i += step)
        {
            numbers.Add(i);
        }

        string stepText = step == 1 ? string.Empty : Invariant($", {step}");
        return new TemplateView(numbers, "range", Invariant($"range({start}, {stop}{stepText})"));
    }

    private static string FormatTime(DateTime now, CallArguments arguments)
    {
        string format = arguments.Allow("format").Text(0, "format");
        var text = new TextBuffer(arguments.Budget);
        for (int i = 0; i < format.Length; i++)
        {
            if (format[i] != '%' || i + 1 == format.Length)
            {
                text.Append(format[i]);
                continue;
            }

            i++;
            arguments.Budget.Work(RenderBudget.Node);
            bool bare = format[i] == '-' && i + 1 < format.Length && format[i + 1] is 'd' or 'm' or 'H' or 'I' or 'M' or 'S' or 'j' or 'y';
            i += bare ? 1 : 0;
            string part = Part(format[i]);
            text.Append(bare && part.TrimStart('0') is { Length: > 0 } digits ? digits : bare ? "0" : part);
        }

        return text.ToString();

        string Part(char code) => code switch
        {
            '%' => "%",
            'd' => Written("dd"),
            'e' => now.Day.ToString(CultureInfo.InvariantCulture).PadLeft(2),
            'm' => Written("MM"),
            'b' or 'h' => Written("MMM"),
            'B' => Written("MMMM"),
            'y' => Written("yy"),
            'Y' => Written("yyyy"),
            'j' => now.DayOfYear.ToString("D3", CultureInfo.InvariantCulture),
            'H' => Written("HH"),
            'I' => Written("hh"),
            'M' => Written("mm"),
            'S' => Written("ss"),
            'f' => Written("ffffff"),
            'p' => Written("tt"),
            'a' => Written("ddd"),
            'A' => Written("dddd"),
            'F' => Written("yyyy-MM-dd"),
            'T' => Written("HH:mm:ss"),
            'R' => Written("HH:mm"),
            'D' => Written("MM/dd/yy"),
            _ => throw arguments.Error(
                $"the format %{code} is not supported; %d %e %m %b %B %y %Y %j %H %I %M %S %f %p %a %A %F %T %R %D were expected"),
        };

        string Written(string pattern) => now.ToString(pattern, CultureInfo.InvariantCulture);
    }

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
