using IlZo.Backends;
using IlZo.Kernels;
using IlZo.Kernels.TensorCores;
using IlZo.Noise;
using ILGPU;

namespace IlZo.Gpu;

/// <summary>Launches a product by the kernel for its types and for what products are computed in.</summary>
/// <param name="kernels">Launches kernels.</param>
/// <param name="room">Room for weights that are prepared; null where they are not (<see cref="ProductPlan"/>).</param>
/// <param name="activation">What is applied to results.</param>
/// <param name="arguments">What to multiply.</param>
internal readonly struct LinearLaunch(
    KernelLauncher kernels, OperandRoom? room, ActivationFunction? activation, LinearArguments arguments) : IWeightsVisitor
{
    public void Visit<TFormat, TDirection, TProbes>(PerturbedWeights<TDirection> weights)
        where TFormat : struct, IWeightFormat
        where TDirection : struct, IDirection
        where TProbes : struct, IProbes =>
        Specialization.Choose(activation, new Typed<TFormat, TDirection, TProbes>(kernels, room, weights, arguments));

    private readonly struct Typed<TFormat, TDirection, TProbes>(
        KernelLauncher kernels, OperandRoom? room, PerturbedWeights<TDirection> weights, LinearArguments arguments) : IActivationVisitor
        where TFormat : struct, IWeightFormat
        where TDirection : struct, IDirection
        where TProbes : struct, IProbes
    {
        // Rows for which a thread computes once what depends on the columns.
        private const int RowsOfThread = 4;

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
            where TActivation : struct, IActivation
        {
            if (room is not null)
            {
                LaunchPrepared<TOperands, TActivation>(room);
                return;
            }

            kernels.Launch(
                arguments.Transposed == 0
                    ? TensorLinear.Run<TFormat, TDirection, TProbes, TOperands, OutInOrder, TActivation>
                    : TensorLinear.Run<TFormat, TDirection, TProbes, TOperands, InOutOrder, TActivation>,
                new Index3D(
                    Groups(arguments.Outputs, Tile.Outputs), Groups(arguments.Tokens, TileShape<TOperands>.Tokens(TProbes.AreTwo)), 1),
                TileShape<TOperands>.Threads,
                TileMemory<TFormat, TOperands>.Floats(TProbes.AreTwo),
                weights,
                arguments,
                TileShape<TOperands>.GroupsPerMultiprocessor);
        }

        // As many outputs at a time as there is room for.
        private void LaunchPrepared<TOperands, TActivation>(OperandRoom operands)
            where TOperands : struct, IOperandFormat
            where TActivation : struct, IActivation
        {
            int words = Cells<TOperands>.WordsOfRow(arguments.Inputs);
            int probes = TProbes.AreTwo ? 2 : 1;
            int most = operands.Outputs(arguments.Outputs, (long)probes * words * sizeof(float));
            long size = (long)most * words;
            var cells = operands.Take(probes * size);
            for (int output = 0; output < arguments.Outputs; output += most)
            {
                var block = new OperandBlock
                {
                    First = cells.SubView(0, size),
                    Second = cells.SubView((probes - 1) * size, size),
                    Output = output,
                    Outputs = Math.Min(most, arguments.Outputs - output),
                    Words = words,
                };
                Prepare<TOperands>(block);
                kernels.Launch(
                    kernels.Shape.HasWarpgroups
                        ? OperandProduct.Run<TOperands, WarpgroupSums, TActivation>
                        : OperandProduct.Run<TOperands, WarpTileSums, TActivation>,
                    new Index3D(
                        Groups(arguments.Tokens, OperandProduct.Side), Groups(block.Outputs, OperandProduct.Side), probes),
                    OperandProduct.Threads,
                    OperandProduct.SharedFloats,
                    block,
                    arguments,
                    OperandProduct.GroupsPerMultiprocessor);
            }
        }

        private void Prepare<TOperands>(OperandBlock block)
            where TOperands : struct, IOperandFormat
        {
            var prepared = new WeightOperandsArguments
            {
                First = block.First,
                Second = block.Second,
                Output = arguments.FirstOutput + block.Output,
                Outputs = block.Outputs,
                Inputs = arguments.Inputs,
                Words = block.Words,
            };
            if (arguments.Transposed == 0)
            {
                kernels.Launch(
                    WeightOperands.Run<TFormat, TDirection, TProbes, TOperands, OutInOrder>,
                    new Index3D(
                        Groups(NoiseBlock.BlocksOfRow(weights.Columns), WeightOperands.Blocks),
                        Groups(block.Outputs, WeightOperands.Rows * RowsOfThread), 1),
                    WeightOperands.Threads, 0, weights, prepared);
            }
            else
            {
                int before = prepared.Output % NoiseField.Group;
                kernels.Launch(
                    WeightOperands.Run<TFormat, TDirection, TProbes, TOperands, InOutOrder>,
                    new Index3D(
                        Groups(Cells<TOperands>.InputsOfRow(block.Words) / 2, WeightOperands.Rows),
                        Groups(NoiseBlock.BlocksOfRow(before + block.Outputs), WeightOperands.Blocks), 1),
                    WeightOperands.Threads, 0, weights, prepared);
            }
        }
    }
}
