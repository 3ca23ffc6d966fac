using System.Text;

namespace IlZo.Reporting;

/// <summary>
/// Draws a chart into a page. The curves are an SVG that is stretched to the room there is, with labels beside it, so that letters and
/// lines have the same size on a phone as on a desk. A logarithmic axis is a second drawing in the place of the first, and needs no script.
/// </summary>
internal static class HtmlChart
{
    private const double Side = 1000;

    // The bands of more curves hide one another, and are shown of those that are highlighted.
    private const int MostBands = 5;

    /// <summary>Appends the chart.</summary>
    /// <param name="html">The page.</param>
    /// <param name="chart">The chart.</param>
    /// <param name="index">Its place in the report's data.</param>
    /// <param name="hasKey">Whether it says what its curves are.</param>
    public static void Append(StringBuilder html, Chart chart, int index, bool hasKey)
    {
        string id = Markup.Escape(chart.Id);
        var logarithmic = chart.LogarithmicYAxis;
        string classes = $"chart{(chart.IsWide ? " wide" : "")}{(chart.Curves.Count > MostBands ? " many" : "")}";
        html.AppendInvariant($"<figure class=\"{classes}\" id=\"{id}\" data-chart=\"{index}\">\n");
        if (logarithmic is not null)
        {
            string isFirst = chart.PrefersLogarithm ? " checked" : string.Empty;
            html.AppendInvariant($"<input type=\"checkbox\" class=\"scale\" id=\"{id}-log\"{isFirst}>\n");
        }

        html.AppendInvariant($"<figcaption><h3>{Markup.Escape(chart.Title)}</h3><span class=\"unit\">{Markup.Escape(chart.YLabel)}</span>");
        html.Append(logarithmic is null ? string.Empty : $"<label for=\"{id}-log\">log axis</label>");
        html.Append("</figcaption>\n");
        if (hasKey)
        {
            AppendKey(html, chart.Curves.Where(c => c.Kind != CurveKind.Faint).Select(c => (c.Style, c.Name)));
        }

        AppendPlot(html, chart, chart.YAxis, "linear");
        if (logarithmic is not null)
        {
            AppendPlot(html, chart, logarithmic, "logarithmic");
        }

        html.Append("</figure>\n");
    }

    /// <summary>Appends the names of curves with their styles.</summary>
    public static void AppendKey(StringBuilder html, IEnumerable<(int Style, string Name)> names)
    {
        html.Append("<ul class=\"key\">\n");
        foreach (var (style, name) in names)
        {
            html.AppendInvariant($"<li><button type=\"button\" data-s=\"{style}\" aria-pressed=\"false\">");
            html.AppendInvariant($"<svg class=\"{CurveStyle.HueOf(style)}\" viewBox=\"0 0 28 8\" width=\"28\" height=\"8\" ");
            html.AppendInvariant($"aria-hidden=\"true\"><line class=\"line\" x1=\"1\" y1=\"4\" x2=\"27\" y2=\"4\" ");
            html.AppendInvariant($"stroke-dasharray=\"{CurveStyle.DashesOf(style)}\"/>");
            html.AppendInvariant($"</svg><bdi>{Markup.Escape(name)}</bdi></button></li>\n");
        }

        html.Append("</ul>\n");
    }

    private static void AppendPlot(StringBuilder html, Chart chart, Axis y, string scale)
    {
        var shapes = new CurveShapes(chart, y, 0, 0, Side, Side);
        html.AppendInvariant($"<div class=\"plot {scale}\"><div class=\"y\">");
        foreach (double tick in y.Ticks)
        {
            html.AppendInvariant($"<span style=\"top:{shapes.AtY(tick) / Side * 100:0.##}%\">{chart.TickOf(tick)}</span>");
        }

        string names = Markup.Escape(string.Join(", ", chart.Curves.Select(c => c.Name)));
        html.AppendInvariant($"</div><svg viewBox=\"0 0 {Side} {Side}\" preserveAspectRatio=\"none\" role=\"img\" ");
        html.AppendInvariant($"aria-label=\"{Markup.Escape(chart.Title)}: {names}\" ");
        html.AppendInvariant($"data-from=\"{shapes.X.From:R}\" data-to=\"{shapes.X.To:R}\"{(chart.HasLogarithmicX ? " data-log" : "")}>\n");
        html.Append("<path class=\"grid\" d=\"");
        foreach (double tick in y.Ticks)
        {
            html.AppendInvariant($"M0,{shapes.AtY(tick):0.#}H{Side}");
        }

        html.Append("\"/>\n");
        foreach (var curve in chart.Curves.Reverse())
        {
            shapes.Append(html, curve);
        }

        html.Append("</svg><div class=\"x\">");
        foreach (double tick in shapes.X.Ticks)
        {
            html.AppendInvariant($"<span style=\"left:{shapes.AtX(tick) / Side * 100:0.##}%\">{Quantity.Short(tick)}</span>");
        }

        html.AppendInvariant($"</div><p>{Markup.Escape(chart.XLabel)}</p></div>\n");
    }
}
