namespace IlZo.Reporting;

/// <summary>
/// What tells curves apart: hues that differ for readers who see no red and green apart too, and dashes. There are as many styles as pairs
/// of them, 28; then they begin again.
/// </summary>
internal static class CurveStyle
{
    /// <summary>The lines of curves, which have the same width however a drawing is stretched.</summary>
    public const string LineRules = """
        .line,.dots{fill:none;stroke:currentColor;stroke-linejoin:round;vector-effect:non-scaling-stroke}
        .line{stroke-width:1.75} .faint{stroke-width:1;opacity:.35} .dots{stroke-width:6;stroke-linecap:round}
        .band{fill:currentColor;fill-opacity:.12;stroke:none}
        """;

    private static readonly string[] s_light = ["#0072b2", "#c94f00", "#00855f", "#a5408f", "#8a6000", "#3f3f3f", "#2386c4"];
    private static readonly string[] s_dark = ["#5db3f0", "#ff9248", "#3fd0a4", "#e79ad2", "#e8c14a", "#d0d0d0", "#8fd6ff"];
    private static readonly string[] s_dashes = ["none", "7 3", "2 3", "9 3 2 3"];

    /// <summary>The classes of hues where pages are light.</summary>
    public static string LightRules => Hues(s_light);

    /// <summary>The classes of hues where pages are dark.</summary>
    public static string DarkRules => Hues(s_dark);

    /// <summary>The class of a style's hue.</summary>
    public static string HueOf(int style) => FormattableString.Invariant($"c{style % s_light.Length}");

    /// <summary>The dashes of a style, as SVG has them.</summary>
    public static string DashesOf(int style) => s_dashes[style % s_dashes.Length];

    private static string Hues(string[] hues) =>
        string.Join(' ', hues.Select((hue, i) => FormattableString.Invariant($".c{i}{{color:{hue}}}")));
}
