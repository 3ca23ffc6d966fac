using IlZo.Arithmetic;
using IlZo.Backends.Cpu;
using IlZo.Noise;
using IlZo.Optimizers;
using IlZo.Perturbations;
using IlZo.Tensors;
using IlZo.Updates;
using Xunit;

namespace IlZo.Core.Tests.Backends;

public unsafe class UpdateTests
{
    private static readonly NoiseKey s_rounding = new(4, NoiseStream.StochasticRounding, 1, 0);

    [Fact]
    public void Sgd_moves_fp32_weights_by_the_sum_of_scaled_directions()
    {
        using var set = Weights(DType.F32, 3);
        float[] before = Values(set);
        var z = new GaussianDirection(new NoiseKey(1, NoiseStream.Direction, 1, 0));
        var u = new GaussianDirection(new NoiseKey(1, NoiseStream.Direction, 1, 1));
        using var backend = new CpuBackend(2);
        backend.Update(set.All, new GradientEstimate([(2.0, z), (-0.5, u)]), new Sgd(), 0.01, s_rounding);
        float[] after = Values(set);
        int at = 0;
        foreach (var parameter in set.All)
        {
            for (int row = 0; row < parameter.Rows; row++)
            {
                float[] first = new float[parameter.Columns];
                float[] second = new float[parameter.Columns];
                z.Fill(parameter, row, 0, first);
                u.Fill(parameter, row, 0, second);
                for (int i = 0; i < first.Length; i++, at++)
                {
                    Near.Equal(before[at] - (0.01 * ((2.0 * first[i]) - (0.5 * second[i]))), after[at], 1e-7);
                }
            }
        }
    }

    [Theory]
    [InlineData(DType.F32)]
    [InlineData(DType.F16)]
    [InlineData(DType.BF16)]
    public void A_rate_of_zero_changes_no_byte_and_threads_change_no_result(DType type)
    {
        using var set = Weights(type, 3);
        using var same = Weights(type, 3);
        using var one = new CpuBackend(1);
        using var three = new CpuBackend(3);
        string before = set.Sha256();
        for (uint step = 1; step <= 20; step++)
        {
            Update(set, one, step, 0);
        }

        Assert.Equal(before, set.Sha256());
        for (uint step = 1; step <= 20; step++)
        {
            Update(set, one, step, 1e-3);
            Update(same, three, step, 1e-3);
        }

        Assert.NotEqual(before, set.Sha256());
        Assert.Equal(set.Sha256(), same.Sha256());
    }

    [Theory]
    [InlineData(DType.F32)]
    [InlineData(DType.F16)]
    [InlineData(DType.BF16)]
    public void Updates_of_different_tensors_at_once_are_those_one_after_the_other(DType type)
    {
        using var one = Weights(type, 3);
        using var all = Weights(type, 3);
        using var backend = new CpuBackend(2);
        foreach (var update in Updates(one))
        {
            backend.Update(update.Parameters, update.Estimate, update.Rule, update.LearningRate, update.Rounding);
        }

        backend.UpdateAll([.. Updates(all)]);
        Assert.Equal(one.Sha256(), all.Sha256());
        Assert.Equal(1, all.Version);

        // Each tensor in some of them, the last one in none; one of the directions reads the weights.
        static IEnumerable<WeightUpdate> Updates(ParameterSet set)
        {
            var rule = new Sgd(weightDecay: 0.5);
            float[] thresholds = [.. set.All.Select(_ => 0.02f)];
            for (uint step = 1; step <= 7; step++)
            {
                var z = new GaussianDirection(new NoiseKey(1, NoiseStream.Direction, step, 0));
                var u = new SmallWeightsDirection(new RademacherDirection(new NoiseKey(1, NoiseStream.Direction, step, 1)), thresholds);
                yield return new WeightUpdate(
                    [.. set.All.SkipLast(1).Where(p => step % (p.Id + 2) > 0)],
                    new GradientEstimate(step % 3 == 0 ? [] : step % 2 == 0 ? [(0.5, z)] : [(0.5, z), (-1.5, u)]),
                    rule,
                    1e-3,
                    s_rounding with { Step = step });
            }
        }
    }

    [Theory]
    [InlineData(DType.F16)]
    [InlineData(DType.BF16)]
    public void Updates_of_16_bit_weights_are_right_in_the_mean(DType type)
    {
        using var set = Weights(type, 5);
        float[] before = Values(set);
        var z = new GaussianDirection(new NoiseKey(9, NoiseStream.Direction, 1, 0));
        using var backend = new CpuBackend(2);
        const double rate = 1e-6;
        backend.Update(set.All, new GradientEstimate([(1.0, z)]), new Sgd(), rate, s_rounding);
        float[] after = Values(set);

        // Regression of the change on −z: the slope is the rate, its standard error that of rounding noise.
        double product = 0, square = 0, noise = 0;
        int at = 0;
        foreach (var parameter in set.All)
        {
            float[] direction = new float[parameter.Columns];
            for (int row = 0; row < parameter.Rows; row++)
            {
                z.Fill(parameter, row, 0, direction);
                for (int i = 0; i < direction.Length; i++, at++)
                {
                    double change = after[at] - before[at];
                    product -= change * direction[i];
                    square += (double)direction[i] * direction[i];
                    noise += change * change * direction[i] * direction[i];
                }
            }
        }

        Near.Equal(rate, product / square, 4 * Math.Sqrt(noise) / square);
        Assert.True(4 * Math.Sqrt(noise) / square < rate, "The test sees nothing: the noise is larger than the effect.");
    }

    [Fact]
    public void Weight_decay_spares_biases_and_norms()
    {
        using var memory = new NativeBuffer(3 * 4 * sizeof(float));
        float* data = (float*)memory.Data;
        new Span<float>(data, 12).Fill(2);
        using var set = new ParameterSet(
            [
                new("w", [4], DType.F32, data, new TensorRole(ModelPart.MlpUp)),
                new("b", [4], DType.F32, data + 4, new TensorRole(ModelPart.MlpUp, TensorKind.Bias)),
                new("n", [4], DType.F32, data + 8, new TensorRole(ModelPart.Norm)),
            ],
            []);
        using var backend = new CpuBackend(1);
        backend.Update(set.All, new GradientEstimate([]), new Sgd(weightDecay: 0.5), 0.1, s_rounding);
        Near.Equal(2 * (1 - 0.05), data[0], 1e-6);
        Assert.Equal(2, data[4]);
        Assert.Equal(2, data[8]);
    }

    private static void Update(ParameterSet set, CpuBackend backend, uint step, double rate)
    {
        var z = new GaussianDirection(new NoiseKey(1, NoiseStream.Direction, step, 0));
        backend.Update(set.All, new GradientEstimate([(1.5, z)]), new Sgd(), rate, s_rounding with { Step = step });
    }

    // A few tensors whose sizes are no multiples of anything, with weights of the usual size.
    private static ParameterSet Weights(DType type, ulong seed)
    {
        (string Name, long[] Shape)[] tensors = [("a", [37, 300]), ("b", [1001]), ("c", [500, 64]), ("d", [3, 2500])];
        var memory = new List<IDisposable>();
        var parameters = new List<Parameter>();
        foreach (var (name, shape) in tensors)
        {
            int count = (int)shape.Aggregate((a, b) => a * b);
            float[] values = new float[count];
            NoiseField.FillNormal(new NoiseKey(seed, NoiseStream.Direction, 0, 0), name[0], 0, values);
            var buffer = new NativeBuffer((long)count * type.Size());
            memory.Add(buffer);
            for (int i = 0; i < count; i++)
            {
                if (type == DType.F32)
                {
                    ((float*)buffer.Data)[i] = values[i] * 0.02f;
                }
                else
                {
                    ((ushort*)buffer.Data)[i] = StochasticRounding.Round(type, values[i] * 0.02f, 0x800);
                }
            }

            parameters.Add(new Parameter(name, shape, type, buffer.Data));
        }

        return new ParameterSet(parameters, memory);
    }

    private static float[] Values(ParameterSet set)
    {
        var values = new List<float>();
        foreach (var parameter in set.All)
        {
            float[] row = new float[parameter.Columns];
            for (int r = 0; r < parameter.Rows; r++)
            {
                fixed (float* to = row)
                {
                    Widening.Read(parameter.Type, parameter.At(r, 0), to, row.Length);
                }

                values.AddRange(row);
            }
        }

        return [.. values];
    }
}
