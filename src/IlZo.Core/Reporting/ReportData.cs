using System.Text;
using System.Text.Json;

namespace IlZo.Reporting;

/// <summary>
/// The data of a report for programs, and for the script of the page: all charts with the numbers that they show, none of which is rounded.
/// </summary>
internal static class ReportData
{
    private const int Format = 1;

    /// <summary>One JSON object, which may stand inside a script element: it has no character that markup gives a meaning.</summary>
    public static string Json(ReportDocument document)
    {
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream))
        {
            json.WriteStartObject();
            json.WriteNumber("format", Format);
            json.WriteString("title", document.Title);
            json.WriteStartArray("charts");
            foreach (var chart in document.Charts)
            {
                Write(json, chart);
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(stream.ToArray());
    }

    private static void Write(Utf8JsonWriter json, Chart chart)
    {
        json.WriteStartObject();
        json.WriteString("id", chart.Id);
        json.WriteString("title", chart.Title);
        json.WriteString("x_label", chart.XLabel);
        json.WriteString("y_label", chart.YLabel);
        json.WriteBoolean("magnitude", chart.IsMagnitude);
        json.WriteBoolean("fraction", chart.IsFraction);
        json.WriteStartArray("curves");
        foreach (var curve in chart.Curves)
        {
            json.WriteStartObject();
            json.WriteString("name", curve.Name);
            json.WriteString("field", curve.Field);
            json.WriteNumber("style", curve.Style);
            WriteNumbers(json, "x", curve.Points.Select(p => p.X));
            WriteNumbers(json, "y", curve.Points.Select(p => p.Y));
            if (curve.Points.Any(p => double.IsFinite(p.Low)))
            {
                WriteNumbers(json, "low", curve.Points.Select(p => p.Low));
                WriteNumbers(json, "high", curve.Points.Select(p => p.High));
            }

            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void WriteNumbers(Utf8JsonWriter json, string name, IEnumerable<double> values)
    {
        json.WriteStartArray(name);
        foreach (double value in values)
        {
            if (double.IsFinite(value))
            {
                json.WriteNumberValue(value);
            }
            else
            {
                json.WriteNullValue();
            }
        }

        json.WriteEndArray();
    }
}
