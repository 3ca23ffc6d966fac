using IlZo.Backends;
using IlZo.Benchmarks;
using IlZo.Gpu.Tests.Kernels;
using IlZo.Kernels.TensorCores;
using IlZo.Noise;
using IlZo.Perturbations;
using IlZo.Ptx;
using IlZo.Tensors;

namespace IlZo.Gpu.Tests.Ptx;

/// <summary>
/// What a product on tensor cores costs a multiprocessor, counted while its text is executed in groups as large as those of GPUs.
/// </summary>
public class ProductCountTests
{
    // With two probes the rows of a group in fp16, and of two groups, which share a multiprocessor, in bf16x3.
    private const int Tokens = 256;

    private const int Schedulers = 4;

    private static readonly Probe[] s_probes =
        [Probe.Pair(new GaussianDirection(new NoiseKey(1, NoiseStream.Direction, 1, 0)), 0.01)];

    // The difference of two products is that of their inputs, in steps of 16. Addresses that do not change are among them; machine code has
    // them before the loop (sass-sm90.md).
    [Theory]
    [InlineData(ProductPrecision.SplitBFloat16)]
    [InlineData(ProductPrecision.Half)]
    public void A_step_takes_few_instructions(ProductPrecision precision)
    {
        double instructions = InstructionsOfStep(precision, "TensorLinear.Run", Tokens, Tile.Outputs);
        AssertCounted(GpuStepCount.PerturbedInstructions, precision, instructions / Schedulers);
    }

    // The same rows of many tokens, nothing of whose weights is made while they are multiplied: 192 and 64 mma.sync, and what is around
    // them. Twice as many outputs, for a tile has 128.
    [Theory]
    [InlineData(ProductPrecision.SplitBFloat16)]
    [InlineData(ProductPrecision.Half)]
    public void A_step_with_prepared_weights_takes_little_but_products(ProductPrecision precision)
    {
        double instructions = InstructionsOfStep(precision, "OperandProduct.Run", 2 * Tokens, 2 * Tile.Outputs) / 4;
        AssertCounted(GpuStepCount.PreparedInstructions, precision, instructions / Schedulers);
    }

    // Of a tile's rows of 64 bytes each is written once and read by two warps; the difference of two products is that of their cells.
    [Theory]
    [InlineData(ProductPrecision.SplitBFloat16)]
    [InlineData(ProductPrecision.Half)]
    public void Rows_of_prepared_operands_meet_different_banks(ProductPrecision precision)
    {
        const int depth = 16;
        const int steps = 8;
        var more = Count(precision, "OperandProduct.Run", 2 * Tokens, 2 * steps * depth, 2 * Tile.Outputs);
        var less = Count(precision, "OperandProduct.Run", 2 * Tokens, steps * depth, 2 * Tile.Outputs);
        Assert.Equal(more.LeastSharedCycles, more.SharedCycles);
        long loads = (more.SharedCycles - less.SharedCycles) / steps / 4;
        double cycles = precision == ProductPrecision.Half ? GpuStepCount.BankCycles.Single : GpuStepCount.BankCycles.Split;
        Assert.Equal(cycles * 2 / 3, loads);
    }

    // All of the kernel, whose threads take four rows each.
    [Theory]
    [InlineData(ProductPrecision.SplitBFloat16)]
    [InlineData(ProductPrecision.Half)]
    public void A_weight_is_prepared_in_few_instructions(ProductPrecision precision)
    {
        const int inputs = 256;
        double perWeight = (double)Count(precision, "WeightOperands.Run", 2 * Tokens, inputs, 2 * Tile.Outputs).Instructions * PtxWarp.Size
            / (inputs * 2 * Tile.Outputs);
        AssertCounted(GpuStepCount.PreparationInstructions, precision, perWeight);
    }

    // What inspect adds up is at most a tenth more.
    private static void AssertCounted(GpuStepCount.Counts counts, ProductPrecision precision, double actual)
    {
        double most = precision == ProductPrecision.Half ? counts.Single : counts.Split;
        Assert.InRange(actual, 0.9 * most, most);
    }

    private static double InstructionsOfStep(ProductPrecision precision, string kernel, int tokens, int outputs)
    {
        const int steps = 8;
        const int depth = 16;
        const int least = 64;
        long difference = Count(precision, kernel, tokens, least + (steps * depth), outputs).Instructions
            - Count(precision, kernel, tokens, least, outputs).Instructions;
        return (double)difference / steps;
    }

    private static PtxCounts Count(ProductPrecision precision, string kernel, int tokens, int inputs, int outputs)
    {
        var counts = new PtxCounts();
        using var device = new TestDevice(
            LaunchShape.Gpu, 1L << 30, new PtxLoader(name => name.StartsWith(kernel, StringComparison.Ordinal) ? counts : null), precision);
        using var set = ProductTrial.Weights(DType.F16, WeightLayout.OutIn, tokens, inputs, outputs);
        device.Backend.Load(set);
        ProductTrial.Multiply(device.Backend, set, s_probes, tokens, WeightLayout.OutIn);
        return counts;
    }
}
