using IlZo.Arithmetic;
using IlZo.Kernels;
using IlZo.Tensors;

namespace IlZo.Gpu.Tests.Kernels;

/// <summary>The stochastic rounding of kernels against its definition.</summary>
public class RoundingTests
{
    private static readonly uint[] s_fractions = [0, 1, 2, 0x0FFF, 0x1000, 0x1001, 0x1FFE, 0x1FFF, 0x2000, 0xFFFF];

    [Fact]
    public void Numbers_of_every_exponent_round_as_defined()
    {
        uint[] mantissas = [0, 1, 2, 3, 0x0FFF, 0x1000, 0x1001, 0x1FFF, 0x2000, 0x3FFF, 0x400000, 0x7FE000, 0x7FFFFE, 0x7FFFFF];
        for (uint exponent = 0; exponent < 256; exponent++)
        {
            foreach (uint mantissa in mantissas)
            {
                foreach (uint random in s_fractions)
                {
                    AssertAsDefined((exponent << 23) | mantissa, random);
                }
            }
        }
    }

    // Where steps are 2⁻²⁴, a sum is rounded before it is cut off.
    [Fact]
    public void Numbers_around_the_least_normal_one_round_as_defined_with_any_random_bits()
    {
        var numbers = new Random(1);
        for (int i = 0; i < 400; i++)
        {
            uint bits = (uint)numbers.Next(0x32000000, 0x39800000);
            for (uint random = 0; random < 0x2000; random++)
            {
                AssertAsDefined(bits, random);
            }
        }
    }

    [Fact]
    public void Any_numbers_round_as_defined()
    {
        var numbers = new Random(2);
        for (int i = 0; i < 4_000_000; i++)
        {
            AssertAsDefined((uint)numbers.NextInt64(1L << 31), (uint)numbers.Next(1 << 16));
        }
    }

    // Both signs, in binary16 one in each half of the word, with bits of another element above the random ones.
    private static void AssertAsDefined(uint magnitude, uint random)
    {
        float value = BitConverter.UInt32BitsToSingle(magnitude);
        uint expected = StochasticRounding.Round(DType.F16, value, (ushort)random);
        uint actual = Pairs.Narrow(F16Format.Round(-value, random | 0xABCD0000), F16Format.Round(value, random | 0x56780000));
        uint expectedUpper = StochasticRounding.Round(DType.BF16, value, (ushort)random);
        uint actualUpper = BF16Format.Round(value, random) >> 16;
        if (actual != (((expected | 0x8000) << 16) | expected) || actualUpper != expectedUpper
            || BF16Format.Round(-value, random) >> 16 != (actualUpper | 0x8000))
        {
            Assert.Fail(
                $"{magnitude:X8} with {random:X4} is {actual:X8} and {actualUpper:X4} instead of {expected:X4} and {expectedUpper:X4}.");
        }
    }
}
