using IlZo.Backends.Cpu;
using IlZo.Benchmarks;
using IlZo.Gpu.SelfTest;
using IlZo.Kernels;
using IlZo.Noise;
using IlZo.Optimizers;
using IlZo.Perturbations;
using IlZo.Ptx;
using IlZo.Tensors;
using IlZo.Updates;
using SgdRule = IlZo.Kernels.LawRule<IlZo.Updates.StepLaw<float, IlZo.Kernels.DeviceMath>, IlZo.Kernels.NoNumbers, IlZo.Kernels.NoNumbers>;

namespace IlZo.Gpu.Tests.Ptx;

/// <summary>
/// What an update by mezo costs a multiprocessor, counted while its text is executed in groups as large as those of GPUs.
/// </summary>
public class UpdateCountTests
{
    private const int Rows = 64;
    private const int Columns = 1024;

    // So small that weights of all sizes are rounded up and down.
    private const double Rate = 1e-6;

    // A thread has one block of eight weights here, so that what it does once is in the first number; for each further block, which is in
    // another row, it is not.
    [Theory]
    [InlineData(DType.F16, 68, 53)]
    [InlineData(DType.BF16, 66, 52)]
    [InlineData(DType.F32, 49, 38)]
    public void A_weight_takes_few_instructions(DType type, double most, double mostFurther)
    {
        var counts = new PtxCounts();
        using var device = new TestDevice(
            LaunchShape.Gpu, 1L << 30,
            new PtxLoader(name => name.StartsWith("Update.Run", StringComparison.Ordinal) ? counts : null));
        using var processor = new CpuBackend(1);
        using var ours = Weights(type);
        using var theirs = Weights(type);
        using var rule = new Sgd();
        var estimate = new GradientEstimate([(0.5, new GaussianDirection(new NoiseKey(1, NoiseStream.Direction, 1, 0)))]);
        var rounding = new NoiseKey(1, NoiseStream.StochasticRounding, 1, 0);
        device.Backend.Load(ours);
        device.Backend.Update(ours.All, estimate, rule, Rate, rounding);
        device.Backend.Store(ours);
        processor.Update(theirs.All, estimate, rule, Rate, rounding);
        Assert.Equal(theirs.Sha256(), ours.Sha256());
        double perWeight = (double)counts.Instructions * PtxWarp.Size / (Rows * Columns);
        Assert.InRange(perWeight, 1, most);
        double further = perWeight - ((double)Once(type) / NoiseWords.Count);
        Assert.InRange(further, 1, mostFurther);
        if (type == DType.F16)
        {
            // A thread of a large matrix has several blocks.
            Assert.InRange(GpuStepCount.UpdateInstructions, further, perWeight);
        }
    }

    // Instructions before the loop over rows, which begins at the second label.
    private static int Once(DType type)
    {
        var ptx = PtxText.Of(type switch
        {
            DType.F16 => Update.Run<F16Format, NormalDirection, SgdRule>,
            DType.BF16 => Update.Run<BF16Format, NormalDirection, SgdRule>,
            _ => (Action<UpdateArguments<NormalDirection>, SgdRule>)Update.Run<F32Format, NormalDirection, SgdRule>,
        });
        var lines = ptx.Text[ptx.Text.IndexOf(".entry", StringComparison.Ordinal)..].Split('\n');
        int loop = Array.FindIndex(lines, Array.FindIndex(lines, IsLabel) + 1, IsLabel);
        return PtxText.CountAll(lines[..loop]) - PtxText.CountIn(lines[..loop], "mov.");
    }

    private static bool IsLabel(string line) => line.TrimEnd().EndsWith(':');

    // Of 16 bits, all that are finite.
    private static unsafe ParameterSet Weights(DType type)
    {
        var set = RandomWeights.Create(type, [("w", [Rows, Columns])]);
        for (int i = 0; type != DType.F32 && i < Rows * Columns; i++)
        {
            int infinity = type == DType.F16 ? 0x7C00 : 0x7F80;
            ((ushort*)set["w"].Data)[i] = (ushort)((i & infinity) == infinity ? 0 : i);
        }

        return set;
    }
}
