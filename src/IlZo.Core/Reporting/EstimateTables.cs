using System.Globalization;
using IlZo.Training;

namespace IlZo.Reporting;

/// <summary>What was measured of gradient estimates, as tables.</summary>
internal static class EstimateTables
{
    /// <summary>Both tables in Markdown, with what they are about.</summary>
    public static string Markdown(EstimateReport report) => FormattableString.Invariant(
        $"{report.Subject}: {report.Weights:N0} weights, loss {report.Loss:F4}, ‖g‖² {Mean(report.Gradient)}\n\n")
        + ComparisonTable.Markdown(Of(report)) + "\n" + ComparisonTable.Markdown(OfEnergy(report));

    /// <summary>A row for each method.</summary>
    public static ReportTable Of(EstimateReport report) => new(
        "Estimates",
        ["method", "eps", "passes", "E[ĝ]ᵀg/‖g‖²", "of it bias", "E‖ĝ‖²/d‖g‖²", "E[cos]·√d", "gain per pass"],
        [
            .. report.Methods.Select(m => (IReadOnlyList<ReportCell>)
            [
                m.Name + (m.Skipped > 0 ? FormattableString.Invariant($" ({m.Skipped} draws skipped)") : ""),
                Quantity.Short(m.Epsilon),
                m.ForwardPasses.ToString("0.##", CultureInfo.InvariantCulture),
                Mean(m.Scale),
                Mean(m.Bias),
                Mean(m.SecondMoment.Over(report.Weights)),
                Mean(m.Cosine.Over(1 / Math.Sqrt(report.Weights))),
                m.Gain.ToString("G3", CultureInfo.InvariantCulture),
            ]),
        ],
        FormattableString.Invariant($"{report.Draws} estimates each on one batch, before momentum or Adam; ± is the standard error. Bias ")
            + "is what is there at eps and not at a tenth of it. Gain: (E[ĝ]ᵀg)²/(E‖ĝ‖²‖g‖²) a pass, over that of mezo, 1/2(d + 2).");

    /// <summary>A column for each part of the model.</summary>
    public static ReportTable OfEnergy(EstimateReport report)
    {
        double all = report.GradientByPart.Sum(p => p.Square.Value);
        return new ReportTable(
            "Energy",
            ["share of the square", .. report.GradientByPart.Select(p => p.Part)],
            [
                (IReadOnlyList<ReportCell>)["gradient", .. report.GradientByPart.Select(p => (ReportCell)Share(p.Square.Value / all))],
                .. report.Methods.Select(m => (IReadOnlyList<ReportCell>)
                    [m.Name, .. report.GradientByPart.Select(p => (ReportCell)Share(m.Energy.First(e => e.Part == p.Part).Share))]),
            ]);
    }

    private static string Mean(SampleMean mean) => FormattableString.Invariant($"{mean.Value:G3} ± {mean.Error:G2}");

    private static string Share(double share) => FormattableString.Invariant($"{100 * share:0.0} %");
}
