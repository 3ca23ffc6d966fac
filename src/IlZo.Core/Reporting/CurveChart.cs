using System.Globalization;
using System.Security;
using System.Text;

namespace IlZo.Reporting;

/// <summary>A curve with the band that it varies in.</summary>
/// <param name="Name">Its name in the legend.</param>
/// <param name="Points">Points by x. Where the mean is not finite the curve has a gap.</param>
internal sealed record CurveSeries(string Name, IReadOnlyList<(double X, double Mean, double Low, double High)> Points);

/// <summary>Draws curves as an SVG that is legible where the reader's pages are light and where they are dark.</summary>
/// <param name="Title">What is above the drawing.</param>
/// <param name="XLabel">What the horizontal axis is.</param>
/// <param name="YLabel">What the vertical axis is.</param>
/// <param name="Series">The curves.</param>
internal sealed record CurveChart(string Title, string XLabel, string YLabel, IReadOnlyList<CurveSeries> Series)
{
    private const double Width = 920;
    private const double Height = 460;
    private const double Left = 70;
    private const double Top = 48;
    private const double PlotWidth = 610;
    private const double PlotHeight = 350;
    private const int TickCount = 6;

    // Hues that differ for readers who see no red and green apart too; dashes tell curves apart beyond them.
    private static readonly string[] s_light = ["#0072b2", "#d55e00", "#009e73", "#b0489b", "#9a6b00", "#3f3f3f", "#2f9bd8"];
    private static readonly string[] s_dark = ["#5db3f0", "#ff9248", "#3fd0a4", "#e79ad2", "#e8c14a", "#d0d0d0", "#8fd6ff"];
    private static readonly string[] s_dashes = ["none", "7 3", "2 3", "9 3 2 3"];

    /// <summary>Where the vertical axis ends at most; curves that go beyond it leave the drawing.</summary>
    public double YLimit { get; init; } = double.PositiveInfinity;

    /// <summary>The drawing as an SVG document.</summary>
    public string ToSvg()
    {
        var points = Series.SelectMany(s => s.Points).Where(p => double.IsFinite(p.Mean)).DefaultIfEmpty((0, 0, 0, 1)).ToArray();
        var x = Axis.Tight(points.Max(p => p.X));
        double low = points.Min(p => double.IsFinite(p.Low) ? p.Low : p.Mean);
        var y = Axis.Of(low, Math.Max(low, Math.Min(YLimit, points.Max(p => double.IsFinite(p.High) ? p.High : p.Mean))));
        var svg = new StringBuilder();
        Append(svg, $"<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {Width} {Height}\" width=\"{Width}\" height=\"{Height}\"");
        Append(svg, $" role=\"img\" font-family=\"system-ui, sans-serif\" font-size=\"13\">\n");
        Append(svg, $"<title>{SecurityElement.Escape(Title)}</title>\n");
        svg.Append(Style());
        Append(svg, $"<clipPath id=\"plot\"><rect x=\"{Left}\" y=\"{Top}\" width=\"{PlotWidth}\" height=\"{PlotHeight}\"/></clipPath>\n");
        Append(svg, $"<rect class=\"page\" width=\"{Width}\" height=\"{Height}\"/>\n");
        Append(
            svg,
            $"<text class=\"ink\" x=\"{Left}\" y=\"28\" font-size=\"15\" font-weight=\"600\">{SecurityElement.Escape(Title)}</text>\n");
        Axes(svg, x, y);
        for (int s = 0; s < Series.Count; s++)
        {
            Curve(svg, s, x, y);
        }

        return svg.Append("</svg>\n").ToString();
    }

    private static void Append(StringBuilder svg, FormattableString text) => svg.Append(text.ToString(CultureInfo.InvariantCulture));

    private static string Colors(string[] hues) => string.Concat(hues.Select((hue, i) => $" .c{i}{{color:{hue}}}"));

    private static string Style() => $$"""
        <style>
        .page{fill:#ffffff} .ink{fill:#1f2328} .grid{stroke:#d9dde2;stroke-width:1}
        .line{fill:none;stroke:currentColor;stroke-width:2} .band{fill:currentColor;fill-opacity:.1;stroke:none}
        {{Colors(s_light)}}
        @media (prefers-color-scheme: dark){
        .page{fill:#0d1117} .ink{fill:#e6edf3} .grid{stroke:#30363d}
        {{Colors(s_dark)}}
        }
        </style>

        """;

    private static string Place(Axis x, Axis y, double atX, double atY) =>
        FormattableString.Invariant($"{Left + (x.Share(atX) * PlotWidth):F1},{Top + ((1 - y.Share(atY)) * PlotHeight):F1}");

    private void Axes(StringBuilder svg, Axis x, Axis y)
    {
        double bottom = Top + PlotHeight;
        foreach (double tick in y.Ticks())
        {
            double at = Top + ((1 - y.Share(tick)) * PlotHeight);
            Append(svg, $"<line class=\"grid\" x1=\"{Left}\" y1=\"{at:F1}\" x2=\"{Left + PlotWidth}\" y2=\"{at:F1}\"/>");
            Append(svg, $"<text class=\"ink\" x=\"{Left - 8}\" y=\"{at + 4:F1}\" text-anchor=\"end\">{tick:G5}</text>\n");
        }

        foreach (double tick in x.Ticks())
        {
            double at = Left + (x.Share(tick) * PlotWidth);
            Append(svg, $"<line class=\"grid\" x1=\"{at:F1}\" y1=\"{Top}\" x2=\"{at:F1}\" y2=\"{bottom}\"/>");
            Append(svg, $"<text class=\"ink\" x=\"{at:F1}\" y=\"{bottom + 20}\" text-anchor=\"middle\">{tick:G6}</text>\n");
        }

        Label(svg, $"x=\"{Left + (PlotWidth / 2)}\" y=\"{Height - 16}\"", XLabel);
        double middle = Top + (PlotHeight / 2);
        Label(svg, $"x=\"18\" y=\"{middle}\" transform=\"rotate(-90 18 {middle})\"", YLabel);
    }

    private static void Label(StringBuilder svg, FormattableString place, string text) =>
        Append(
            svg,
            $"<text class=\"ink\" {FormattableString.Invariant(place)} text-anchor=\"middle\">{SecurityElement.Escape(text)}</text>\n");

    private void Curve(StringBuilder svg, int index, Axis x, Axis y)
    {
        var series = Series[index];
        string dash = s_dashes[index % s_dashes.Length];
        Append(svg, $"<g class=\"c{index % s_light.Length}\">\n");
        foreach (var part in Parts(series.Points))
        {
            var edge = part.Select(p => Place(x, y, p.X, p.High)).Concat(part.Reverse().Select(p => Place(x, y, p.X, p.Low)));
            Append(svg, $"<polygon class=\"band\" clip-path=\"url(#plot)\" points=\"{string.Join(' ', edge)}\"/>\n");
            string line = string.Join(' ', part.Select(p => Place(x, y, p.X, p.Mean)));
            Append(svg, $"<polyline class=\"line\" clip-path=\"url(#plot)\" stroke-dasharray=\"{dash}\" points=\"{line}\"/>\n");
        }

        double row = Top + 8 + (22 * index);
        double from = Left + PlotWidth + 14;
        Append(svg, $"<line class=\"line\" x1=\"{from}\" y1=\"{row}\" x2=\"{from + 26}\" y2=\"{row}\" stroke-dasharray=\"{dash}\"/>");
        Append(svg, $"<text class=\"ink\" x=\"{from + 33}\" y=\"{row + 4}\">{SecurityElement.Escape(series.Name)}</text>\n</g>\n");
    }

    // Stretches of a curve without gaps.
    private static IEnumerable<(double X, double Mean, double Low, double High)[]> Parts(
        IReadOnlyList<(double X, double Mean, double Low, double High)> points)
    {
        for (int first = 0; first < points.Count;)
        {
            var part = points.Skip(first).TakeWhile(p => double.IsFinite(p.Mean)).ToArray();
            if (part.Length > 0)
            {
                yield return part;
            }

            first += part.Length + 1;
        }
    }

    private sealed record Axis(double From, double To, double Step)
    {
        /// <summary>An axis that ends where the values do.</summary>
        public static Axis Tight(double high) => Of(0, high) with { To = Math.Max(high, 1e-9) };

        /// <summary>An axis whose ends are multiples of a round step.</summary>
        public static Axis Of(double low, double high)
        {
            double rough = Math.Max(high - low, 1e-9) / TickCount;
            double power = Math.Pow(10, Math.Floor(Math.Log10(rough)));
            double step = power * ((double[])[1, 2, 5, 10]).First(m => m * power >= rough * (1 - 1e-9));
            return new Axis(
                Math.Floor((low / step) + 1e-9) * step,
                Math.Max(Math.Ceiling((high / step) - 1e-9), Math.Floor(low / step) + 1) * step,
                step);
        }

        public double Share(double value) => (value - From) / (To - From);

        public IEnumerable<double> Ticks() =>
            Enumerable.Range(0, (int)Math.Floor(((To - From) / Step) + 1e-6) + 1).Select(
                i => Math.Round((From + (i * Step)) / Step) * Step);
    }
}
