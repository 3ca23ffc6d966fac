using System.Globalization;
using IlZo.Arithmetic;
using IlZo.Noise;

namespace IlZo.Training;

/// <summary>A setting that a sweep varies: some values, or a range of numbers from which values are drawn.</summary>
/// <param name="Name">What it is called in results.</param>
/// <param name="Apply">Options with the setting at a value.</param>
public sealed record SweepAxis(string Name, Func<TrainingOptions, string, TrainingOptions> Apply)
{
    private const string To = "..";
    private const double TwoToThe32 = 4294967296.0;

    private (double Low, double High, bool IsWhole)? _range;

    /// <summary>The values, each once; empty for a range.</summary>
    public IReadOnlyList<string> Values { get; private init; } = [];

    /// <summary>Whether values are drawn from a range.</summary>
    public bool IsRange => _range is not null;

    /// <summary>An axis as a text says it: values as in <c>1e-6,3e-6</c>, or a range as in <c>1e-7..1e-5</c>.</summary>
    /// <param name="name">What it is called.</param>
    /// <param name="text">The values or the range.</param>
    /// <param name="apply">Options with the setting at a value.</param>
    /// <exception cref="InvalidInputException">There is no value, there is one twice, or the range is none of positive numbers.</exception>
    public static SweepAxis Parse(string name, string text, Func<TrainingOptions, string, TrainingOptions> apply)
    {
        if (text.Contains(To, StringComparison.Ordinal))
        {
            return new SweepAxis(name, apply) { _range = Range(name, text) };
        }

        string[] values = text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        if (values.Length == 0 || values.Distinct().Count() < values.Length)
        {
            throw Error(name, text, "values with commas between them, each once, were expected");
        }

        return new SweepAxis(name, apply) { Values = values };
    }

    /// <summary>
    /// A value: any of several with the same probability, or a number of the range whose logarithm is uniform, to two digits.
    /// </summary>
    /// <param name="key">The noise field.</param>
    /// <param name="element">The element of it that decides.</param>
    internal string Draw(NoiseKey key, int element)
    {
        double share = (key.Word(element) + 0.5) / TwoToThe32;
        if (_range is not { } range)
        {
            return Values[(int)(share * Values.Count)];
        }

        double low = ElementaryFunctions.Log(range.Low);
        double high = ElementaryFunctions.Log(range.IsWhole ? range.High + 1 : range.High);
        double drawn = ElementaryFunctions.Exp(low + ((high - low) * share));
        double value = range.IsWhole ? Math.Floor(drawn) : Preset.Rounded(drawn);
        return Math.Clamp(value, range.Low, range.High).ToString("R", CultureInfo.InvariantCulture);
    }

    private static (double Low, double High, bool IsWhole) Range(string name, string text)
    {
        string[] ends = text.Split(To);
        if (ends.Length == 2 && Number(ends[0]) is { } low && Number(ends[1]) is { } high && low < high)
        {
            // 1 to 8 is a range of whole numbers, 1.0 to 8 is not.
            return (low, high, ends.All(end => end.Trim().All(char.IsAsciiDigit)));
        }

        throw Error(name, text, "two positive numbers with two dots between them, the lower one first, were expected");
    }

    private static double? Number(string text) =>
        double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double value) && value > 0 && double.IsFinite(value)
            ? value
            : null;

    private static InvalidInputException Error(string name, string text, string expected) =>
        new($"{Setting.Axes} {name} is '{text}'; {expected}.");
}
