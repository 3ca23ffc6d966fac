using System.Collections;

namespace IlZo.Tasks;

/// <summary>What a metric comes to.</summary>
/// <param name="Metric">The metric.</param>
/// <param name="Value">Its value.</param>
public readonly record struct MetricValue(IMetric Metric, double Value)
{
    /// <summary>The value for people.</summary>
    public string Text => Metric.Format(Value);
}

/// <summary>What metrics come to, in the order of their fields. Two are equal where all of their values are.</summary>
/// <param name="values">The values.</param>
public sealed class MetricValues(params IEnumerable<MetricValue> values) : IReadOnlyList<MetricValue>, IEquatable<MetricValues>
{
    private readonly MetricValue[] _values = [.. values];

    /// <summary>No values.</summary>
    public static MetricValues None { get; } = new();

    /// <summary>How many there are.</summary>
    public int Count => _values.Length;

    /// <summary>One of them, in the order of their fields.</summary>
    /// <param name="index">Its place, from 0.</param>
    public MetricValue this[int index] => _values[index];

    /// <summary>The value with this <see cref="IMetric.Field"/>; null where there is none.</summary>
    public double? this[string field] => First(v => v.Metric.Field == field);

    /// <summary>The value of a metric; null where there is none.</summary>
    public double? this[IMetric metric] => First(v => v.Metric == metric);

    /// <summary>Enumerates them in the order of their fields.</summary>
    public IEnumerator<MetricValue> GetEnumerator() => _values.AsEnumerable().GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    /// <summary>Whether the same metrics have the same values, in the same order.</summary>
    /// <param name="other">The others.</param>
    public bool Equals(MetricValues? other) => other is not null && _values.AsSpan().SequenceEqual(other._values);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as MetricValues);

    /// <inheritdoc/>
    public override int GetHashCode() => _values.Aggregate(0, HashCode.Combine);

    private double? First(Predicate<MetricValue> match) =>
        Array.FindIndex(_values, match) is >= 0 and int found ? _values[found].Value : null;
}
