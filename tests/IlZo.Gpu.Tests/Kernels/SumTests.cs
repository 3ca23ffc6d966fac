using IlZo.Backends;
using IlZo.Backends.Cpu;
using IlZo.Gpu.SelfTest;
using IlZo.Noise;
using IlZo.Perturbations;
using IlZo.Tensors;

namespace IlZo.Gpu.Tests.Kernels;

public class SumTests
{
    [Fact]
    public void Rows_of_several_slices_and_shares_have_the_sums_of_the_processor_bit_for_bit()
    {
        // Shares of two rows and of one; slices of 1,024 columns and of the last 641, one of which is in no lane.
        using var set = RandomWeights.Create(DType.BF16, ("a.weight", [3, 400_001]), ("b.bias", [1]), ("c.bias", [1040]));
        using var device = new TestDevice();
        using var processor = new CpuBackend(1);
        var z = new GaussianDirection(new NoiseKey(6, NoiseStream.Direction, 1, 0));
        device.Backend.Load(set);
        Assert.Equal(Sums(processor), Sums(device.Backend));

        List<double> Sums(IWeightSums sums)
        {
            float[][] vectors = [.. set.All.Select(p => Enumerable.Range(0, p.Columns).Select(i => 1f / (i + 3)).ToArray())];
            return
            [
                .. sums.RowSquares(set.All, z).SelectMany(s => s),
                .. sums.Multiply(set.All, z, vectors, weighted: true).SelectMany(p => p.Dots.Concat(p.Sum.Select(s => (double)s))),
            ];
        }
    }
}
