using System.Text.RegularExpressions;

namespace IlZo.Gpu;

/// <summary>
/// Gives a kernel the same text in every process. ILGPU numbers names by all that was compiled before, so that a driver, which keeps what
/// it assembled by the text, would assemble everything anew each time.
/// </summary>
internal static partial class StableText
{
    /// <summary>A text whose names are numbered in the order in which they come.</summary>
    public static string Of(string text)
    {
        var numbers = new Dictionary<string, int>();
        return NumberedName().Replace(text, match =>
        {
            if (!numbers.TryGetValue(match.Value, out int number))
            {
                numbers.Add(match.Value, number = numbers.Count);
            }

            return $"{match.Groups[1].Value}_{number}";
        });
    }

    // No registers, whose names begin with a percent sign, no part of another name, and not the target.
    [GeneratedRegex(@"(?<![\w%$.])(?!sm_)([A-Za-z_]\w*?)_(\d+)\b")]
    private static partial Regex NumberedName();
}
