using IlZo.Backends;
using IlZo.Backends.Cpu;
using IlZo.Gpu.SelfTest;
using IlZo.Kernels;
using IlZo.Kernels.TensorCores;
using IlZo.Models;
using IlZo.Noise;
using IlZo.Perturbations;
using IlZo.Tensors;
using static IlZo.Gpu.Tests.Kernels.ProductTrial;

namespace IlZo.Gpu.Tests.Kernels;

/// <summary>
/// Products on tensor cores: every instruction of theirs is executed across the 32 threads of a warp as the PTX ISA defines it.
/// </summary>
public class TensorLinearTests
{
    // As the CPU's products in bf16x3.
    private const double SplitError = 5e-6;

    // Units of rounding of fp16 and bfloat16.
    private const double UnitOfHalf = 1.0 / (1 << 11);
    private const double UnitOfBFloat16 = 1.0 / (1 << 8);

    private static readonly GaussianDirection s_normal = new(new NoiseKey(3, NoiseStream.Direction, 1, 0));

    /// <summary>
    /// Type, [in, out] or not, probes, tokens, inputs, outputs: tiles that are full and not, and rows that begin at multiples of 16 bytes
    /// and not.
    /// </summary>
    public static TheoryData<DType, bool, int, int, int, int> Shapes => new()
    {
        { DType.F16, false, 2, 9, 70, 37 },
        { DType.F16, false, 2, 33, 32, 70 },
        { DType.F16, false, 1, 1, 96, 64 },
        { DType.F16, false, 2, 129, 16, 8 },
        { DType.BF16, false, 1, 257, 16, 5 },
        { DType.BF16, false, 2, 7, 19, 65 },
        { DType.F32, false, 2, 3, 24, 64 },
        { DType.F32, false, 1, 17, 13, 30 },
        { DType.F16, true, 2, 9, 40, 128 },
        { DType.BF16, true, 2, 4, 33, 67 },
        { DType.F32, true, 1, 5, 17, 70 },
        { DType.F32, true, 2, 2, 16, 72 },
        { DType.Q8_0, false, 2, 9, 96, 37 },
        { DType.Q4_0, true, 1, 5, 40, 96 },
        { DType.Q4_K, false, 1, 3, 256, 65 },
        { DType.Q6_K, true, 2, 4, 17, 256 },
        { DType.NF4, false, 2, 33, 64, 8 },
        { DType.Q4_Z, false, 2, 9, 96, 37 },
        { DType.Q4_Z, true, 1, 5, 41, 96 },
    };

    /// <summary>Shapes for numbers of 16 bits: rows of inputs that are padded and not.</summary>
    public static TheoryData<ProductPrecision, DType, bool, int, int, int, int> SingleShapes => new()
    {
        { ProductPrecision.Half, DType.F16, false, 2, 9, 70, 37 },
        { ProductPrecision.Half, DType.F32, false, 1, 257, 24, 70 },
        { ProductPrecision.Half, DType.BF16, true, 2, 129, 33, 67 },
        { ProductPrecision.BFloat16, DType.F16, false, 2, 33, 32, 70 },
        { ProductPrecision.BFloat16, DType.BF16, false, 1, 7, 19, 65 },
        { ProductPrecision.BFloat16, DType.F32, true, 2, 5, 17, 70 },
        { ProductPrecision.Half, DType.NF4, false, 2, 9, 128, 37 },
        { ProductPrecision.BFloat16, DType.Q8_0, false, 1, 7, 64, 65 },
    };

    /// <summary>The checks of products that a user runs on a GPU. Parts of a head are treated by the same code in all precisions.</summary>
    public static TheoryData<ProductPrecision, string> Checks
    {
        get
        {
            var data = new TheoryData<ProductPrecision, string>
            {
                { ProductPrecision.Half, "products, float32" },
                { ProductPrecision.Half, "products with weights [in, out], float16" },
                { ProductPrecision.BFloat16, "logits and losses, float16" },
                { ProductPrecision.BFloat16, "rotations and attention, float16" },
            };
            string[] split =
            [
                "products, float32", "products, float16", "products, bfloat16", "products with weights [in, out], float16",
                "rotations and attention, float16",
                .. Enum.GetValues<ActivationFunction>().Select(f => $"activation {f}"),
            ];
            data.AddRange([.. split.Select(name => new TheoryDataRow<ProductPrecision, string>(ProductPrecision.SplitBFloat16, name))]);
            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Shapes))]
    public void A_product_has_16_bits_of_one_in_fp64(DType type, bool isInOut, int probes, int tokens, int inputs, int outputs)
    {
        var layout = isInOut ? WeightLayout.InOut : WeightLayout.OutIn;
        using var set = Weights(type, layout, tokens, inputs, outputs);
        Probe[] points = probes == 1 ? [new Probe(s_normal, 0.02)] : [new Probe(s_normal, 0.02, -0.01)];
        var (x, y) = Multiply(ProductPrecision.SplitBFloat16, set, points, tokens, layout);
        double[][] exact = Exact(set, points, x, layout);
        for (int p = 0; p < probes; p++)
        {
            Assert.True(Distance(exact[p], y[p]) < SplitError, $"{Distance(exact[p], y[p]):G3} is above {SplitError:G3}.");
        }
    }

    // The error of a number is a unit at most; its root of the mean square, for fractions of all sizes alike, 0.42 units, and that of a
    // product of two 0.60.
    [Theory]
    [MemberData(nameof(SingleShapes))]
    public void A_product_of_rounded_numbers_errs_by_three_fifths_of_a_unit(
        ProductPrecision precision, DType type, bool isInOut, int probes, int tokens, int inputs, int outputs)
    {
        var layout = isInOut ? WeightLayout.InOut : WeightLayout.OutIn;
        using var set = Weights(type, layout, tokens, inputs, outputs);
        Probe[] points = probes == 1 ? [new Probe(s_normal, 0.02)] : [new Probe(s_normal, 0.02, -0.01)];
        var (x, y) = Multiply(precision, set, points, tokens, layout);
        double[][] exact = Exact(set, points, x, layout);
        double unit = precision == ProductPrecision.Half ? UnitOfHalf : UnitOfBFloat16;
        for (int p = 0; p < probes; p++)
        {
            Assert.InRange(Distance(exact[p], y[p]) / unit, 0.5, 0.7);
        }
    }

    [Fact]
    public void Activations_beyond_65504_are_infinite_in_fp16_and_as_exact_as_others_in_bf16()
    {
        const int Tokens = 3;
        using var set = Weights(DType.F16, WeightLayout.OutIn, Tokens, 70, 20);
        Probe[] points = [new Probe(new ScaledDirection(s_normal, [.. set.All.Select(p => p == set["e"] ? 1f : 0)]), 1e6)];
        Assert.All(Multiply(ProductPrecision.Half, set, points, Tokens, WeightLayout.OutIn).Y[0], v => Assert.False(float.IsFinite(v)));
        var (x, y) = Multiply(ProductPrecision.BFloat16, set, points, Tokens, WeightLayout.OutIn);
        Assert.InRange(Distance(Exact(set, points, x, WeightLayout.OutIn)[0], y[0]), 0, UnitOfBFloat16);
    }

    [Fact]
    public void Only_the_frozen_and_the_signs_of_a_direction_are_treated_differently()
    {
        using var set = Weights(DType.F16, WeightLayout.OutIn, 5, 70, 20);
        var signs = new RademacherDirection(new NoiseKey(4, NoiseStream.Direction, 1, 0));
        foreach (Probe[] points in (Probe[][])[[Probe.Unperturbed], [Probe.Pair(signs, 0.01)]])
        {
            var (x, y) = Multiply(ProductPrecision.SplitBFloat16, set, points, 5, WeightLayout.OutIn);
            Assert.True(Distance(Exact(set, points, x, WeightLayout.OutIn)[0], y[0]) < SplitError);
        }
    }

    [Fact]
    public void A_tile_takes_no_more_shared_memory_than_a_group_gets_without_asking()
    {
        const int Floats = 48 * 1024 / sizeof(float);
        foreach (bool areTwo in (bool[])[false, true])
        {
            Assert.InRange(TileMemory<F32Format, SplitOperands>.Floats(areTwo), 1, Floats);
            Assert.InRange(TileMemory<F32Format, HalfOperands>.Floats(areTwo), 1, Floats);
            Assert.InRange(TileMemory<F16Format, HalfOperands>.Floats(areTwo), 1, TileMemory<F32Format, HalfOperands>.Floats(areTwo));
        }
    }

    // Looked-up rows along each direction have the bits of the processor's, which is tested elsewhere.
    [Fact]
    public void Weights_are_perturbed_along_directions_of_every_kind()
    {
        using var set = Weights(DType.F16, WeightLayout.OutIn, 2, 70, 5);
        using var device = TensorDevice.Create(ProductPrecision.Half);
        device.Backend.Load(set);
        using var samples = new SampleDirections(set, device.Backend);
        foreach (var (name, direction) in samples.All)
        {
            Probe[] points = [new Probe(direction, 0.5)];
            var (x, y) = Multiply(device.Backend, set, points, 2, WeightLayout.OutIn);
            double distance = Distance(Exact(device.Backend, set, points, x, WeightLayout.OutIn)[0], y[0]);
            Assert.True(distance < 2 * UnitOfHalf, $"{name}: {distance:G3} is above {2 * UnitOfHalf:G3}.");
        }
    }

    [Theory]
    [InlineData(ProductPrecision.SplitBFloat16)]
    [InlineData(ProductPrecision.Half)]
    public void A_token_has_the_same_bits_alone_in_a_batch_and_beside_another_probe(ProductPrecision precision)
    {
        using var set = Weights(DType.F16, WeightLayout.OutIn, 40, 70, 66);
        Probe[] both = [new Probe(s_normal, 0.02, -0.01)];
        var pair = Multiply(precision, set, both, 40, WeightLayout.OutIn).Y;
        var single = Multiply(precision, set, [new Probe(s_normal, -0.01)], 40, WeightLayout.OutIn).Y;
        var alone = Multiply(precision, set, both, 1, WeightLayout.OutIn).Y;
        Assert.Equal(Bits(pair[1]), Bits(single[0]));
        Assert.Equal(Bits(pair[0].AsSpan(0, 66)), Bits(alone[0]));
    }

    // The perturbation is a hundredth of the weights, and the difference a hundredth of the results: in bf16x3 both parts of both operands
    // are needed. Else a number errs by 0.42 units of itself, a hundred times as much of the perturbation: 0.021 in fp16, where the errors
    // at both probes are opposite, since the stored weight in the middle is a number of fp16 itself; 0.16/√2 in bf16, where they have
    // nothing to do with each other.
    [Theory]
    [InlineData(ProductPrecision.SplitBFloat16, DType.F16, 0, 5e-4)]
    [InlineData(ProductPrecision.SplitBFloat16, DType.BF16, 0, 5e-4)]
    [InlineData(ProductPrecision.Half, DType.F16, 0.015, 0.025)]
    [InlineData(ProductPrecision.BFloat16, DType.F16, 0.09, 0.14)]
    public void A_difference_of_two_probes_is_as_exact_as_numbers_are_far_below_the_perturbation(
        ProductPrecision precision, DType type, double least, double most)
    {
        const double Radius = 1e-3;
        const int Tokens = 9;
        using var set = Weights(type, WeightLayout.OutIn, Tokens, 96, 64);
        Probe[] points = [Probe.Pair(s_normal, Radius)];
        var (x, y) = Multiply(precision, set, points, Tokens, WeightLayout.OutIn);
        double[][] exact = Exact(set, points, x, WeightLayout.OutIn);
        double[] difference = [.. exact[0].Zip(exact[1], (plus, minus) => plus - minus)];
        float[] computed = [.. y[0].Zip(y[1], (plus, minus) => plus - minus)];
        Assert.InRange(Distance(difference, computed), least, most);
    }

    [Theory]
    [MemberData(nameof(Checks))]
    public void A_kernel_does_what_the_processor_does(ProductPrecision precision, string name)
    {
        using var device = TensorDevice.Create(precision);
        var result = KernelChecks.All.Single(c => c.Name == name).Run(device.Backend);
        Assert.True(result.Passed, $"{result.Difference:G3} is above {result.Allowed:G3}.");
    }

    // Measured for eight directions of two models: 2.6e-4 and 1.7e-2 in the root of the mean square.
    [Theory]
    [InlineData(ProductPrecision.SplitBFloat16, 1e-4, 1e-3)]
    [InlineData(ProductPrecision.Half, 5e-3, 0.05)]
    public void A_model_has_the_losses_of_the_processor_and_nearly_its_projected_gradient(
        ProductPrecision precision, double ofLosses, double ofGradient)
    {
        const double Radius = 1e-3;
        using var model = ModelLoader.Load(TestData.Path("fixtures", "forward", "opt-tiny-fp16"), DType.F16);
        using var device = TensorDevice.Create(precision);
        using var processor = new CpuBackend(1);
        device.Backend.Load(model.Parameters);
        var (expected, actual) = (Losses(processor), Losses(device.Backend));
        Near.Equal(expected.Plus, actual.Plus, ofLosses);
        Near.Equal(expected.Plus - expected.Minus, actual.Plus - actual.Minus, ofGradient * Math.Abs(expected.Plus - expected.Minus));

        (double Plus, double Minus) Losses(IBackend backend)
        {
            var builder = new TokenBatchBuilder();
            builder.Read(builder.AddText([5, 9, 17, 3, 44, 21]), 5);
            var batch = builder.Build();
            var pass = backend.Begin(batch, [Probe.Pair(s_normal, Radius)]);
            double[][] losses = pass.LogProbabilities(model.Forward(pass), model.Head, [(0, 8)]);
            return (losses[0][0], losses[1][0]);
        }
    }
}
