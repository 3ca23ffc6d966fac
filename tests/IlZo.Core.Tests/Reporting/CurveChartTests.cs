using System.Xml.Linq;
using IlZo.Reporting;
using Xunit;

namespace IlZo.Core.Tests.Reporting;

public sealed class CurveChartTests
{
    [Fact]
    public void Names_are_escaped_and_curves_are_broken_where_they_are_not_finite()
    {
        var svg = Draw(new CurveSeries(
            "a<b & \"c\"", [(0, 1, 0.9, 1.1), (10, 0.5, 0.4, 0.6), (20, double.NaN, double.NaN, double.NaN), (30, 0.7, 0.7, 0.7)]));
        Assert.Contains(svg.Descendants(), e => e.Value == "a<b & \"c\"");
        Assert.Equal(2, Named(svg, "polyline").Count());
        Assert.DoesNotContain("NaN", svg.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("∞", svg.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_curve_without_finite_or_without_different_values_is_drawn_all_the_same()
    {
        Assert.Empty(Named(Draw(new CurveSeries("none", [(0, double.NaN, double.NaN, double.NaN)])), "polyline"));
        Assert.Single(Named(Draw(new CurveSeries("flat", [(0, 2, 2, 2), (5, 2, 2, 2)])), "polyline"));
    }

    [Fact]
    public void Larger_losses_are_higher_up_and_more_passes_further_right()
    {
        var svg = Draw(new CurveSeries("falls", [(0, 1, 1, 1), (100, 0.2, 0.2, 0.2)]));
        double[][] ends = [.. Named(svg, "polyline").Single().Attribute("points")!.Value.Split(' ')
            .Select(p => p.Split(',').Select(n => double.Parse(n, System.Globalization.CultureInfo.InvariantCulture)).ToArray())];
        Assert.True(ends[0][0] < ends[1][0]);
        Assert.True(ends[0][1] < ends[1][1]);
    }

    private static XDocument Draw(params CurveSeries[] series) => XDocument.Parse(new CurveChart("title", "x", "y", series).ToSvg());

    private static IEnumerable<XElement> Named(XDocument svg, string name) => svg.Descendants().Where(e => e.Name.LocalName == name);
}
