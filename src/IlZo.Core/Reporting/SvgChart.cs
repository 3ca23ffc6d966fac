using System.Text;

namespace IlZo.Reporting;

/// <summary>Draws a chart as a file of its own, which is legible where the reader's pages are light and where they are dark.</summary>
internal static class SvgChart
{
    private const double Width = 920;
    private const double LeastHeight = 460;
    private const double Left = 70;
    private const double Top = 48;
    private const double Below = 62;
    private const double PlotWidth = 610;
    private const double LegendRow = 22;

    /// <summary>The drawing as an SVG document.</summary>
    public static string Of(Chart chart)
    {
        // Faint lines have the names of those in front of them.
        Curve[] named = [.. chart.Curves.Where(c => c.Kind != CurveKind.Faint)];
        double plotHeight = Math.Max(LeastHeight - Top - Below, LegendRow * named.Length);
        double height = Top + plotHeight + Below;
        var y = chart.PrefersLogarithm ? chart.LogarithmicYAxis! : chart.YAxis;
        var shapes = new CurveShapes(chart, y, Left, Top, PlotWidth, plotHeight);
        string title = Markup.Escape(chart.Title);
        var svg = new StringBuilder();
        svg.AppendInvariant($"<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {Width} {height}\" width=\"{Width}\" ");
        svg.AppendInvariant($"height=\"{height}\" role=\"img\" font-family=\"system-ui, sans-serif\" font-size=\"13\">\n");
        svg.AppendInvariant($"<title>{title}</title>\n{Style}\n");
        svg.AppendInvariant($"<clipPath id=\"plot\"><rect x=\"{Left}\" y=\"{Top}\" width=\"{PlotWidth}\" height=\"{plotHeight}\"/>");
        svg.AppendInvariant($"</clipPath>\n<rect class=\"page\" width=\"{Width}\" height=\"{height}\"/>\n");
        svg.AppendInvariant($"<text class=\"ink\" x=\"{Left}\" y=\"28\" font-size=\"15\" font-weight=\"600\">{title}</text>\n");
        AppendAxes(svg, chart, shapes, plotHeight);
        svg.Append("<g clip-path=\"url(#plot)\">\n");
        foreach (var curve in chart.Curves.Reverse())
        {
            shapes.Append(svg, curve);
        }

        svg.Append("</g>\n");
        foreach (var (row, curve) in named.Index())
        {
            AppendName(svg, curve, Top + 8 + (LegendRow * row));
        }

        return svg.Append("</svg>\n").ToString();
    }

    private static string Style => $$"""
        <style>
        .page{fill:#ffffff} .ink{fill:#1f2328} .grid{stroke:#d9dde2;stroke-width:1}
        {{CurveStyle.LineRules}}
        {{CurveStyle.LightRules}}
        @media (prefers-color-scheme: dark){
        .page{fill:#0d1117} .ink{fill:#e6edf3} .grid{stroke:#30363d}
        {{CurveStyle.DarkRules}}
        }
        </style>
        """;

    private static void AppendAxes(StringBuilder svg, Chart chart, CurveShapes shapes, double plotHeight)
    {
        double bottom = Top + plotHeight;
        foreach (double tick in shapes.Y.Ticks)
        {
            double at = shapes.AtY(tick);
            svg.AppendInvariant($"<line class=\"grid\" x1=\"{Left}\" y1=\"{at:F1}\" x2=\"{Left + PlotWidth}\" y2=\"{at:F1}\"/>");
            svg.AppendInvariant(
                $"<text class=\"ink\" x=\"{Left - 8}\" y=\"{at + 4:F1}\" text-anchor=\"end\">{chart.TickOf(tick)}</text>\n");
        }

        foreach (double tick in shapes.X.Ticks)
        {
            double at = shapes.AtX(tick);
            svg.AppendInvariant($"<line class=\"grid\" x1=\"{at:F1}\" y1=\"{Top}\" x2=\"{at:F1}\" y2=\"{bottom}\"/>");
            svg.AppendInvariant(
                $"<text class=\"ink\" x=\"{at:F1}\" y=\"{bottom + 20}\" text-anchor=\"middle\">{Quantity.Short(tick)}</text>\n");
        }

        double middle = Top + (plotHeight / 2);
        AppendLabel(svg, $"x=\"{Left + (PlotWidth / 2)}\" y=\"{bottom + 46}\"", chart.XLabel);
        AppendLabel(svg, $"x=\"18\" y=\"{middle}\" transform=\"rotate(-90 18 {middle})\"", chart.YLabel);
    }

    private static void AppendLabel(StringBuilder svg, FormattableString place, string text) => svg.AppendInvariant(
        $"<text class=\"ink\" {FormattableString.Invariant(place)} text-anchor=\"middle\">{Markup.Escape(text)}</text>\n");

    private static void AppendName(StringBuilder svg, Curve curve, double row)
    {
        const double From = Left + PlotWidth + 14;
        svg.AppendInvariant($"<g class=\"{CurveStyle.HueOf(curve.Style)}\"><line class=\"line\" x1=\"{From}\" y1=\"{row}\" ");
        svg.AppendInvariant($"x2=\"{From + 26}\" y2=\"{row}\" stroke-dasharray=\"{CurveStyle.DashesOf(curve.Style)}\"/>");
        svg.AppendInvariant($"<text class=\"ink\" x=\"{From + 33}\" y=\"{row + 4}\">{Markup.Escape(curve.Name)}</text></g>\n");
    }
}
