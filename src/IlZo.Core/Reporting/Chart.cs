namespace IlZo.Reporting;

/// <summary>A point of a curve.</summary>
/// <param name="X">Where it is.</param>
/// <param name="Y">Its value; the curve has a gap where it is not finite.</param>
/// <param name="Low">Where the band around it begins; not a number for no band.</param>
/// <param name="High">Where the band ends.</param>
internal readonly record struct CurvePoint(double X, double Y, double Low = double.NaN, double High = double.NaN);

/// <summary>How a curve is drawn.</summary>
internal enum CurveKind
{
    /// <summary>A line.</summary>
    Line,

    /// <summary>A line with a dot at each point, while there are few of them.</summary>
    Marked,

    /// <summary>A thin line behind the others, for values before smoothing.</summary>
    Faint,
}

/// <summary>A curve.</summary>
/// <param name="Name">Its name in the legend.</param>
/// <param name="Style">Which hue and dashes it has (<see cref="CurveStyle"/>).</param>
/// <param name="Points">Points by x.</param>
internal sealed record Curve(string Name, int Style, IReadOnlyList<CurvePoint> Points)
{
    /// <summary>How it is drawn.</summary>
    public CurveKind Kind { get; init; }

    /// <summary>The field of <c>metrics.jsonl</c> that its values are; null for what was computed from such values.</summary>
    public string? Field { get; init; }
}

/// <summary>What a chart shows, apart from how it is drawn.</summary>
/// <param name="Id">Its name in files and pages: lower-case letters, digits and hyphens.</param>
/// <param name="Title">What is above the drawing.</param>
/// <param name="XLabel">What the horizontal axis is.</param>
/// <param name="YLabel">What the vertical axis is.</param>
/// <param name="Curves">The curves; the first ones are in front.</param>
internal sealed record Chart(string Id, string Title, string XLabel, string YLabel, IReadOnlyList<Curve> Curves)
{
    // Values that span more than this are first seen on a logarithmic axis, where that is possible.
    private const double Wide = 100;

    // Below this a logarithmic axis shows nothing that a linear one does not.
    private const double Narrow = 2;

    /// <summary>Where the linear vertical axis ends at most; curves that go beyond it leave the drawing.</summary>
    public double YLimit { get; init; } = double.PositiveInfinity;

    /// <summary>Whether the sizes of values are drawn and not their signs.</summary>
    public bool IsMagnitude { get; init; }

    /// <summary>Whether values are fractions, which are labelled in percent.</summary>
    public bool IsFraction { get; init; }

    /// <summary>Whether its horizontal axis is logarithmic, which positive values allow.</summary>
    public bool HasLogarithmicX { get; init; }

    /// <summary>Whether it deserves the whole width of a page.</summary>
    public bool IsWide { get; init; }

    /// <summary>The horizontal axis.</summary>
    public Axis XAxis
    {
        get
        {
            var (low, high) = Range(Drawable.Select(p => p.X));
            return HasLogarithmicX ? Axis.Logarithmic(low, high) : Axis.Tight(Math.Min(0, low), high);
        }
    }

    /// <summary>The linear vertical axis.</summary>
    public Axis YAxis
    {
        get
        {
            var (low, high) = Range(Extents);
            return Axis.Linear(low, Math.Max(low, Math.Min(YLimit, high)));
        }
    }

    /// <summary>The logarithmic vertical axis; null where it would be impossible or of no use.</summary>
    public Axis? LogarithmicYAxis
    {
        get
        {
            var (low, high) = Range(IsMagnitude ? Extents.Where(v => v > 0) : Extents);
            return !IsFraction && low > 0 && high / low >= Narrow ? Axis.Logarithmic(low, high) : null;
        }
    }

    /// <summary>Whether the logarithmic axis is the one to show first.</summary>
    public bool PrefersLogarithm => LogarithmicYAxis is { } axis && (IsMagnitude || axis.To / axis.From > Wide);

    /// <summary>The label of a value of the vertical axis.</summary>
    public string TickOf(double value) => IsFraction ? $"{Quantity.Short(100 * value)} %" : Quantity.Short(value);

    /// <summary>The points of a curve as they are drawn.</summary>
    public IEnumerable<CurvePoint> Drawn(Curve curve) =>
        IsMagnitude ? curve.Points.Select(p => p with { Y = Math.Abs(p.Y) }) : curve.Points;

    private IEnumerable<CurvePoint> Drawable => Curves.SelectMany(Drawn).Where(p => double.IsFinite(p.X) && double.IsFinite(p.Y));

    private IEnumerable<double> Extents =>
        Drawable.SelectMany(p => (double[])[p.Y, double.IsFinite(p.Low) ? p.Low : p.Y, double.IsFinite(p.High) ? p.High : p.Y]);

    private static (double Low, double High) Range(IEnumerable<double> values)
    {
        var (low, high) = (double.PositiveInfinity, double.NegativeInfinity);
        foreach (double value in values)
        {
            (low, high) = (Math.Min(low, value), Math.Max(high, value));
        }

        return low <= high ? (low, high) : (0, 1);
    }
}
