using IlZo.Backends.Cpu;
using IlZo.Gpu.SelfTest;
using IlZo.Noise;
using IlZo.Optimizers;
using IlZo.Perturbations;
using IlZo.Tensors;
using IlZo.Updates;

namespace IlZo.Gpu.Tests.Kernels;

public class UpdateTests
{
    private static readonly NoiseKey s_rounding = new(4, NoiseStream.StochasticRounding, 1, 0);

    [Fact]
    public void A_rate_of_zero_and_a_direction_that_does_not_cover_a_tensor_change_no_byte_of_it()
    {
        using var set = Weights(DType.F16);
        string before = set.Sha256();
        using var device = new TestDevice();
        using var rule = new Sgd();
        device.Backend.Load(set);
        device.Backend.Update(set.All, new GradientEstimate([(2, Gaussian(1, 0))]), rule, 0, s_rounding);
        var nothing = new ScaledDirection(Gaussian(1, 0), [.. set.All.Select(_ => 0f)]);
        device.Backend.Update(set.All, new GradientEstimate([(2, nothing)]), rule, 1, s_rounding);
        device.Backend.Store(set);
        Assert.Equal(before, set.Sha256());
    }

    [Theory]
    [InlineData(DType.F32)]
    [InlineData(DType.BF16)]
    public void Norms_and_biases_keep_their_bits_where_others_decay(DType type)
    {
        using var ours = Weights(type);
        using var theirs = Weights(type);
        using var device = new TestDevice();
        using var cpu = new CpuBackend(1);
        using var rule = new Sgd(0.5);
        var estimate = new GradientEstimate([(0.0, Gaussian(1, 0))]);
        device.Backend.Load(ours);
        device.Backend.Update(ours.All, estimate, rule, 0.125, s_rounding);
        device.Backend.Store(ours);
        cpu.Update(theirs.All, estimate, rule, 0.125, s_rounding);
        using var start = Weights(type);
        Assert.Equal(theirs.Sha256(), ours.Sha256());
        Assert.Equal(
            ["b.bias", "d.weight"], ours.All.Where(p => Bytes(p).SequenceEqual(Bytes(start[p.Name]))).Select(p => p.Name));

        static unsafe ReadOnlySpan<byte> Bytes(Parameter p) => new(p.Data, (int)p.ByteCount);
    }

    [Fact]
    public void Rules_directions_and_sums_without_a_kernel_are_refused_by_name()
    {
        using var set = Weights(DType.F32);
        using var device = new TestDevice();
        device.Backend.Load(set);
        using var sgd = new Sgd();
        using var rule = new OwnRule();
        Assert.Contains("OwnRule", Refusal(rule, Gaussian(1, 0)), StringComparison.Ordinal);
        Assert.Contains("OwnDirection", Refusal(sgd, new OwnDirection()), StringComparison.Ordinal);
        Assert.Contains("GaussianDirection", Refusal(sgd, new RademacherDirection(s_rounding), Gaussian(1, 0)), StringComparison.Ordinal);
        Assert.Contains("2 SumDirection", Refusal(sgd, new SumDirection([(1, Gaussian(1, 0))]), new SumDirection([(1, Gaussian(1, 1))])), StringComparison.Ordinal);
        Assert.Contains("threshold", Refusal(sgd, Small(0.1f), Small(0.2f)), StringComparison.Ordinal);

        SmallWeightsDirection Small(float threshold) => new(Gaussian(1, 0), [.. set.All.Select(_ => threshold)]);
        string Refusal(UpdateRule with, params IReadOnlyList<Direction> along) => Assert.Throws<InvalidInputException>(
            () => device.Backend.Update(set.All, new GradientEstimate([.. along.Select(d => (1.0, d))]), with, 1e-3, s_rounding)).Message;
    }

    private static GaussianDirection Gaussian(uint step, uint query) => new(new NoiseKey(1, NoiseStream.Direction, step, query));

    private static ParameterSet Weights(DType type) =>
        RandomWeights.Create(
            type,
            ("a.weight", [7, 130], default),
            ("b.bias", [101], new TensorRole(ModelPart.MlpUp, TensorKind.Bias)),
            ("c.weight", [3, 64], default),
            ("d.weight", [1, 1], new TensorRole(ModelPart.Norm)));

    private sealed class OwnRule() : UpdateRule(0)
    {
        protected override void Transform(in WeightSlice slice, Span<float> gradient)
        {
        }
    }

    private sealed class OwnDirection : Direction
    {
        public override void Fill(Parameter parameter, int row, int column, Span<float> destination) => destination.Clear();
    }
}
