using System.Text;
using IlZo.BuiltIn;
using IlZo.Checkpoints;

namespace IlZo.Reporting;

/// <summary>
/// A report as one page that needs nothing else: no network, no other file, and no script to be read. Its script highlights curves and
/// shows their values.
/// </summary>
internal static class HtmlReport
{
    // Nothing is fetched, whatever a file has put into the page.
    private const string Policy = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:";

    // Tables with more are set more tightly.
    private const int MostRoomyColumns = 6;

    private static readonly Lazy<string> s_rules = new(() => Embedded("report.css"));
    private static readonly Lazy<string> s_script = new(() => Embedded("report.js"));

    /// <summary>Writes the page; an earlier one is replaced as a whole.</summary>
    /// <exception cref="IOException">Writing failed; the file is as it was.</exception>
    public static void Write(string path, ReportDocument document) => AtomicFile.WriteAllText(path, Of(document));

    /// <summary>The page.</summary>
    public static string Of(ReportDocument document)
    {
        string title = Markup.Escape(document.Title);
        var html = new StringBuilder();
        html.Append("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n");
        html.AppendInvariant($"<meta http-equiv=\"Content-Security-Policy\" content=\"{Policy}\">\n");
        html.Append("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n");
        html.Append("<meta name=\"color-scheme\" content=\"light dark\">\n<link rel=\"icon\" href=\"data:,\">\n");
        html.AppendInvariant($"<title>{title}</title>\n<style>\n{s_rules.Value}\n{CurveStyle.LineRules}\n{CurveStyle.LightRules}\n");
        html.AppendInvariant($"@media screen and (prefers-color-scheme: dark){{{CurveStyle.DarkRules}}}\n");
        html.Append("</style>\n</head>\n<body>\n<main>\n");
        html.AppendInvariant($"<header>\n<h1><bdi>{title}</bdi></h1>\n<p class=\"lead\">{Markup.Escape(document.Lead)}</p>\n</header>\n");
        AppendFacts(html, document.Facts);
        if (document.Results is { } results)
        {
            AppendSection(html, results);
        }

        AppendCharts(html, document);
        foreach (var section in document.Sections)
        {
            AppendSection(html, section);
        }

        html.AppendInvariant($"</main>\n<script type=\"application/json\" id=\"report-data\">{ReportData.Json(document)}</script>\n");
        html.AppendInvariant($"<script>\n{s_script.Value}</script>\n</body>\n</html>\n");
        return html.ToString();
    }

    private static void AppendFacts(StringBuilder html, IReadOnlyList<(string Name, string Value)> facts)
    {
        if (facts.Count == 0)
        {
            return;
        }

        html.Append("<dl class=\"facts\">\n");
        foreach (var (name, value) in facts)
        {
            html.AppendInvariant($"<div><dt>{Markup.Escape(name)}</dt><dd>{Markup.Escape(value)}</dd></div>\n");
        }

        html.Append("</dl>\n");
    }

    private static void AppendCharts(StringBuilder html, ReportDocument document)
    {
        if (document.Charts.Count == 0)
        {
            return;
        }

        html.Append("<section>\n<h2>Curves</h2>\n");
        bool isShared = document.Legend.Count > 0;
        if (isShared)
        {
            HtmlChart.AppendKey(html, document.Legend.Index());
        }

        html.Append("<div class=\"charts\">\n");
        foreach (var (index, chart) in document.Charts.Index())
        {
            HtmlChart.Append(html, chart, index, hasKey: !isShared && chart.Curves.Count > 1);
        }

        html.Append("</div>\n</section>\n");
    }

    private static void AppendSection(StringBuilder html, ReportSection section)
    {
        html.AppendInvariant($"<section>\n<h2>{Markup.Escape(section.Title)}</h2>\n");
        switch (section)
        {
            case ReportTable table:
                AppendTable(html, table);
                break;
            case ReportShares shares:
                AppendShares(html, shares);
                break;
            case ReportSamples samples:
                samples.Samples.ToList().ForEach(sample => AppendSample(html, sample));
                break;
            case ReportDefinitions definitions:
                html.Append("<dl class=\"settings\">\n");
                foreach (var (name, value) in definitions.Entries)
                {
                    html.AppendInvariant($"<div><dt>{Markup.Escape(name)}</dt><dd><bdi>{Markup.Escape(value)}</bdi></dd></div>\n");
                }

                html.Append("</dl>\n");
                break;
        }

        html.Append("</section>\n");
    }

    private static void AppendTable(StringBuilder html, ReportTable table)
    {
        string isDense = table.Columns.Count > MostRoomyColumns ? " dense" : "";
        html.AppendInvariant($"<div class=\"table{isDense}\"><table>\n<thead><tr>");
        foreach (string column in table.Columns)
        {
            html.AppendInvariant($"<th scope=\"col\">{Markup.Escape(column)}</th>");
        }

        html.Append("</tr></thead>\n<tbody>\n");
        foreach (var row in table.Rows)
        {
            html.AppendInvariant($"<tr><th scope=\"row\"><bdi>{Markup.Escape(row[0].Text)}</bdi></th>");
            foreach (var (text, aside) in row.Skip(1))
            {
                string beside = aside.Length == 0 ? "" : $" <span class=\"unit\">{Markup.Escape(aside)}</span>";
                html.AppendInvariant($"<td>{Markup.Escape(text)}{beside}</td>");
            }

            html.Append("</tr>\n");
        }

        html.Append("</tbody>\n</table></div>\n");
        html.Append(table.Note.Length == 0 ? string.Empty : $"<p class=\"note\">{Markup.Escape(table.Note)}</p>\n");
    }

    private static void AppendSample(StringBuilder html, ReportSample sample)
    {
        html.AppendInvariant($"<div class=\"sample\">\n<p class=\"text\"><bdi>{Markup.EscapeLines(sample.Prompt)}</bdi></p>\n<dl>\n");
        foreach (var (name, text) in sample.Answers)
        {
            html.AppendInvariant($"<div><dt>{Markup.Escape(name)}</dt>");
            html.AppendInvariant($"<dd class=\"text\"><bdi>{Markup.EscapeLines(text)}</bdi></dd></div>\n");
        }

        html.Append("</dl>\n</div>\n");
    }

    private static void AppendShares(StringBuilder html, ReportShares shares)
    {
        html.Append("<div class=\"shares\" aria-hidden=\"true\">");
        foreach (var (index, (_, share, _)) in shares.Parts.Index())
        {
            html.AppendInvariant($"<span class=\"part{index}\" style=\"flex-grow:{1000 * share:0.##}\"></span>");
        }

        html.Append("</div>\n<dl class=\"parts\">\n");
        foreach (var (index, (name, share, size)) in shares.Parts.Index())
        {
            html.AppendInvariant($"<div><dt><span class=\"part{index}\"></span>{Markup.Escape(name)}</dt>");
            html.AppendInvariant($"<dd>{Markup.Escape(size)} <span class=\"unit\">{100 * share:0.0} %</span></dd></div>\n");
        }

        html.Append("</dl>\n");
    }

    private static string Embedded(string name) => Encoding.UTF8.GetString(EmbeddedFiles.ReadAllBytes($"reporting/{name}"));
}
