using IlZo.Gpu.Tests.Interpreter;
using IlZo.Ptx;

namespace IlZo.Gpu.Tests;

/// <summary>A driver's assembler makes a division by an unknown number of every one that it is given.</summary>
public class ConstantDivisionTests
{
    private static readonly long[] s_numbers =
        [0, 1, 2, 7, 15, 16, 17, 255, int.MaxValue, long.MaxValue, -1, -2, -15, -16, -17, -256, int.MinValue, long.MinValue];

    [Theory]
    [InlineData("rem.s32", 1)]
    [InlineData("rem.s32", 2)]
    [InlineData("rem.s32", 16)]
    [InlineData("rem.s32", 1 << 30)]
    [InlineData("rem.u32", 1)]
    [InlineData("rem.u32", 16)]
    [InlineData("rem.u32", 1L << 31)]
    [InlineData("div.u32", 1)]
    [InlineData("div.u32", 16)]
    [InlineData("rem.s64", 1)]
    [InlineData("rem.s64", 256)]
    [InlineData("rem.s64", 1L << 40)]
    [InlineData("rem.u64", 16)]
    [InlineData("div.u64", 1L << 40)]
    public void Shifts_and_masks_give_the_same(string operation, long divisor)
    {
        var type = operation.EndsWith("64", StringComparison.Ordinal) ? PtxType.B64 : PtxType.B32;
        string text = $"\t{operation}\t%d, %a, {divisor};\n";
        string replaced = ConstantDivisions.Replace(text);
        Assert.DoesNotContain(operation, replaced, StringComparison.Ordinal);
        foreach (long number in s_numbers)
        {
            Assert.Equal(Run(text, number), Run(replaced, number));
        }

        ulong Run(string code, long number) => new PtxRig().Run(
            code, PtxWarp.AllLanes, ("%d", type, _ => 0), ("%a", type, _ => type == PtxType.B64 ? (ulong)number : (uint)number))[0][0];
    }

    [Theory]
    [InlineData("\trem.s32\t%r1, %r2, 3;")]
    [InlineData("\tdiv.u32\t%r1, %r2, %r3;")]
    [InlineData("\tdiv.s32\t%r1, %r2, 4;")]
    [InlineData("\trem.s32\t%r1, %r1, 4;")]
    [InlineData("\tdiv.rn.f32\t%f1, %f2, 4;")]
    [InlineData("\t@%p1 rem.s32\t%r1, %r2, 4;")]
    public void Others_stay(string text) => Assert.Equal(text, ConstantDivisions.Replace(text));
}
