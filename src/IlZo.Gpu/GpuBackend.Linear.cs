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

    private sealed class LinearLaunch(KernelLauncher kernels, ActivationFunction? activation, LinearArguments arguments) : IWeightsVisitor
    {
        public void Visit<TFormat, TDirection, TProbes>(PerturbedWeights<TDirection> weights)
            where TFormat : struct, IWeightFormat
            where TDirection : struct, IDirection
            where TProbes : struct, IProbes
        {
            switch (activation)
            {
                case null:
                    Launch(Kernels.Linear.Run<TFormat, TDirection, TProbes, Identity>, weights, TProbes.AreTwo);
                    break;
                case ActivationFunction.Relu:
                    Launch(Kernels.Linear.Run<TFormat, TDirection, TProbes, Relu>, weights, TProbes.AreTwo);
                    break;
                case ActivationFunction.Gelu:
                    Launch(Kernels.Linear.Run<TFormat, TDirection, TProbes, Gelu>, weights, TProbes.AreTwo);
                    break;
                case ActivationFunction.GeluTanh:
                    Launch(Kernels.Linear.Run<TFormat, TDirection, TProbes, GeluTanh>, weights, TProbes.AreTwo);
                    break;
                case ActivationFunction.Silu:
                    Launch(Kernels.Linear.Run<TFormat, TDirection, TProbes, Silu>, weights, TProbes.AreTwo);
                    break;
                case ActivationFunction.Tanh:
                    Launch(Kernels.Linear.Run<TFormat, TDirection, TProbes, Tanh>, weights, TProbes.AreTwo);
                    break;
                default:
                    Launch(Kernels.Linear.Run<TFormat, TDirection, TProbes, QuickGelu>, weights, TProbes.AreTwo);
                    break;
            }
        }

        private void Launch<TDirection>(
            Action<PerturbedWeights<TDirection>, LinearArguments> kernel, PerturbedWeights<TDirection> weights, bool areTwo)
            where TDirection : struct, IDirection
        {
            // The slice of a transposed matrix is as wide as a noise group.
            int outputThreads = arguments.Transposed != 0 ? Kernels.Linear.Depth / Kernels.Linear.Micro : kernels.Shape.OutputThreads;
            int tokenThreads = kernels.Shape.TokenThreads;
            var groups = new Index3D(
                Groups(arguments.Outputs, Kernels.Linear.Micro * outputThreads), Groups(arguments.Tokens, Kernels.Linear.Micro * tokenThreads), 1);
            kernels.Launch(
                kernel,
                groups,
                outputThreads * tokenThreads,
                Kernels.Linear.SharedFloats(outputThreads, tokenThreads, areTwo),
                weights,
                arguments with { OutputThreads = outputThreads });
        }

        private static int Groups(int count, int size) => (count + size - 1) / size;
    }
}
