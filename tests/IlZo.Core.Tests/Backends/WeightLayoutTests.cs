using IlZo.Arithmetic;
using IlZo.Arithmetic.Vectors;
using IlZo.Backends;
using IlZo.Backends.Cpu;
using IlZo.Noise;
using IlZo.Perturbations;
using IlZo.Tensors;
using Xunit;

namespace IlZo.Core.Tests.Backends;

/// <summary>Linear layers whose weights are stored [in, out] against the same ones stored [out, in].</summary>
public sealed unsafe class WeightLayoutTests : IDisposable
{
    private const double Epsilon = 1e-2;

    private static readonly Only s_direction = new("weight", new GaussianDirection(new NoiseKey(3, NoiseStream.Direction, 7, 0)));

    private readonly List<IDisposable> _memory = [];

    /// <summary>Outputs, inputs, tokens, threads: whole and broken groups of noise, panels, slices and blocks of every size.</summary>
    public static TheoryData<int, int, int, int> Shapes => new()
    {
        { 1, 1, 1, 1 },
        { 5, 7, 2, 3 },
        { 64, 63, 31, 1 },
        { 63, 64, 32, 3 },
        { 65, 200, 33, 2 },
        { 144, 48, 70, 2 },
        { 260, 193, 5, 1 },
        { 771, 385, 64, 2 },
        { 777, 20, 2050, 1 },
    };

    [Theory]
    [MemberData(nameof(Shapes))]
    public void Both_layouts_give_the_same_bits(int outputs, int inputs, int tokens, int threads)
    {
        using var backend = new CpuBackend(threads);
        foreach (var type in (DType[])[DType.F32, DType.F16, DType.BF16])
        {
            var rows = Random("weight", type, outputs, inputs);
            float[] expected = Product(backend, rows, WeightLayout.OutIn, tokens, [Probe.Unperturbed])[0];
            float[] actual = Product(backend, Transposed(rows), WeightLayout.InOut, tokens, [Probe.Unperturbed])[0];
            Assert.Equal(expected, actual);
        }
    }

    [Theory]
    [MemberData(nameof(Shapes))]
    public void Weights_perturbed_on_the_way_are_the_stored_elements_moved_along_the_direction(
        int outputs, int inputs, int tokens, int threads)
    {
        using var backend = new CpuBackend(threads);
        Probe[] probes = [Probe.Pair(s_direction, Epsilon), Probe.Unperturbed];
        foreach (var type in (DType[])[DType.F32, DType.F16, DType.BF16])
        {
            var stored = Random("weight", type, inputs, outputs);
            float[][] actual = Product(backend, stored, WeightLayout.InOut, tokens, probes);
            foreach (var (point, y) in ProbePoints.Each(probes).Zip(actual))
            {
                var moved = Transposed(Moved(stored, point));
                Assert.Equal(Product(backend, moved, WeightLayout.OutIn, tokens, [Probe.Unperturbed])[0], y);
            }
        }
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(50, 200)]
    [InlineData(131, 64)]
    [InlineData(2100, 67)]
    [InlineData(4100, 3)]
    public void The_product_with_one_token_of_a_continued_text_is_that_of_the_whole_text(int outputs, int inputs)
    {
        using var one = new CpuBackend(1);
        using var three = new CpuBackend(3);
        foreach (var type in (DType[])[DType.F32, DType.F16, DType.BF16])
        {
            var stored = Random("weight", type, inputs, outputs);
            using var cache = one.CreateCache(1, 1, 1);
            float[] actual = Product(one, stored, WeightLayout.InOut, 1, [Probe.Unperturbed], cache)[0];
            Near.Equal(Product(one, stored, WeightLayout.InOut, 1, [Probe.Unperturbed])[0], actual, 2e-5);
            Assert.Equal(actual, Product(three, stored, WeightLayout.InOut, 1, [Probe.Unperturbed], cache)[0]);
        }
    }

    [Fact]
    public void A_layout_that_does_not_fit_the_activations_is_refused()
    {
        using var backend = new CpuBackend(1);
        var weight = Random("weight", DType.F32, 3, 5);
        var pass = backend.Begin(Batch(2), [Probe.Unperturbed]);
        var x = pass.Rent(3);
        var y = pass.Rent(5);
        Assert.Contains(
            "'weight' maps 5 features to 3",
            Assert.Throws<ArgumentException>(() => pass.Linear(x, weight, null, y)).Message,
            StringComparison.Ordinal);
        pass.Linear(x, weight, null, y, layout: WeightLayout.InOut);
    }

    public void Dispose() => _memory.ForEach(m => m.Dispose());

    // silu(x·W + b + y) at every probe.
    private float[][] Product(
        CpuBackend backend, Parameter weight, WeightLayout layout, int tokens, Probe[] probes, KeyValueCache? cache = null)
    {
        var (outputs, inputs) = layout == WeightLayout.OutIn ? (weight.Rows, weight.Columns) : (weight.Columns, weight.Rows);
        var pass = backend.Begin(Batch(tokens), probes, cache);
        int[] rows = [.. Enumerable.Range(0, tokens)];
        var x = pass.Rent(inputs);
        var y = pass.Rent(outputs);
        pass.Embed(Random("x", DType.F32, tokens, inputs), rows, x);
        pass.Embed(Random("y", DType.F32, tokens, outputs), rows, y);
        pass.Linear(x, weight, Random("bias", DType.F32, outputs), y, accumulate: true, ActivationFunction.Silu, layout);
        var results = new float[ProbePoints.Count(probes)][];
        for (int p = 0; p < results.Length; p++)
        {
            results[p] = new float[tokens * outputs];
            pass.Read(y, p, results[p]);
        }

        Assert.Contains(results[0], v => v != 0);
        return results;
    }

    private static TokenBatch Batch(int tokens)
    {
        var builder = new TokenBatchBuilder();
        builder.AddText(new int[tokens]);
        return builder.Build();
    }

    private Parameter Random(string name, DType type, params long[] shape)
    {
        var parameter = Empty(name, type, shape);
        var key = new NoiseKey(1, NoiseStream.Direction, (uint)name.Length, 0);
        for (long i = 0; i < parameter.Count; i++)
        {
            Write(parameter, i, ((key.Word(i) >> 8) / (float)(1 << 23)) - 1);
        }

        return parameter;
    }

    private Parameter Transposed(Parameter source)
    {
        var result = Empty(source.Name, source.Type, source.Columns, source.Rows);
        int size = source.Type.Size();
        for (int row = 0; row < source.Rows; row++)
        {
            for (int column = 0; column < source.Columns; column++)
            {
                Buffer.MemoryCopy(source.At(row, column), result.At(column, row), size, size);
            }
        }

        return result;
    }

    private Parameter Moved(Parameter source, Probe probe)
    {
        var result = Empty(source.Name, DType.F32, source.Rows, source.Columns);
        float[] z = new float[source.Columns];
        float[] w = new float[source.Columns];
        for (int row = 0; row < source.Rows; row++)
        {
            probe.Direction?.Fill(source, row, 0, z);
            fixed (float* to = w)
            {
                Widening.Read(source.Type, source.At(row, 0), to, w.Length);
            }

            for (int column = 0; column < w.Length; column++)
            {
                Write(result, ((long)row * w.Length) + column, float.FusedMultiplyAdd(z[column], (float)probe.Radius, w[column]));
            }
        }

        return result;
    }

    private Parameter Empty(string name, DType type, params long[] shape)
    {
        var buffer = new NativeBuffer(shape.Aggregate(1L, (a, b) => a * b) * type.Size());
        _memory.Add(buffer);
        return new Parameter(name, shape, type, buffer.Data);
    }

    private static void Write(Parameter parameter, long index, float value)
    {
        byte* at = parameter.Data + (index * parameter.Type.Size());
        switch (parameter.Type)
        {
            case DType.F32:
                *(float*)at = value;
                break;
            case DType.F16:
                *(ushort*)at = BitConverter.HalfToUInt16Bits((Half)value);
                break;
            default:
                *(ushort*)at = (ushort)(BitConverter.SingleToUInt32Bits(value) >> 16);
                break;
        }
    }

    /// <summary>A direction that moves one tensor.</summary>
    private sealed class Only(string name, Direction inner) : Direction
    {
        public override void Fill(Parameter parameter, int row, int column, Span<float> destination)
        {
            destination.Clear();
            if (parameter.Name == name)
            {
                inner.Fill(parameter, row, column, destination);
            }
        }
    }
}
