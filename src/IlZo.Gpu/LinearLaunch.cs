using IlZo.Backends;
using IlZo.Kernels;
using IlZo.Kernels.TensorCores;
using ILGPU;

namespace IlZo.Gpu;

/// <summary>Launches a product by the kernel for its types and for what products are computed in.</summary>
internal readonly struct LinearLaunch(KernelLauncher kernels, ActivationFunction? activation, LinearArguments arguments) : IWeightsVisitor
{
    public void Visit<TFormat, TDirection, TProbes>(PerturbedWeights<TDirection> weights)
        where TFormat : struct, IWeightFormat
        where TDirection : struct, IDirection
        where TProbes : struct, IProbes =>
        Specialization.Choose(activation, new Typed<TFormat, TDirection, TProbes>(kernels, weights, arguments));

    private readonly struct Typed<TFormat, TDirection, TProbes>(
        KernelLauncher kernels, PerturbedWeights<TDirection> weights, LinearArguments arguments) : IActivationVisitor
        where TFormat : struct, IWeightFormat
        where TDirection : struct, IDirection
        where TProbes : struct, IProbes
    {
        public void Visit<TActivation>()
            where TActivation : struct, IActivation
        {
            switch (kernels.Products)
            {
                case ProductPrecision.Fp32:
                    LaunchPortable(Linear.Run<TFormat, TDirection, TProbes, TActivation>);
                    break;
                case ProductPrecision.SplitBFloat16:
                    LaunchTensor<SplitOperands, TActivation>();
                    break;
                case ProductPrecision.Half:
                    LaunchTensor<HalfOperands, TActivation>();
                    break;
                default:
                    LaunchTensor<BFloat16Operands, TActivation>();
                    break;
            }
        }

        private static int Groups(int count, int size) => (count + size - 1) / size;

        private void LaunchPortable(Action<PerturbedWeights<TDirection>, LinearArguments> kernel)
        {
            // The slice of a transposed matrix is as wide as a noise group.
            int outputThreads = arguments.Transposed != 0 ? Linear.Depth / Linear.Micro : kernels.Shape.OutputThreads;
            int tokenThreads = kernels.Shape.TokenThreads;
            kernels.Launch(
                kernel,
                new Index3D(
                    Groups(arguments.Outputs, Linear.Micro * outputThreads), Groups(arguments.Tokens, Linear.Micro * tokenThreads), 1),
                outputThreads * tokenThreads,
                Linear.SharedFloats(outputThreads, tokenThreads, TProbes.AreTwo),
                weights,
                arguments with { OutputThreads = outputThreads });
        }

        private void LaunchTensor<TOperands, TActivation>()
            where TOperands : struct, IOperandFormat
            where TActivation : struct, IActivation => kernels.Launch(
            arguments.Transposed == 0
                ? TensorLinear.Run<TFormat, TDirection, TProbes, TOperands, OutInOrder, TActivation>
                : TensorLinear.Run<TFormat, TDirection, TProbes, TOperands, InOutOrder, TActivation>,
            new Index3D(Groups(arguments.Outputs, Tile.Outputs), Groups(arguments.Tokens, TileShape<TOperands>.Tokens(TProbes.AreTwo)), 1),
            TileShape<TOperands>.Threads,
            TileMemory<TFormat, TOperands>.Floats(TProbes.AreTwo),
            weights,
            arguments,
            TileShape<TOperands>.GroupsPerMultiprocessor);
    }
}
