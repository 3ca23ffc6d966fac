using System.Xml.Linq;
using IlZo.Reporting;
using Xunit;

namespace IlZo.Core.Tests.Reporting;

public sealed class SvgChartTests
{
    [Fact]
    public void Names_are_escaped_and_curves_are_broken_where_they_are_not_finite()
    {
        var svg = Draw("a<b & \"c\"", new(0, 1, 0.9, 1.1), new(10, 0.5, 0.4, 0.6), new(20, double.NaN), new(30, 0.7), new(40, 0.6));
        Assert.Contains(svg.Descendants(), e => e.Value == "a<b & \"c\"");
        Assert.Equal(2, Named(svg, "polyline").Count());
        Assert.DoesNotContain("NaN", svg.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("∞", svg.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Curves_have_different_hues_or_dashes_and_the_legend_has_room()
    {
        Curve[] curves = [.. Enumerable.Range(0, 28).Select(i => new Curve($"method{i}", i, [new(0, i), new(1, i)]))];
        var svg = XDocument.Parse(SvgChart.Of(new Chart("id", "title", "x", "y", curves)));
        var looks = Named(svg, "polyline").Select(p => (p.Parent!.Attribute("class")!.Value, p.Attribute("stroke-dasharray")!.Value));
        Assert.Equal(28, looks.Distinct().Count());
        double height = (double)svg.Root!.Attribute("height")!;
        Assert.All(Named(svg, "text").Where(t => t.Value.StartsWith("method", StringComparison.Ordinal)), t =>
            Assert.InRange((double)t.Attribute("y")!, 0, height));
    }

    [Fact]
    public void A_curve_without_finite_or_without_different_values_is_drawn_all_the_same()
    {
        Assert.Empty(Named(Draw("none", new CurvePoint(0, double.NaN)), "polyline"));
        Assert.Single(Named(Draw("flat", new(0, 2), new(5, 2)), "polyline"));
        Assert.Empty(Named(Draw("nothing"), "polyline"));
    }

    [Fact]
    public void Larger_losses_are_higher_up_and_more_passes_further_right()
    {
        var svg = Draw("falls", new(0, 1), new(100, 0.2));
        double[][] ends = [.. Named(svg, "polyline").Single().Attribute("points")!.Value.Split(' ')
            .Select(p => p.Split(',').Select(n => double.Parse(n, System.Globalization.CultureInfo.InvariantCulture)).ToArray())];
        Assert.True(ends[0][0] < ends[1][0]);
        Assert.True(ends[0][1] < ends[1][1]);
    }

    [Fact]
    public void A_point_by_itself_is_a_dot()
    {
        var svg = Draw("one", new CurvePoint(3, 0.5));
        Assert.Empty(Named(svg, "polyline"));
        Assert.Single(Named(svg, "path"), p => p.Attribute("class")?.Value == "dots");
    }

    [Theory]
    [InlineData(double.MaxValue, -double.MaxValue)]
    [InlineData(1e-320, 1e-310)]
    [InlineData(1e17, 1e17)]
    [InlineData(double.PositiveInfinity, 1)]
    public void The_largest_and_smallest_numbers_are_drawn_within_the_drawing(double first, double second)
    {
        string svg = Draw("extreme", new(0, first), new(1e300, second)).ToString();
        Assert.DoesNotContain("NaN", svg, StringComparison.Ordinal);
        Assert.DoesNotContain("Infinity", svg, StringComparison.Ordinal);
        Assert.DoesNotContain("∞", svg, StringComparison.Ordinal);
    }

    private static XDocument Draw(string name, params CurvePoint[] points) =>
        XDocument.Parse(SvgChart.Of(new Chart("id", "title", "x", "y", [new Curve(name, 0, points)])));

    private static IEnumerable<XElement> Named(XDocument svg, string name) => svg.Descendants().Where(e => e.Name.LocalName == name);
}
