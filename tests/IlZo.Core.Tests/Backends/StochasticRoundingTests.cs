using IlZo.Arithmetic;
using IlZo.Backends.Cpu;
using IlZo.Noise;
using IlZo.Tensors;
using Xunit;

namespace IlZo.Core.Tests.Backends;

public unsafe class StochasticRoundingTests
{
    [Theory]
    [InlineData(DType.F16)]
    [InlineData(DType.BF16)]
    public void What_the_format_represents_stays_whatever_the_random_bits_are(DType type)
    {
        for (int stored = 0; stored < 65536; stored++)
        {
            float value = Widen(type, (ushort)stored);
            if (float.IsFinite(value))
            {
                foreach (int random in (int[])[0, 1, 0x1FFF, 0x8000, 0xFFFF])
                {
                    Assert.Equal((ushort)stored, StochasticRounding.Round(type, value, (ushort)random));
                }
            }
        }
    }

    [Theory]
    [InlineData(DType.F16, 0.02f)]
    [InlineData(DType.F16, -1.7f)]
    [InlineData(DType.F16, 3.1e-6f)]
    [InlineData(DType.F16, -2e-8f)]
    [InlineData(DType.F16, 40000f)]
    [InlineData(DType.BF16, 0.02f)]
    [InlineData(DType.BF16, -1e-30f)]
    public void The_mean_over_all_random_bits_is_the_value_and_results_are_its_neighbours(DType type, float scale)
    {
        foreach (float factor in (float[])[1f, 1.0001f, 1.00037f, 1.2345f])
        {
            float value = scale * factor;
            double sum = 0;
            double least = double.MaxValue;
            double most = double.MinValue;
            for (int random = 0; random < 65536; random++)
            {
                double rounded = Widen(type, StochasticRounding.Round(type, value, (ushort)random));
                sum += rounded;
                least = Math.Min(least, rounded);
                most = Math.Max(most, rounded);
            }

            // The random bits resolve the distance to 2⁻¹³ (binary16) or 2⁻¹⁶ (bfloat16) of the spacing.
            double spacing = Math.Max(most - least, 1e-45);
            Assert.InRange(value, least, most);
            Near.Equal(value, sum / 65536, spacing * 1.3e-4);
        }
    }

    [Theory]
    [InlineData(DType.F16, 70000f, 65504f)]
    [InlineData(DType.F16, -1e30f, -65504f)]
    [InlineData(DType.BF16, float.MaxValue, 3.3895314e38f)]
    public void Numbers_beyond_the_largest_become_the_largest(DType type, float value, float expected) =>
        Assert.Equal(expected, Widen(type, StochasticRounding.Round(type, value, 0xFFFF)));

    [Theory]
    [InlineData(DType.F16)]
    [InlineData(DType.BF16)]
    public void The_vector_form_equals_the_definition(DType type)
    {
        const int count = 4096 + 17;
        ushort[] random = new ushort[count];
        float[] values = new float[count];
        NoiseField.FillBits(new NoiseKey(1, NoiseStream.StochasticRounding, 0, 0), 0, 0, random);
        NoiseField.FillNormal(new NoiseKey(1, NoiseStream.Direction, 0, 0), 0, 0, values);
        for (int i = 0; i < count; i++)
        {
            values[i] *= MathF.Pow(10, (i % 24) - 14);
        }

        ushort[] actual = new ushort[count];
        fixed (float* v = values)
        fixed (ushort* r = random, a = actual)
        {
            StochasticRounding.Write(type, v, r, a, count);
        }

        Assert.Equal(values.Select((v, i) => StochasticRounding.Round(type, v, random[i])), actual);

        // In place, and then stored.
        NoiseField.Round(type, new NoiseKey(1, NoiseStream.StochasticRounding, 0, 0), 0, 0, values);
        Assert.Equal(actual.Select(a => BitConverter.SingleToInt32Bits(Widen(type, a))), values.Select(BitConverter.SingleToInt32Bits));
        ushort[] stored = new ushort[count];
        fixed (float* v = values)
        fixed (ushort* s = stored)
        {
            StochasticRounding.Store(type, v, s, count);
        }

        Assert.Equal(actual, stored);
    }

    [Fact]
    public void Many_small_updates_add_up_where_rounding_to_nearest_would_lose_them_all()
    {
        // T-SR: 1e5 updates of 1e-6 on the bfloat16 next to 0.02, whose spacing is 1.2e-4.
        const int steps = 100_000;
        const double update = 1e-6;
        double sum = 0;
        const int repetitions = 8;
        for (uint repetition = 0; repetition < repetitions; repetition++)
        {
            ushort weight = StochasticRounding.Round(DType.BF16, 0.02f, 0);
            float start = Widen(DType.BF16, weight);
            ushort[] random = new ushort[steps];
            NoiseField.FillBits(new NoiseKey(repetition, NoiseStream.StochasticRounding, 0, 0), 0, 0, random);
            for (int step = 0; step < steps; step++)
            {
                weight = StochasticRounding.Round(DType.BF16, Widen(DType.BF16, weight) + (float)update, random[step]);
            }

            sum += Widen(DType.BF16, weight) - start;
        }

        // Each step moves by one spacing s ≤ 2⁻¹⁰·… with probability u/s, so the variance of a step is at most u·s.
        double spacing = Math.Pow(2, -10);
        double standardError = Math.Sqrt(steps * update * spacing / repetitions);
        Near.Equal(steps * update, sum / repetitions, 3 * standardError);
    }

    private static float Widen(DType type, ushort bits) => type == DType.F16
        ? (float)BitConverter.UInt16BitsToHalf(bits)
        : BitConverter.UInt32BitsToSingle((uint)bits << 16);
}
