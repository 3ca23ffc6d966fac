using IlZo.Arithmetic.Blocks;
using IlZo.Backends;
using IlZo.Backends.Cpu;
using IlZo.Benchmarks;
using IlZo.Noise;
using IlZo.Optimizers;
using IlZo.Perturbations;
using IlZo.Tensors;
using Xunit;

namespace IlZo.Core.Tests.Backends;

/// <summary>Weights in blocks whose scales are trained: w = (s + εz)·q.</summary>
public sealed unsafe class ScaledWeightTests : IDisposable
{
    private const double Epsilon = 1e-2;

    private readonly List<IDisposable> _memory = [];

    public static TheoryData<DType> Types => [DType.Q8_0, DType.Q4_0, DType.NF4, DType.Q4_Z];

    public void Dispose() => _memory.ForEach(m => m.Dispose());

    // 2304 inputs are more blocks of 32 than a group of noise has, and more than a slice.
    [Theory]
    [MemberData(nameof(Types))]
    public void Products_at_both_points_have_the_bits_of_weights_with_moved_scales(DType type)
    {
        var (weight, scales, set) = Scaled(type, 70, 2304);
        var direction = new GaussianDirection(new NoiseKey(9, NoiseStream.Direction, 4, 0));
        float[] z = new float[scales.Count];
        for (int row = 0; row < scales.Rows; row++)
        {
            direction.Fill(scales, row, 0, z.AsSpan(row * scales.Columns, scales.Columns));
        }

        float[][] moved = [At(weight, scales, z, 0), At(weight, scales, z, Epsilon), At(weight, scales, z, -Epsilon)];
        foreach (var layout in Enum.GetValues<WeightLayout>())
        {
            foreach (int tokens in (int[])[1, 40])
            {
                using var one = new CpuBackend(1);
                using var three = new CpuBackend(3);
                float[][] expected =
                    [.. moved.Select(w => Product(one, Floats("w", weight.Rows, w), layout, tokens, [Probe.Unperturbed])[0])];
                Assert.NotEqual(expected[0], expected[1]);
                Assert.Equal([expected[0]], Product(one, weight, layout, tokens, [Probe.Unperturbed]));
                Assert.Equal(expected[1..], Product(one, weight, layout, tokens, [Probe.Pair(direction, Epsilon)]));
                Assert.Equal(expected[1..], Product(three, weight, layout, tokens, [Probe.Pair(direction, Epsilon)]));
                Assert.Equal([expected[2]], Product(three, weight, layout, tokens, [new Probe(direction, -Epsilon)]));
            }
        }

        // Frozen scales are the same at all points.
        set.Train(_ => false);
        using var backend = new CpuBackend(1);
        float[] frozen = Product(backend, weight, WeightLayout.OutIn, 3, [Probe.Unperturbed])[0];
        Assert.Equal([frozen, frozen], Product(backend, weight, WeightLayout.OutIn, 3, [Probe.Pair(direction, Epsilon)]));
    }

    // L = ½ Σ a(w − t)² is a quadratic in the scales, on which the difference quotient is exactly gᵀz: E ĝ = g with g_b = Σ a(w − t)q over
    // a block, and E ĝ_b² = ‖g‖² + 2g_b².
    [Theory]
    [MemberData(nameof(Types))]
    public void On_a_quadratic_in_the_scales_the_estimate_is_unbiased_with_the_known_second_moments(DType type)
    {
        const int Samples = 20_000;
        var (weight, scales, set) = Scaled(type, 3, 128);
        int block = type.Layout().BlockElements;
        float[] w = At(weight, scales, new float[scales.Count], 0);
        float[] codes = Codes(weight, scales);
        double[] a = [.. w.Select((_, i) => 1 + (0.5 * Math.Sin(i)))];
        double[] t = [.. w.Select((x, i) => x + (0.1 * Math.Cos(3 * i)))];
        double[] g = new double[scales.Count];
        for (int i = 0; i < w.Length; i++)
        {
            g[i / block] += a[i] * (w[i] - t[i]) * codes[i] * 8 / Largest(type);
        }

        var settings = new OptimizerSettings(set) { Seed = 5, Epsilon = Epsilon };
        var estimator = new Spsa(settings);
        using var scratch = new WorkerScratch();
        double[] mean = new double[g.Length];
        double[] second = new double[g.Length];
        float[] read = new float[2 * w.Length];
        for (int step = 1; step <= Samples; step++)
        {
            var probes = estimator.Plan(step);
            double c = estimator.Combine(step, Losses(probes))[0];
            float[] z = new float[g.Length];
            for (int row = 0; row < scales.Rows; row++)
            {
                estimator.Directions(step)[0].Fill(scales, row, 0, z.AsSpan(row * scales.Columns, scales.Columns));
            }

            Near.Equal(g.Zip(z, (x, y) => x * y).Sum(), c, 1e-3 * (1 + g.Sum(Math.Abs)));
            for (int b = 0; b < g.Length; b++)
            {
                mean[b] += c * z[b] / Samples;
                second[b] += c * c * z[b] * z[b] / Samples;
            }
        }

        double norm = g.Sum(x => x * x);
        for (int b = 0; b < g.Length; b++)
        {
            Near.Equal(g[b], mean[b], 5 * Math.Sqrt((norm + (g[b] * g[b])) / Samples));
            Near.Equal(norm + (2 * g[b] * g[b]), second[b], 0.15 * (norm + (2 * g[b] * g[b])));
        }

        double[] Losses(IReadOnlyList<Probe> probes)
        {
            fixed (float* to = read)
            {
                for (int row = 0; row < weight.Rows; row++)
                {
                    WeightReader.Read(
                        weight, row, 0, weight.Columns, PassPoints.Of(probes), to + (row * weight.Columns), w.Length, scratch);
                }
            }

            return [.. Enumerable.Range(0, 2).Select(p => 0.5 * w.Select((_, i) => a[i] * Square(read[(p * w.Length) + i] - t[i])).Sum())];
        }

        static double Square(double x) => x * x;
    }

    // Coefficients beyond ±C are C: QZO's clipping of the directional derivative.
    [Fact]
    public void A_coefficient_is_clipped()
    {
        var (_, _, set) = Scaled(DType.Q4_0, 3, 128);
        var settings = new OptimizerSettings(set) { Epsilon = Epsilon, ClipAt = 100 };
        Assert.Equal([100, -100, 3.5], settings.Clip([250, -1e9, 3.5]));
    }

    // The numbers of weights in blocks with scales s + εz, computed one by one.
    private static float[] At(Parameter weight, Parameter scales, float[] z, double epsilon)
    {
        float[] codes = Codes(weight, scales);
        float largest = Largest(weight.Type);
        float* s = (float*)scales.Data;
        int block = weight.Type.Layout().BlockElements;
        return [.. codes.Select((q, i) => MathF.FusedMultiplyAdd(z[i / block], (float)epsilon, s[i / block]) * 8 / largest * q)];
    }

    // With scales that are one for codes as they are.
    private static float[] Codes(Parameter weight, Parameter scales)
    {
        float[] ones = [.. Enumerable.Repeat(Largest(weight.Type) / 8, scales.Columns)];
        float[] codes = new float[weight.Count];
        for (int row = 0; row < weight.Rows; row++)
        {
            fixed (float* one = ones)
            fixed (float* to = codes)
            {
                BlockRows.Read(weight.Type, weight.RowAt(row), one, 0, to + (row * weight.Columns), weight.Columns);
            }
        }

        return codes;
    }

    private static float Largest(DType type) => type switch { DType.Q8_0 => 127, DType.Q4_0 or DType.Q4_Z => 8, _ => 1 };

    private float[][] Product(CpuBackend backend, Parameter weight, WeightLayout layout, int tokens, IReadOnlyList<Probe> probes)
    {
        var (outputs, inputs) = layout == WeightLayout.OutIn ? (weight.Rows, weight.Columns) : (weight.Columns, weight.Rows);
        var builder = new TokenBatchBuilder();
        builder.AddText(new int[tokens]);
        var pass = backend.Begin(builder.Build(), probes);
        var x = pass.Rent(inputs);
        var y = pass.Rent(outputs);
        float[] values = [.. Enumerable.Range(0, tokens * inputs).Select(i => MathF.Sin(i))];
        pass.Embed(Floats("x", tokens, values), [.. Enumerable.Range(0, tokens)], x);
        pass.Linear(x, weight, null, y, layout: layout);
        return [.. Enumerable.Range(0, ProbePoints.Count(probes)).Select(p =>
        {
            float[] read = new float[tokens * outputs];
            pass.Read(y, p, read);
            Assert.DoesNotContain(read, float.IsNaN);
            return read;
        })];
    }

    private (Parameter Weight, Parameter Scales, ParameterSet Set) Scaled(DType type, int rows, int columns)
    {
        var buffer = new NativeBuffer(rows * type.Layout().Bytes(columns));
        RandomBlocks.Fill(type, new Span<byte>(buffer.Data, (int)buffer.ByteCount), 7);
        _memory.Add(buffer);
        var weight = new Parameter("w", [rows, columns], type, buffer.Data);
        var scales = Floats("w.scale", rows, new float[rows * columns / type.Layout().BlockElements]);
        for (int row = 0; row < rows; row++)
        {
            BlockScales.Read(type, weight.RowAt(row), new Span<float>(scales.RowAt(row), scales.Columns));
        }

        weight.Scales = scales;
        var set = new ParameterSet([weight, scales], []);
        _memory.Add(set);
        Assert.Equal([scales], set.Trained);
        return (weight, scales, set);
    }

    private Parameter Floats(string name, int rows, float[] values)
    {
        var buffer = new NativeBuffer((long)values.Length * sizeof(float));
        _memory.Add(buffer);
        values.CopyTo(new Span<float>((float*)buffer.Data, values.Length));
        return new Parameter(name, [rows, values.Length / rows], DType.F32, buffer.Data) { Index = -1 };
    }
}
