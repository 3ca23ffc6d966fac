using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;
using ILGPU.Backends.PTX;

namespace IlZo.Gpu;

/// <summary>
/// Gives a kernel the same text in every process. ILGPU numbers names by all that was compiled before, so that a driver, which keeps what
/// it assembled by the text, would assemble everything anew each time.
/// </summary>
internal static partial class StableText
{
    /// <summary>Numbers the names of a compiled kernel from 0, and replaces divisions (<see cref="ConstantDivisions"/>).</summary>
    public static void Give(PTXCompiledKernel kernel)
    {
        ref string text = ref TextOf(kernel);
        text = Of(ConstantDivisions.Replace(text));
    }

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

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "<PTXAssembly>k__BackingField")]
    private static extern ref string TextOf(PTXCompiledKernel kernel);

    // No registers, whose names begin with a percent sign, no part of another name, and not the target.
    [GeneratedRegex(@"(?<![\w%$.])(?!sm_)([A-Za-z_]\w*?)_(\d+)\b")]
    private static partial Regex NumberedName();
}
