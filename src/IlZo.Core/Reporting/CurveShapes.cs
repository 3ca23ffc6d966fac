using System.Text;

namespace IlZo.Reporting;

/// <summary>Draws curves into a rectangle of an SVG.</summary>
/// <param name="chart">The chart.</param>
/// <param name="y">Its vertical axis.</param>
/// <param name="left">The left edge of the rectangle.</param>
/// <param name="top">Its upper edge.</param>
/// <param name="width">Its width.</param>
/// <param name="height">Its height.</param>
internal sealed class CurveShapes(Chart chart, Axis y, double left, double top, double width, double height)
{
    // More of them are no longer told apart.
    private const int MostDots = 80;

    // Coordinates beyond the rectangle, which browsers clip; those far beyond are not exact in them.
    private const double Beyond = 5;

    /// <summary>The horizontal axis.</summary>
    public Axis X { get; } = chart.XAxis;

    /// <summary>The vertical axis.</summary>
    public Axis Y => y;

    /// <summary>Where a value of the horizontal axis is.</summary>
    public double AtX(double value) => left + (X.Share(value) * width);

    /// <summary>Where a value of the vertical axis is.</summary>
    public double AtY(double value) => top + ((1 - Math.Clamp(Y.Share(value), -Beyond, 1 + Beyond)) * height);

    /// <summary>Appends the shapes of a curve: its bands, its line and its dots.</summary>
    public void Append(StringBuilder svg, Curve curve)
    {
        svg.AppendInvariant($"<g class=\"{CurveStyle.HueOf(curve.Style)}\" data-s=\"{curve.Style}\">");
        var parts = Parts(chart.Drawn(curve)).ToArray();
        foreach (var part in parts.Where(p => p.Any(HasBand)))
        {
            var edge = part.Select(p => Place(p.X, HasBand(p) ? p.High : p.Y))
                .Concat(part.Reverse().Select(p => Place(p.X, HasBand(p) ? p.Low : p.Y)));
            svg.AppendInvariant($"<polygon class=\"band\" points=\"{string.Join(' ', edge)}\"/>");
        }

        string kind = curve.Kind == CurveKind.Faint ? "line faint" : "line";
        string dashes = curve.Kind == CurveKind.Faint ? "none" : CurveStyle.DashesOf(curve.Style);
        foreach (var part in parts.Where(p => p.Length > 1))
        {
            string line = string.Join(' ', part.Select(p => Place(p.X, p.Y)));
            svg.AppendInvariant($"<polyline class=\"{kind}\" stroke-dasharray=\"{dashes}\" points=\"{line}\"/>");
        }

        bool areFew = curve.Kind == CurveKind.Marked && curve.Points.Count <= MostDots;
        CurvePoint[] dots = [.. parts.Where(p => areFew || p.Length == 1).SelectMany(p => p)];
        if (dots.Length > 0)
        {
            svg.AppendInvariant($"<path class=\"dots\" d=\"{string.Concat(dots.Select(p => $"M{Place(p.X, p.Y)}h0"))}\"/>");
        }

        svg.Append("</g>\n");
    }

    private static bool HasBand(CurvePoint point) => double.IsFinite(point.Low) && double.IsFinite(point.High);

    private bool IsDrawn(CurvePoint point) => double.IsFinite(point.X) && double.IsFinite(point.Y) && double.IsFinite(Y.Share(point.Y));

    private string Place(double atX, double atY) => FormattableString.Invariant($"{AtX(atX):0.#},{AtY(atY):0.#}");

    // Stretches of a curve without gaps.
    private IEnumerable<CurvePoint[]> Parts(IEnumerable<CurvePoint> points)
    {
        var part = new List<CurvePoint>();
        foreach (var point in points)
        {
            if (IsDrawn(point))
            {
                part.Add(point);
            }
            else if (part.Count > 0)
            {
                yield return [.. part];
                part.Clear();
            }
        }

        if (part.Count > 0)
        {
            yield return [.. part];
        }
    }
}
