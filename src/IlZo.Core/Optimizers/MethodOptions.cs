using System.Globalization;

namespace IlZo.Optimizers;

/// <summary>
/// The options that only one method has, as <c>name=value</c>. A method asks for those it knows when it is made; what it did not
/// ask for is refused afterwards.
/// </summary>
public sealed class MethodOptions
{
    private readonly SortedDictionary<string, string> _values = new(StringComparer.Ordinal);
    private readonly List<string> _known = [];

    /// <summary>The names that were asked for, each once.</summary>
    internal IEnumerable<string> Known => _known.Distinct();

    private MethodOptions()
    {
    }

    /// <summary>No option is given.</summary>
    public static MethodOptions None => new();

    /// <summary>Reads <c>name=value</c> pairs with commas between them.</summary>
    /// <exception cref="InvalidInputException">A part is no pair, or a name is there twice.</exception>
    public static MethodOptions Parse(string text)
    {
        var options = new MethodOptions();
        foreach (string part in text.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            int equals = part.IndexOf('=', StringComparison.Ordinal);
            if (equals < 1)
            {
                throw new InvalidInputException($"{Setting.Opt} is '{part}'; name=value was expected.");
            }

            if (!options._values.TryAdd(part[..equals].Trim(), part[(equals + 1)..].Trim()))
            {
                throw new InvalidInputException($"{Setting.Opt} gives '{part[..equals]}' twice; one value was expected.");
            }
        }

        return options;
    }

    /// <summary>The pairs in the ordinal order of their names, as <see cref="Parse"/> reads them.</summary>
    public override string ToString() => string.Join(',', _values.Select(v => $"{v.Key}={v.Value}"));

    /// <summary>Gives an option that is not given.</summary>
    internal void SetAbsent(string name, string value) => _values.TryAdd(name, value);

    /// <summary>A number between two others, both allowed.</summary>
    public double Number(string name, double standard, double least = double.MinValue, double most = double.MaxValue)
    {
        if (Find(name) is not { } text)
        {
            return standard;
        }

        return double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double value) && value >= least && value <= most
            ? value
            : throw Error(name, text, Range("a number", least, most, double.MinValue, double.MaxValue));
    }

    /// <summary>A whole number between two others, both allowed.</summary>
    public int Integer(string name, int standard, int least, int most = int.MaxValue)
    {
        if (Find(name) is not { } text)
        {
            return standard;
        }

        return int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int value) && value >= least
            && value <= most
            ? value
            : throw Error(name, text, Range("a whole number", least, most, int.MinValue, int.MaxValue));
    }

    /// <summary>true or false.</summary>
    public bool Flag(string name, bool standard = false) =>
        Choice(name, [standard ? "true" : "false", standard ? "false" : "true"]) == "true";

    /// <summary>One of some words, of which the first is the standard.</summary>
    public string Choice(string name, IReadOnlyList<string> words)
    {
        string text = Find(name) ?? words[0];
        return words.Contains(text) ? text : throw Error(name, text, $"one of {string.Join(", ", words)}");
    }

    /// <summary>Words with + between them.</summary>
    public string[] Words(string name, string standard) =>
        (Find(name) ?? standard).Split('+', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);

    /// <exception cref="InvalidInputException">An option is given that the method did not ask for.</exception>
    internal void RequireAllKnown(string method)
    {
        if (_values.Keys.FirstOrDefault(k => !_known.Contains(k)) is { } unknown)
        {
            string expectation = _known.Count == 0 ? "it has none" : $"one of {string.Join(", ", Known)} was expected";
            throw new InvalidInputException($"{Setting.Opt}: {method} has no option '{unknown}'; {expectation}.");
        }
    }

    private string? Find(string name)
    {
        _known.Add(name);
        return _values.GetValueOrDefault(name);
    }

    private static string Range<T>(string kind, T least, T most, T lowest, T highest)
        where T : IComparable<T>
    {
        List<string> limits = [];
        if (least.CompareTo(lowest) > 0)
        {
            limits.Add(string.Create(CultureInfo.InvariantCulture, $"at least {least}"));
        }

        if (most.CompareTo(highest) < 0)
        {
            limits.Add(string.Create(CultureInfo.InvariantCulture, $"at most {most}"));
        }

        return limits.Count == 0 ? kind : $"{kind} of {string.Join(" and ", limits)}";
    }

    private static InvalidInputException Error(string name, string text, string expectation) =>
        new($"{Setting.Opt} {name} is '{text}'; {expectation} was expected.");
}
