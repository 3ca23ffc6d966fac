using IlZo.Backends;
using IlZo.Gpu.SelfTest;
using IlZo.Gpu.Tests.Ptx;
using IlZo.Kernels.TensorCores;
using IlZo.Models;
using IlZo.Noise;
using IlZo.Perturbations;
using IlZo.Tensors;
using static IlZo.Gpu.Tests.Kernels.ProductTrial;

namespace IlZo.Gpu.Tests.Kernels;

/// <summary>
/// Products of many tokens, whose weights are prepared for all of them: the bits of those that perturb weights while they multiply, whose
/// mathematics <see cref="TensorLinearTests"/> tests.
/// </summary>
public class OperandProductTests
{
    private static readonly GaussianDirection s_normal = new(new NoiseKey(3, NoiseStream.Direction, 1, 0));

    /// <summary>
    /// Precision, type, [in, out] or not, probes, tokens, inputs, outputs: several tiles of tokens and outputs, cells that are full and
    /// not, rows that begin at multiples of anything and not.
    /// </summary>
    public static TheoryData<ProductPrecision, DType, bool, int, int, int, int> Shapes => new()
    {
        { ProductPrecision.SplitBFloat16, DType.F16, false, 2, 129, 70, 133 },
        { ProductPrecision.SplitBFloat16, DType.F32, false, 1, 200, 17, 70 },
        { ProductPrecision.SplitBFloat16, DType.BF16, true, 2, 131, 33, 195 },
        { ProductPrecision.SplitBFloat16, DType.F16, true, 1, 129, 96, 128 },
        { ProductPrecision.SplitBFloat16, DType.Q8_0, false, 2, 130, 96, 66 },
        { ProductPrecision.SplitBFloat16, DType.Q4_0, true, 1, 129, 40, 96 },
        { ProductPrecision.Half, DType.F16, false, 2, 260, 70, 70 },
        { ProductPrecision.Half, DType.BF16, true, 1, 257, 35, 131 },
        { ProductPrecision.BFloat16, DType.BF16, false, 2, 257, 8, 66 },
        { ProductPrecision.BFloat16, DType.NF4, false, 1, 257, 128, 65 },
    };

    [Theory]
    [MemberData(nameof(Shapes))]
    public void A_token_among_many_has_the_bits_it_has_among_few(
        ProductPrecision precision, DType type, bool isInOut, int probes, int tokens, int inputs, int outputs)
    {
        var layout = isInOut ? WeightLayout.InOut : WeightLayout.OutIn;
        using var set = Weights(type, layout, tokens, inputs, outputs);
        Probe[] points = probes == 1 ? [new Probe(s_normal, 0.02)] : [new Probe(s_normal, 0.02, -0.01)];
        int few = tokens / 3;
        Assert.True(ProductPlan.IsPrepared(precision, tokens, outputs) && !ProductPlan.IsPrepared(precision, few, outputs));
        var (_, many) = Multiply(precision, set, points, tokens, layout);
        var (_, expected) = Multiply(precision, set, points, few, layout);
        for (int p = 0; p < probes; p++)
        {
            Assert.Equal(Bits(expected[p]), Bits(many[p].AsSpan(0, few * outputs)));
        }
    }

    // The sums are the same ones in the same order, which the interpreter keeps; what tensor cores do with it is for the self-test to say.
    [Theory]
    [InlineData(ProductPrecision.SplitBFloat16, 131, 70, 133)]
    [InlineData(ProductPrecision.Half, 257, 70, 133)]
    [InlineData(ProductPrecision.BFloat16, 300, 8, 66)]
    public void Warpgroups_multiply_the_same(ProductPrecision precision, int tokens, int inputs, int outputs)
    {
        using var set = Weights(DType.F16, WeightLayout.OutIn, tokens, inputs, outputs);
        Probe[] points = [new Probe(s_normal, 0.02, -0.01)];
        using var groups = PtxLoader.Device(PtxLoader.TwoWarps with { HasWarpgroups = true }, precision);
        groups.Backend.Load(set);
        var (_, actual) = Multiply(groups.Backend, set, points, tokens, WeightLayout.OutIn);
        var (_, expected) = Multiply(precision, set, points, tokens, WeightLayout.OutIn);
        Assert.Equal(Bits(expected[0]), Bits(actual[0]));
        Assert.Equal(Bits(expected[1]), Bits(actual[1]));
    }

    // What the tokens above have no counterpart for: all of them against fp64, within what the narrowest of the types allows.
    [Theory]
    [InlineData(ProductPrecision.SplitBFloat16, 5e-6)]
    [InlineData(ProductPrecision.Half, 0.7 / (1 << 11))]
    public void All_tokens_and_outputs_are_near_those_in_fp64(ProductPrecision precision, double most)
    {
        const int Tokens = 300;
        using var set = Weights(DType.F16, WeightLayout.OutIn, Tokens, 40, 200);
        Probe[] points = [new Probe(s_normal, 0.02, -0.01)];
        var (x, y) = Multiply(precision, set, points, Tokens, WeightLayout.OutIn);
        double[][] exact = Exact(set, points, x, WeightLayout.OutIn);
        Assert.InRange(Distance(exact[0], y[0]), 0, most);
        Assert.InRange(Distance(exact[1], y[1]), 0, most);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Weights_that_are_prepared_in_several_parts_are_multiplied_to_the_same_bits(bool isInOut)
    {
        const int Tokens = 130;
        var layout = isInOut ? WeightLayout.InOut : WeightLayout.OutIn;
        using var set = Weights(DType.F16, layout, Tokens, 20, 300);
        Probe[] points = [new Probe(s_normal, 0.02, -0.01)];
        using var small = PtxLoader.Device(PtxLoader.TwoWarps with { OperandBytes = 1 }, ProductPrecision.SplitBFloat16);
        small.Backend.Load(set);
        var (_, parts) = Multiply(small.Backend, set, points, Tokens, layout);
        var (_, whole) = Multiply(ProductPrecision.SplitBFloat16, set, points, Tokens, layout);
        Assert.Equal(Bits(whole[0]), Bits(parts[0]));
        Assert.Equal(Bits(whole[1]), Bits(parts[1]));
    }

    [Fact]
    public void Weights_are_perturbed_along_directions_of_every_kind()
    {
        const int Tokens = 257;
        using var set = Weights(DType.F16, WeightLayout.OutIn, Tokens, 20, 65);
        using var device = TensorDevice.Create(ProductPrecision.Half);
        device.Backend.Load(set);
        using var samples = new SampleDirections(set, device.Backend);
        foreach (var (name, direction) in samples.All)
        {
            Probe[] points = [new Probe(direction, 0.5)];
            var many = Multiply(device.Backend, set, points, Tokens, WeightLayout.OutIn).Y[0];
            var few = Multiply(device.Backend, set, points, 2, WeightLayout.OutIn).Y[0];
            Assert.True(Bits(many.AsSpan(0, few.Length)).SequenceEqual(Bits(few)), name);
        }
    }

    [Fact]
    public void More_tokens_than_a_tile_of_two_probes_has_are_many()
    {
        Assert.Equal(GpuMemory.SplitTokens, TileShape<SplitOperands>.Tokens(areTwo: true));
        Assert.Equal(GpuMemory.SingleTokens, TileShape<HalfOperands>.Tokens(areTwo: true));
        Assert.Equal(GpuMemory.CopiedNumbers(33, 4), Cells<SplitOperands>.WordsOfRow(33));
        Assert.Equal(GpuMemory.CopiedNumbers(33, 2), 2 * Cells<HalfOperands>.WordsOfRow(33));
    }

    // What a pass in progress reads is not given back; afterwards only the largest room is kept.
    [Fact]
    public void Room_for_weights_grows_to_the_largest_and_stays()
    {
        using var device = new TestDevice();
        var memory = new DeviceMemory(device.Accelerator, "test:0", 1 << 20, new DeviceFaults("test:0"));
        var room = new OperandRoom(memory, 1 << 10);
        Assert.Equal(64, room.Take(64).Length);
        Assert.Equal(128, room.Take(128).Length);
        Assert.Equal((64 + 128) * sizeof(float), memory.Used);
        room.Reset();
        Assert.Equal(100, room.Take(100).Length);
        Assert.Equal(128 * sizeof(float), memory.Used);
        Assert.Equal((100, 128, 256), (room.Outputs(100, 1), room.Outputs(1000, 1 << 10), room.Outputs(1000, 4)));
        room.Dispose();
        Assert.Equal(0, memory.Used);
    }
}
