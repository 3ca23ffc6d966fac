using IlZo.Gpu.SelfTest;
using IlZo.Noise;
using IlZo.Optimizers;
using IlZo.Perturbations;
using IlZo.Tensors;

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

    [Fact]
    public void Rules_and_directions_without_a_kernel_are_refused_by_name()
    {
        using var set = Weights(DType.F32);
        using var device = new TestDevice();
        device.Backend.Load(set);
        using var rule = new RAdaZo(new OptimizerSettings(set));
        var error = Assert.Throws<InvalidInputException>(
            () => device.Backend.Update(set.All, new GradientEstimate([(1, Gaussian(1, 0))]), rule, 1e-3, s_rounding));
        Assert.Contains("RAdaZo", error.Message, StringComparison.Ordinal);
        var sum = new SumDirection([(1, Gaussian(1, 0))]);
        using var sgd = new Sgd();
        error = Assert.Throws<InvalidInputException>(
            () => device.Backend.Update(set.All, new GradientEstimate([(1, sum)]), sgd, 1e-3, s_rounding));
        Assert.Contains("SumDirection", error.Message, StringComparison.Ordinal);
        var signs = new RademacherDirection(s_rounding);
        Assert.Throws<InvalidInputException>(
            () => device.Backend.Update(set.All, new GradientEstimate([(1, signs), (1, Gaussian(1, 0))]), sgd, 1e-3, s_rounding));
    }

    private static GaussianDirection Gaussian(uint step, uint query) => new(new NoiseKey(1, NoiseStream.Direction, step, query));

    private static ParameterSet Weights(DType type) =>
        RandomWeights.Create(type, ("a.weight", [7, 130]), ("b.bias", [101]), ("c.weight", [3, 64]), ("d.weight", [1, 1]));
}
