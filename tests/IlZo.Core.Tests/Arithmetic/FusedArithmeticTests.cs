using System.Runtime.Intrinsics;
using IlZo.Arithmetic;
using Xunit;

namespace IlZo.Core.Tests.Arithmetic;

/// <summary>
/// The fused multiply-add by fp64 against the one that IEEE 754 defines, which .NET has from the processor or from the C library.
/// </summary>
public class FusedArithmeticTests
{
    // Zeros, subnormal numbers, both ends of the normal ones, infinities, NaN, and neighbours of powers of two.
    private static readonly float[] s_special = Signed(
        0, float.Epsilon, 3 * float.Epsilon, Bits(0x007FFFFF), Bits(0x00800000), Bits(0x00800001), 1.5e-38f, 1e-30f, Bits(0x1F7FFFFF),
        Bits(0x20000000), 5.9604645e-8f,
        Bits(0x3EFFFFFF), 0.5f, Bits(0x3F7FFFFF), 1, Bits(0x3F800001), Bits(0x3F800002), 1.5f, Bits(0x3FFFFFFF), 2, 16777215, 16777216,
        16777218, 1.8446744e19f,
        1e30f, Bits(0x7EFFFFFF), 1.7014118e38f, float.MaxValue, float.PositiveInfinity, float.NaN);

    [Fact]
    public void Special_numbers_in_every_combination()
    {
        foreach (float a in s_special)
        {
            foreach (float b in s_special)
            {
                foreach (float c in s_special)
                {
                    Check(a, b, c);
                }
            }
        }
    }

    [Fact]
    public void Random_bits()
    {
        var random = new Random(1);
        for (int i = 0; i < 1_000_000; i++)
        {
            Check(AnyBits(random), AnyBits(random), AnyBits(random));
        }
    }

    [Fact]
    public void Sums_beside_the_middle_of_two_numbers()
    {
        // a·b is half a unit of c's last place, or an odd multiple, and a little more or less or exactly that.
        var random = new Random(2);
        for (int i = 0; i < 1_000_000; i++)
        {
            int exponent = random.Next(-149, 127);
            float c = (float)Math.ScaleB(random.Next(1 << 23, 1 << 24) * (random.Next(2) * 2 - 1), exponent - 23);
            float a = (float)Math.ScaleB(random.Next(1, 1 << random.Next(1, 12)) | 1, exponent - 24 - random.Next(60));
            float b = (float)(Math.ScaleB(1, exponent - 24) / a);
            b = random.Next(3) switch { 0 => b, 1 => MathF.BitIncrement(b), _ => MathF.BitDecrement(b) };
            Check(random.Next(2) == 0 ? a : -a, b, c);
        }
    }

    [Fact]
    public void Sums_that_cancel()
    {
        var random = new Random(3);
        for (int i = 0; i < 1_000_000; i++)
        {
            float a = AnyBits(random);
            float b = AnyBits(random);
            float c = -(a * b);
            Check(a, b, random.Next(3) switch { 0 => c, 1 => MathF.BitIncrement(c), _ => MathF.BitDecrement(c) });
        }
    }

    [Fact]
    public void Sums_below_the_normal_numbers()
    {
        var random = new Random(4);
        for (int i = 0; i < 1_000_000; i++)
        {
            float a = (float)Math.ScaleB(random.Next(1 << 24), random.Next(-110, -60));
            float b = (float)Math.ScaleB(random.Next(1 << 24) * (random.Next(2) * 2 - 1), -170 - Math.ILogB(a) + random.Next(30));
            Check(a, b, (float)Math.ScaleB(random.Next(1 << 24), random.Next(-150, -145)));
        }
    }

    [Fact]
    public void Rounding_twice_would_show()
    {
        // 1 + 2⁻²³ + 2⁻²⁴(1 − 2⁻⁴⁰), a little below the middle of two numbers, where fp64 cannot tell and the even one is above.
        float a = Bits(0x33800008);
        float b = Bits(0x3F7FFFF0);
        float c = Bits(0x3F800001);
        Assert.Equal(Bits(0x3F800002), (float)(((double)a * b) + c));
        Assert.Equal(c, FusedArithmetic.InDouble(a, b, c));
        Assert.Equal(c, FusedArithmetic.InDouble(Vector128.Create(a), Vector128.Create(b), Vector128.Create(c))[2]);
    }

    private static void Check(float a, float b, float c)
    {
        float expected = float.FusedMultiplyAdd(a, b, c);
        float scalar = FusedArithmetic.InDouble(a, b, c);
        float lane = FusedArithmetic.InDouble(Vector128.Create(a, 1, 1, a), Vector128.Create(b, 1, 1, b), Vector128.Create(c, 1, 1, c))[3];
        if (!Same(expected, scalar) || !Same(expected, lane))
        {
            Assert.Fail($"{a:R} · {b:R} + {c:R} is {expected:R}, not {scalar:R} or {lane:R}.");
        }
    }

    private static bool Same(float x, float y) =>
        float.IsNaN(x) ? float.IsNaN(y) : BitConverter.SingleToUInt32Bits(x) == BitConverter.SingleToUInt32Bits(y);

    private static float[] Signed(params float[] values) => [.. values, .. values.Select(v => -v)];

    private static float Bits(uint bits) => BitConverter.UInt32BitsToSingle(bits);

    private static float AnyBits(Random random) => Bits((uint)random.NextInt64(1L << 32));
}
