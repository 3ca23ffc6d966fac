using IlZo.Backends;
using IlZo.Kernels;
using IlZo.Tensors;
using ILGPU;

namespace IlZo.Gpu;

public sealed partial class GpuBackend
{
    public void Linear(
        Activation x,
        Parameter weight,
        Parameter? bias,
        Activation y,
        bool accumulate = false,
        ActivationFunction? activation = null,
        WeightLayout layout = WeightLayout.OutIn)
    {
        layout.RequireFit(weight, x, y);
        var from = (GpuActivation)x;
        var to = (GpuActivation)y;
        var biases = RentRows(bias);
        foreach (var run in _runs)
        {
            var arguments = new LinearArguments
            {
                Outputs = y.Features,
                Inputs = x.Features,
                Transposed = layout == WeightLayout.InOut ? 1 : 0,
                Tokens = x.Tokens,
                X0 = from.Probe(run.First),
                X1 = run.AreTwo ? from.Probe(run.First + 1) : default,
                Y0 = to.Probe(run.First),
                Y1 = run.AreTwo ? to.Probe(run.First + 1) : default,
                Bias0 = OfProbe(biases.View, run.First, y.Features),
                Bias1 = run.AreTwo ? OfProbe(biases.View, run.First + 1, y.Features) : ArrayView<float>.Empty,
                Accumulate = accumulate ? 1 : 0,
            };
            Multiply(weight, run, activation, arguments);
        }

        ReturnRows(biases);
    }

    private static ArrayView<float> OfProbe(ArrayView<float> biases, int probe, int columns) =>
        biases.Length == 0 ? ArrayView<float>.Empty : biases.SubView((long)probe * columns, columns);

    private void Multiply(Parameter weight, ProbeRun run, ActivationFunction? activation, LinearArguments arguments) =>
        Perturb(weight, run, new LinearLaunch(_kernels, activation, arguments));
}
