namespace IlZo.Reporting;

/// <summary>A value of a series.</summary>
/// <param name="Step">The step.</param>
/// <param name="ForwardPasses">Forward passes of training up to it.</param>
/// <param name="Value">The value.</param>
internal readonly record struct SeriesPoint(long Step, double ForwardPasses, double Value);

/// <summary>
/// A series of any length in bounded memory. Neighbouring points are put into buckets, of which the least and the greatest value are kept;
/// when there are too many buckets, each two become one. All points are kept while they are no more than buckets, and so are the first and
/// the last. What is kept depends on the points and their order alone.
/// </summary>
/// <param name="capacity">The most buckets; even.</param>
/// <param name="byMagnitude">Whether the least and the greatest value are found by size, without sign.</param>
internal sealed class DecimatedSeries(int capacity, bool byMagnitude = false)
{
    private readonly List<Bucket> _buckets = [];
    private long _width = 1;
    private long _inLast;

    /// <summary>How many points there were.</summary>
    public long Count { get; private set; }

    /// <summary>The last point; only where there was one.</summary>
    public SeriesPoint Last { get; private set; }

    private SeriesPoint First { get; set; }

    /// <summary>The points that are kept, in their order: at most two for each bucket, and the ends.</summary>
    public IEnumerable<SeriesPoint> Points
    {
        get
        {
            if (Count == 0)
            {
                yield break;
            }

            var at = First;
            yield return at;
            foreach (var point in _buckets.SelectMany(b => b.Points).Append(Last))
            {
                if (point.Step != at.Step || point.Value.CompareTo(at.Value) != 0)
                {
                    yield return at = point;
                }
            }
        }
    }

    /// <summary>Adds a point behind the others.</summary>
    public void Add(SeriesPoint point)
    {
        First = Count++ == 0 ? point : First;
        Last = point;
        if (_buckets.Count > 0 && _inLast < _width)
        {
            _inLast++;
            _buckets[^1] = Merged(_buckets[^1], new Bucket(point, point));
            return;
        }

        if (_buckets.Count == capacity)
        {
            Halve();
        }

        _buckets.Add(new Bucket(point, point));
        _inLast = 1;
    }

    private void Halve()
    {
        for (int i = 0; i < _buckets.Count / 2; i++)
        {
            _buckets[i] = Merged(_buckets[2 * i], _buckets[(2 * i) + 1]);
        }

        _buckets.RemoveRange(_buckets.Count / 2, _buckets.Count / 2);
        _width *= 2;
    }

    private Bucket Merged(Bucket first, Bucket second) => new(
        Rank(second.Low, above: true) < Rank(first.Low, above: true) ? second.Low : first.Low,
        Rank(second.High, above: false) > Rank(first.High, above: false) ? second.High : first.High);

    // What is not finite gives way to what is.
    private double Rank(SeriesPoint point, bool above) =>
        !double.IsFinite(point.Value) ? above ? double.PositiveInfinity : double.NegativeInfinity
        : byMagnitude ? Math.Abs(point.Value)
        : point.Value;

    private readonly record struct Bucket(SeriesPoint Low, SeriesPoint High)
    {
        public IEnumerable<SeriesPoint> Points => Low.Step <= High.Step ? [Low, High] : [High, Low];
    }
}
