using System.Globalization;
using System.Text.RegularExpressions;

namespace IlZo.Gpu;

/// <summary>
/// Lets a driver assemble instructions of warpgroups. They belong to sm_90a and PTX 8.0, and ILGPU's text is for sm_80 on every newer
/// device.
/// </summary>
internal static partial class WarpgroupTarget
{
    private const decimal FirstVersion = 8.0m;

    /// <summary>The text for sm_90a, with shared memory where a swizzle begins, if it has such instructions; else the text.</summary>
    public static string Of(string text)
    {
        if (!text.Contains("wgmma.", StringComparison.Ordinal))
        {
            return text;
        }

        text = Target().Replace(text, ".target sm_90a", 1);
        text = SharedMemory().Replace(text, "$1 1024 $2", 1);
        return Version().Replace(
            text, m => FormattableString.Invariant(
                $".version {Math.Max(FirstVersion, decimal.Parse(m.Groups[1].Value, CultureInfo.InvariantCulture)):0.0}"), 1);
    }

    [GeneratedRegex(@"\.target sm_\d+")]
    private static partial Regex Target();

    [GeneratedRegex(@"\.version (\d+\.\d+)")]
    private static partial Regex Version();

    [GeneratedRegex(@"(\.extern \.shared \.align) \d+ (\.b8)")]
    private static partial Regex SharedMemory();
}
