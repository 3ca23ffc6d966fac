namespace IlZo.Models;

/// <summary>
/// A size that <c>config.json</c> states, or a product of such sizes, with the field it comes from. Sizes are bounded: a product of any two
/// that an activation's memory is computed from stays far below 2³¹, and what is larger is refused by its field's name before anything is
/// allocated for it.
/// </summary>
internal readonly struct ConfigSize
{
    /// <summary>The most features of an activation: the hidden size, heads times their size, or those inside an MLP.</summary>
    public const int MaxFeatures = 1 << 22;

    /// <summary>The most rows of a table: the vocabulary's, or one for each position.</summary>
    public const int MaxRows = 1 << 24;

    /// <summary>The most layers, and the most heads of a layer.</summary>
    public const int MaxLayers = 1 << 14;

    private readonly string _source;

    /// <param name="source">The file, for messages.</param>
    /// <param name="field">The field, or the product of fields.</param>
    /// <param name="value">Its value.</param>
    /// <param name="most">The largest value that is accepted.</param>
    /// <exception cref="InvalidInputException">The value is larger.</exception>
    public ConfigSize(string source, string field, long value, int most)
    {
        if (value > most)
        {
            throw new InvalidInputException($"{source}: {field} is {value}; {most} at most was expected.");
        }

        _source = source;
        Field = field;
        Value = (int)value;
    }

    /// <summary>The field that the size comes from, or a product of fields.</summary>
    public string Field { get; }

    public int Value { get; }

    public static implicit operator int(ConfigSize size) => size.Value;

    /// <summary>The features of some heads.</summary>
    /// <exception cref="InvalidInputException">There are more than <see cref="MaxFeatures"/>.</exception>
    public static ConfigSize operator *(ConfigSize a, ConfigSize b) =>
        new(a._source, $"{a.Field} × {b.Field}", (long)a.Value * b.Value, MaxFeatures);

    /// <summary>What a size splits into evenly.</summary>
    /// <exception cref="InvalidInputException">There is a rest.</exception>
    public static ConfigSize operator /(ConfigSize size, ConfigSize parts) => size.Value % parts.Value == 0
        ? new(size._source, $"{size.Field} / {parts.Field}", size.Value / parts.Value, MaxFeatures)
        : throw new InvalidInputException($"{size._source}: {size.Field} {size} is not a multiple of {parts.Field} {parts}.");

    public static ConfigSize operator *(int factor, ConfigSize size) =>
        new(size._source, $"{factor} × {size.Field}", (long)factor * size.Value, int.MaxValue);

    public static ConfigSize operator +(ConfigSize a, ConfigSize b) =>
        new(a._source, $"{a.Field} + {b.Field}", (long)a.Value + b.Value, int.MaxValue);

    public static ConfigSize operator +(ConfigSize size, int more) =>
        new(size._source, $"{size.Field} + {more}", (long)size.Value + more, int.MaxValue);

    public override string ToString() => $"{Value}";
}
