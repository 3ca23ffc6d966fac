using IlZo.Noise;
using IlZo.Optimizers;
using IlZo.Perturbations;
using IlZo.Tensors;
using IlZo.Updates;

namespace IlZo.Gpu.Benchmarks;

/// <summary>Random weights that are made on the device.</summary>
internal static class DeviceFill
{
    /// <summary>Adds normal deviates to loaded matrices, which hold zeros: an update along a direction.</summary>
    /// <param name="backend">The device.</param>
    /// <param name="parameters">What is loaded; vectors stay as they are.</param>
    /// <param name="deviation">The standard deviation.</param>
    public static void Randomize(GpuBackend backend, ParameterSet parameters, float deviation)
    {
        using var rule = new Sgd();
        var direction = new GaussianDirection(new NoiseKey(0, NoiseStream.Initialization, 0, 0));
        backend.Update(
            [.. parameters.All.Where(p => p.Shape.Count > 1)],
            new GradientEstimate([(deviation, direction)]),
            rule,
            -1,
            new NoiseKey(0, NoiseStream.StochasticRounding, 0, 0));
    }
}
