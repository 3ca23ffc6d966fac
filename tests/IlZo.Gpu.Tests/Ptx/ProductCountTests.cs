using IlZo.Backends;
using IlZo.Gpu.Tests.Kernels;
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

    // The difference of two products is that of their inputs, in steps of 16.
    [Theory]
    [InlineData(ProductPrecision.SplitBFloat16, 1900)]
    [InlineData(ProductPrecision.Half, 900)]
    public void A_step_takes_few_instructions(ProductPrecision precision, double most)
    {
        const int steps = 8;
        long difference = Count(precision, 64 + (16 * steps)) - Count(precision, 64);
        Assert.InRange((double)difference / steps / Schedulers, 1, most);
    }

    private static long Count(ProductPrecision precision, int inputs)
    {
        var counts = new PtxCounts();
        using var device = new TestDevice(
            LaunchShape.Gpu, 1L << 30,
            new PtxLoader(name => name.StartsWith("TensorLinear.Run", StringComparison.Ordinal) ? counts : null), precision);
        using var set = ProductTrial.Weights(DType.F16, WeightLayout.OutIn, Tokens, inputs, 64);
        device.Backend.Load(set);
        ProductTrial.Multiply(device.Backend, set, s_probes, Tokens, WeightLayout.OutIn);
        return counts.Instructions;
    }
}
