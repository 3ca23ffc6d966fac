using IlZo.Backends;
using IlZo.Backends.Cpu;
using IlZo.Backends.Cpu.Emitted;
using IlZo.Noise;
using IlZo.Perturbations;
using IlZo.Tensors;
using Xunit;

namespace IlZo.Core.Tests.Backends.Emitted;

/// <summary>Linear layers by the bfloat16 kernels' twins in C#, which do the same arithmetic on every machine.</summary>
public unsafe class BFloat16ProductsTests
{
    // Relative to the root of the mean square of the result: 8 bits a number, or twice 8 bits.
    private const double PlainError = 4e-3;
    private const double SplitError = 1e-5;

    [Fact]
    public void Rounding_is_to_nearest_with_ties_to_even()
    {
        Assert.Equal(0x3F80, BFloat16Packing.Round(1));
        Assert.Equal(0x3F80, BFloat16Packing.Round(1 + (1 / 256f)));
        Assert.Equal(0x3F82, BFloat16Packing.Round(1 + (3 / 256f)));
        Assert.Equal(0x3F81, BFloat16Packing.Round(1 + (3 / 512f)));
        Assert.Equal(0xBF81, BFloat16Packing.Round(-1 - (3 / 512f)));
    }

    [Theory]
    [InlineData(float.NaN)]
    [InlineData(float.PositiveInfinity)]
    public void What_is_not_finite_stays_so(float value)
    {
        float* x = stackalloc float[Panel.Lanes];
        uint* packed = stackalloc uint[BFloat16Layout.ColumnGroup / 2 * Panel.Lanes];
        new Span<float>(x, Panel.Lanes).Fill(value);
        BFloat16Packing.PackPanel(new BFloat16Layout(IsSplit: false), x, 1, (byte*)packed);
        Assert.Equal(value, BFloat16Packing.Widen((ushort)packed[3]));
        Assert.Equal(0u, packed[3] >> 16);
    }

    [Theory]
    [InlineData("dot product", PlainError)]
    [InlineData("tiles", PlainError)]
    [InlineData("split tiles", SplitError)]
    public void Layers_of_any_shape_are_near_the_exact_product(string kernel, double tolerance)
    {
        foreach (var (outputs, inputs, tokens) in ((int, int, int)[])[
            (1, 1, 1), (12, 32, 32), (13, 31, 33), (50, 193, 7), (33, 800, 40), (100, 65, 65),
        ])
        {
            foreach (var (type, layout) in ((DType, WeightLayout)[])
                [(DType.F32, WeightLayout.OutIn), (
                    DType.F16, WeightLayout.OutIn), (DType.BF16, WeightLayout.OutIn), (DType.F16, WeightLayout.InOut)])
            {
                var (actual, exact) = Products(kernel, outputs, inputs, tokens, type, layout);
                for (int probe = 0; probe < exact.Length; probe++)
                {
                    Near.Equal(0, RelativeError(exact[probe], actual[probe]), tolerance);
                }
            }
        }
    }

    [Fact]
    public void The_errors_of_long_sums_are_those_that_the_documentation_states()
    {
        var (split, exact) = Products("split tiles", 48, 2048, 32, DType.F16);
        var (plain, _) = Products("tiles", 48, 2048, 32, DType.F16);
        float[][] fp32 = Run(new ManagedProducts(), 48, 2048, 32, DType.F16, threads: 1);
        Near.Equal(0, RelativeError(exact[0], fp32[0]), 1e-6);
        Assert.InRange(RelativeError(exact[0], split[0]), 1e-7, 5e-6);
        Assert.InRange(RelativeError(exact[0], plain[0]), 1e-3, 3e-3);
    }

    [Theory]
    [InlineData("dot product", 768, 2)]
    [InlineData("split tiles", 130, 3)]
    public void Wide_layers_stored_by_inputs_are_near_the_exact_product(string kernel, int outputs, int threads)
    {
        using var layer = new Layer(outputs, 77, 3, DType.F16, WeightLayout.InOut);
        using var function = PanelFunction.Reference(PanelKernelTests.Kernel(kernel));
        using var backend = new CpuBackend(threads, new BFloat16Products(function));
        Near.Equal(0, RelativeError(layer.Exact()[1], layer.Run(backend)[1]), PlainError);
    }

    [Theory]
    [InlineData("dot product")]
    [InlineData("split tiles")]
    public void Results_depend_neither_on_threads_nor_on_what_else_is_in_the_batch(string kernel)
    {
        float[][] one = Run(kernel, 200, 70, 5, DType.F16, threads: 1);
        float[][] three = Run(kernel, 200, 70, 5, DType.F16, threads: 3);
        float[][] longer = Run(kernel, 200, 70, 90, DType.F16, threads: 2);
        Assert.Equal(one, three);
        Assert.Equal(one, longer.Select(y => y[..one[0].Length]));
    }

    [Fact]
    public void VDPBF16PS_and_its_twin_give_the_same_layer()
    {
        Assert.SkipUnless(CpuFeatures.HasDotProduct, "The processor has no AVX512_BF16.");
        using var function = PanelFunction.Emitted(DotProductKernel.Create());
        Assert.NotNull(function);
        Assert.Equal(
            Run("dot product", 131, 801, 37, DType.F16, threads: 2),
            Run(new BFloat16Products(function), 131, 801, 37, DType.F16, threads: 2));
    }

    private static (float[][] Actual, double[][] Exact) Products(
        string kernel, int outputs, int inputs, int tokens, DType type, WeightLayout layout = WeightLayout.OutIn)
    {
        using var function = PanelFunction.Reference(PanelKernelTests.Kernel(kernel));
        using var backend = new CpuBackend(1, new BFloat16Products(function));
        using var layer = new Layer(outputs, inputs, tokens, type, layout);
        return (layer.Run(backend), layer.Exact());
    }

    private static float[][] Run(string kernel, int outputs, int inputs, int tokens, DType type, int threads)
    {
        using var function = PanelFunction.Reference(PanelKernelTests.Kernel(kernel));
        return Run(new BFloat16Products(function), outputs, inputs, tokens, type, threads);
    }

    private static float[][] Run(ProductEngine products, int outputs, int inputs, int tokens, DType type, int threads)
    {
        using var backend = new CpuBackend(threads, products);
        using var layer = new Layer(outputs, inputs, tokens, type);
        return layer.Run(backend);
    }

    private static double RelativeError(double[] exact, float[] actual)
    {
        double error = exact.Zip(actual, (e, a) => (e - a) * (e - a)).Sum();
        return Math.Sqrt(error / exact.Sum(e => e * e));
    }

    /// <summary>A linear layer at both probes of a direction; token t of every batch is the same whatever follows it.</summary>
    private sealed class Layer : IDisposable
    {
        private const double Epsilon = 1e-2;

        private readonly NativeBuffer _memory;
        private readonly Parameter _weight;
        private readonly Parameter _table;
        private readonly Probe[] _probes;
        private readonly int _tokens;
        private readonly int _outputs;
        private readonly int _inputs;
        private readonly WeightLayout _layout;

        public Layer(int outputs, int inputs, int tokens, DType type, WeightLayout layout = WeightLayout.OutIn)
        {
            (_outputs, _inputs, _tokens, _layout) = (outputs, inputs, tokens, layout);
            _memory = new NativeBuffer(((long)outputs * inputs * type.Size()) + 64 + ((long)tokens * inputs * sizeof(float)));
            _weight = new Parameter("weight", layout == WeightLayout.OutIn ? [outputs, inputs] : [inputs, outputs], type, _memory.Data);
            byte* table = (byte*)_memory.Data + ((_weight.ByteCount + 63) / 64 * 64);
            _table = new Parameter("table", [tokens, inputs], DType.F32, table);
            var random = new Random(1);
            for (int i = 0; i < outputs * inputs; i++)
            {
                float w = random.NextSingle() - 0.5f;
                switch (type)
                {
                    case DType.F32:
                        ((float*)_memory.Data)[i] = w;
                        break;
                    case DType.F16:
                        ((Half*)_memory.Data)[i] = (Half)w;
                        break;
                    default:
                        ((ushort*)_memory.Data)[i] = BFloat16Packing.Round(w);
                        break;
                }
            }

            random = new Random(2);
            for (int i = 0; i < tokens * inputs; i++)
            {
                ((float*)table)[i] = random.NextSingle() - 0.5f;
            }

            var z = new OnlyWeight(_weight);
            _probes = [Probe.Pair(z, Epsilon)];
        }

        public float[][] Run(CpuBackend backend)
        {
            var builder = new TokenBatchBuilder();
            builder.AddText(new int[_tokens]);
            var pass = backend.Begin(builder.Build(), _probes);
            var x = pass.Rent(_inputs);
            var y = pass.Rent(_outputs);
            pass.Embed(_table, [.. Enumerable.Range(0, _tokens)], x);
            pass.Linear(x, _weight, null, y, layout: _layout);
            return [.. ProbePoints.Each(_probes).Select((_, probe) =>
            {
                float[] result = new float[_tokens * _outputs];
                pass.Read(y, probe, result);
                return result;
            })];
        }

        public double[][] Exact()
        {
            using var scratch = new WorkerScratch();
            float[] weights = new float[_weight.Count];
            return [.. ProbePoints.Each(_probes).Select(probe =>
            {
                fixed (float* w = weights)
                {
                    for (int row = 0; row < _weight.Rows; row++)
                    {
                        for (int column = 0; column < _weight.Columns; column += Panel.Depth)
                        {
                            int count = Math.Min(Panel.Depth, _weight.Columns - column);
                            WeightReader.Read(
                                _weight, row, column, count, PassPoints.Of([probe]), w + (row * _weight.Columns) + column, 0, scratch);
                        }
                    }
                }

                return Product(weights);
            })];
        }

        public void Dispose() => _memory.Dispose();

        private double[] Product(float[] weights)
        {
            double[] product = new double[_tokens * _outputs];
            int outputStep = _layout == WeightLayout.OutIn ? _inputs : 1;
            int inputStep = _layout == WeightLayout.OutIn ? 1 : _outputs;
            for (int i = 0; i < product.Length; i++)
            {
                for (int input = 0; input < _inputs; input++)
                {
                    double w = weights[(i % _outputs * outputStep) + (input * inputStep)];
                    product[i] += w * ((float*)_table.At(i / _outputs, input))[0];
                }
            }

            return product;
        }
    }

    /// <summary>Noise on one tensor and none elsewhere, so that the activations are known.</summary>
    private sealed class OnlyWeight(Parameter weight) : Direction
    {
        private readonly GaussianDirection _noise = new(new NoiseKey(1, NoiseStream.Direction, 1, 0));

        public override void Fill(Parameter parameter, int row, int column, Span<float> destination)
        {
            destination.Clear();
            if (parameter == weight)
            {
                _noise.Fill(parameter, row, column, destination);
            }
        }
    }
}
