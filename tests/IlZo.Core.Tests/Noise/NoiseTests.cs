using IlZo.Noise;
using Xunit;

namespace IlZo.Core.Tests.Noise;

public class NoiseTests
{
    [Theory]
    [InlineData(0u, 0ul, 0x6627e8d5u, 0xe169c58du, 0xbc57ac4cu, 0x9b00dbd8u)]
    [InlineData(0xffffffffu, 0xfffffffffffffffful, 0x408f276du, 0x41c83b0eu, 0xa20bc7c6u, 0x6d5451fdu)]
    public void Philox_gives_the_known_answers(uint counter, ulong key, uint w0, uint w1, uint w2, uint w3) =>
        Assert.Equal((w0, w1, w2, w3), Philox4x32.Block(key, counter, counter, counter, counter));

    [Fact]
    public void Philox_gives_the_known_answer_for_the_digits_of_pi() =>
        Assert.Equal(
            (0xd16cfe09u, 0x94fdccebu, 0x5001e420u, 0x24126ea1u),
            Philox4x32.Block(0x299f31d0a4093822, 0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344));

    [Fact]
    public void The_normal_transform_has_the_stated_moments_and_is_near_the_inverse_distribution_function()
    {
        double sum = 0, square = 0, fourth = 0, largest = 0;
        for (int bits = 0; bits < 65536; bits++)
        {
            double z = NormalTransform.FromBits((ushort)bits);
            double tail = ((2 * (bits & 0x7FFF)) + 1) / 131072.0;
            double upper = 0.5 * ErrorFunction.Erfc(Math.Abs(z) / Math.Sqrt(2));

            // dΦ/dz bounds the error of z by that of the probability.
            double density = Math.Exp(-z * z / 2) / Math.Sqrt(2 * Math.PI);
            Near.Equal(0, Math.Abs(upper - tail) / density, 6e-4);
            sum += z;
            square += z * z;
            fourth += z * z * z * z;
            largest = Math.Max(largest, Math.Abs(z));
        }

        Near.Equal(0, sum / 65536, 1e-12);
        Near.Equal(1, square / 65536, 1e-6);
        Near.Equal(2.9992, fourth / 65536 / (square / 65536) / (square / 65536), 1e-4);
        Near.Equal(4.325, largest, 1e-3);
    }

    [Fact]
    public void The_vector_transform_equals_the_definition_for_all_inputs()
    {
        if (System.Runtime.Intrinsics.X86.Avx512F.IsSupported)
        {
            var table = new NormalTransform.Table512();
            for (uint bits = 0; bits < 65536; bits++)
            {
                uint word = (bits << 16) | (bits ^ 0x5a5a);
                var words = System.Runtime.Intrinsics.Vector512.Create(word);
                Assert.Equal(NormalTransform.FromBits((ushort)word), table.Low(words)[3]);
                Assert.Equal(NormalTransform.FromBits((ushort)(word >> 16)), table.High(words)[12]);
            }
        }

        if (System.Runtime.Intrinsics.X86.Avx2.IsSupported)
        {
            var table = new NormalTransform.Table256();
            for (uint bits = 0; bits < 65536; bits++)
            {
                uint word = (bits << 16) | (bits ^ 0x5a5a);
                var words = System.Runtime.Intrinsics.Vector256.Create(word);
                Assert.Equal(NormalTransform.FromBits((ushort)word), table.Low(words)[1]);
                Assert.Equal(NormalTransform.FromBits((ushort)(word >> 16)), table.High(words)[7]);
            }
        }
    }

    [Theory]
    [InlineData(0L)]
    [InlineData(5L)]
    [InlineData((1L << 29) - 2)]
    [InlineData(1L << 40)]
    public void Filled_spans_equal_the_definition_of_each_element(long group)
    {
        var key = new NoiseKey(0x123456789abcdef0, NoiseStream.Direction, 77, 3);
        foreach (int length in (int[])[1, 63, 64, 65, 192, 300])
        {
            float[] normal = new float[length];
            float[] signs = new float[length];
            ushort[] bits = new ushort[length];
            NoiseField.FillSigns(key, 9, group, signs);
            NoiseField.FillNormal(key, 9, group, normal);
            NoiseField.FillBits(key, 9, group, bits);
            for (int i = 0; i < length; i++)
            {
                ushort expected = NoiseField.Bits(key, 9, group + (i / 64), i % 64);
                Assert.Equal(expected, bits[i]);
                Assert.Equal(NormalTransform.FromBits(expected), normal[i]);
                Assert.Equal(MathF.CopySign(1, normal[i]), signs[i]);
            }
        }
    }

    [Theory]
    [InlineData(0L)]
    [InlineData((1L << 29) - 2)]
    public void Deviates_are_added_to_a_sum_as_if_they_had_been_stored(long group)
    {
        var key = new NoiseKey(0x123456789abcdef0, NoiseStream.Direction, 77, 3);
        const float factor = -0.7f;
        foreach (int length in (int[])[1, 63, 64, 65, 192, 300])
        {
            float[] normal = new float[length];
            float[] start = new float[length];
            NoiseField.FillNormal(key, 9, group, normal);
            NoiseField.FillNormal(key with { Step = 1 }, 9, group, start);
            float[] sum = [.. start];
            NoiseField.AddNormal(key, 9, group, factor, sum, isFirst: false);
            Assert.Equal(start.Zip(normal, (s, z) => MathF.FusedMultiplyAdd(z, factor, s)), sum);

            sum.AsSpan().Fill(float.NaN);
            NoiseField.AddNormal(key, 9, group, factor, sum, isFirst: true);
            Assert.Equal(normal.Select(z => MathF.FusedMultiplyAdd(z, factor, 0)), sum);
        }
    }

    [Fact]
    public void A_million_deviates_have_the_moments_of_the_normal_distribution()
    {
        float[] z = new float[1 << 20];
        NoiseField.FillNormal(new NoiseKey(1, NoiseStream.Direction, 0, 0), 0, 0, z);
        double n = z.Length;
        Near.Equal(0, z.Average(), 5 / Math.Sqrt(n));
        Near.Equal(1, z.Average(v => (double)v * v), 5 * Math.Sqrt(2 / n));
        Near.Equal(2.9992, z.Average(v => Math.Pow(v, 4)), 5 * Math.Sqrt(96 / n));
    }

    [Fact]
    public void Fields_that_differ_in_one_part_of_the_key_are_uncorrelated()
    {
        var key = new NoiseKey(1, NoiseStream.Direction, 2, 3);
        float[] reference = Fill(key, 4, 0);
        float[][] others =
        [
            Fill(key with { Seed = 2 }, 4, 0),
            Fill(key with { Seed = 1UL << 32 }, 4, 0),
            Fill(key with { Stream = NoiseStream.DataOrder }, 4, 0),
            Fill(key with { Step = 3 }, 4, 0),
            Fill(key with { Query = 4 }, 4, 0),
            Fill(key, 5, 0),
            Fill(key, 4, 1 << 20),
        ];
        foreach (float[] other in others)
        {
            double correlation = reference.Zip(other, (a, b) => (double)a * b).Average();
            Near.Equal(0, correlation, 5 / Math.Sqrt(reference.Length));
        }
    }

    private static float[] Fill(NoiseKey key, int tensor, long group)
    {
        float[] z = new float[100_000];
        NoiseField.FillNormal(key, tensor, group, z);
        return z;
    }
}
