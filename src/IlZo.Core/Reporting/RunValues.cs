using IlZo.Tasks;

namespace IlZo.Reporting;

/// <summary>How values of a run's metrics are called and written for people.</summary>
internal static class RunValues
{
    /// <summary>What the fields of a dev evaluation begin with.</summary>
    public const string DevPrefix = "dev_";

    /// <summary>The name of the loss among the fields of an evaluation.</summary>
    public const string Loss = "loss";

    private const string AccuracyField = "accuracy";

    /// <summary>The title of a value on a set of rows.</summary>
    /// <param name="rows">The rows.</param>
    /// <param name="field">The field without its prefix.</param>
    public static string Title(string rows, string field) => $"{rows} {MetricOf(field)?.Title ?? field.Replace('_', ' ')}";

    /// <summary>Whether a value is a fraction, which is written in percent.</summary>
    public static bool IsFraction(string field) => MetricOf(field)?.Format(1).EndsWith('%') ?? false;

    /// <summary>The 95 % interval of a value, where it follows from the number of rows.</summary>
    public static (double Low, double High)? Interval(string field, double value, int? rows) =>
        field == AccuracyField && rows > 0 && value is >= 0 and <= 1
            ? Scoring.WilsonInterval((int)Math.Round(value * rows.Value), rows.Value)
            : null;

    /// <summary>A value, with its interval where that is known.</summary>
    public static ReportCell Cell(string field, double value, int? rows)
    {
        if (!double.IsFinite(value))
        {
            return "not finite";
        }

        string text = MetricOf(field)?.Format(value) ?? FormattableString.Invariant($"{value:F4}");
        return Interval(field, value, rows) is var (low, high)
            ? new ReportCell(text, FormattableString.Invariant($"({100 * low:F1}\u2013{100 * high:F1})"))
            : text;
    }

    private static IMetric? MetricOf(string field) => MetricCatalog.All.FirstOrDefault(m => m.Field == field);
}
