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
        TemplateFunction[] functions = [RaiseException, arguments => FormatTime(now, arguments), Namespace, Range, Mapping];
        foreach (var (name, function) in s_names.Zip(functions))
        {
            scope.Set(name, function);
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

    private static OrderedDictionary<string, object?> Mapping(CallArguments arguments)
    {
        arguments.Budget.Map(arguments.Named.Count + (arguments.Positional is [OrderedDictionary<string, object?> copied, ..] ? copied.Count : 0));
        var map = arguments.Positional switch
        {
            [] => new OrderedDictionary<string, object?>(),
            [OrderedDictionary<string, object?> given] => new OrderedDictionary<string, object?>(given),
            _ => throw arguments.Error("named arguments or one mapping were expected"),
        };
        foreach (var (name, value) in arguments.Named)
        {
            map[name] = value;
        }

        return map;
    }

    private static List<object?> Range(CallArguments arguments)
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

        return numbers;
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
            text.Append(format[i] == '%' ? "%" : now.ToString(Pattern(format[i]), CultureInfo.InvariantCulture));
        }

        return text.ToString();

        // A custom format of one letter needs the percent sign of .NET.
        string Pattern(char code) => code switch
        {
            'd' => "dd",
            'm' => "MM",
            'b' => "MMM",
            'B' => "MMMM",
            'y' => "yy",
            'Y' => "yyyy",
            'H' => "HH",
            'I' => "hh",
            'M' => "mm",
            'S' => "ss",
            'p' => "tt",
            'a' => "ddd",
            'A' => "dddd",
            _ => throw arguments.Error($"the format %{code} is not supported; %d %m %b %B %y %Y %H %I %M %S %p %a %A were expected"),
        };
    }
}
