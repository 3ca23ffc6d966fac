using IlZo.Noise;
using ILGPU;
using ILGPU.Backends.EntryPoints;

namespace IlZo.Kernels.TensorCores;

/// <summary>What <see cref="WeightOperands"/> takes.</summary>
public struct WeightOperandsArguments
{
    /// <summary>[outputs, words]: <see cref="Cells{TOperands}"/> of the first probe.</summary>
    public ArrayView<float> First;

    /// <summary>Those of the second probe.</summary>
    public ArrayView<float> Second;

    /// <summary>The stored row or column of the first output.</summary>
    public int Output;

    public int Outputs;
    public int Inputs;

    /// <summary>Words of a row.</summary>
    public int Words;
}

/// <summary>
/// W + rδ of some outputs, as <see cref="OperandProduct"/> takes it: for many tokens weights are read and perturbed once instead of in each
/// tile. A thread takes a noise block of every n-th stored row or, where these are inputs, of two of them, which make the pairs.
/// </summary>
public static class WeightOperands
{
    /// <summary>Threads of a group.</summary>
    public const int Threads = 256;

    /// <summary>Noise blocks of a stored row that a group takes.</summary>
    public const int Blocks = 32;

    /// <summary>Stored rows, or pairs of them, that a group takes at a time.</summary>
    public const int Rows = Threads / Blocks;

    [KernelName(nameof(WeightOperands))]
    public static void Run<TFormat, TDirection, TProbes, TOperands, TOrder>(PerturbedWeights<TDirection> weights, WeightOperandsArguments a)
        where TFormat : struct, IWeightFormat
        where TDirection : struct, IDirection
        where TProbes : struct, IProbes
        where TOperands : struct, IOperandFormat
        where TOrder : struct, IMatrixOrder
    {
        if (TOrder.IsTransposed)
        {
            RunPairs<TFormat, TDirection, TProbes, TOperands>(weights, a);
        }
        else
        {
            RunRows<TFormat, TDirection, TProbes, TOperands>(weights, a);
        }
    }

    // Threads side by side take blocks side by side.
    private static void RunRows<TFormat, TDirection, TProbes, TOperands>(PerturbedWeights<TDirection> weights, WeightOperandsArguments a)
        where TFormat : struct, IWeightFormat
        where TDirection : struct, IDirection
        where TProbes : struct, IProbes
        where TOperands : struct, IOperandFormat
    {
        int number = (Grid.IdxX * Blocks) + (Group.IdxX % Blocks);
        if (number >= NoiseBlock.BlocksOfRow(weights.Columns))
        {
            return;
        }

        for (int row = (Grid.IdxY * Rows) + (Group.IdxX / Blocks); row < a.Outputs; row += Grid.DimY * Rows)
        {
            var block = NoiseBlock.InRow(a.Output + row, number, weights.Columns);
            var read = weights.Read<TFormat>(block);
            long to = (long)row * a.Words;
            Put<TOperands>(a, a.First, to, block, read, weights.Radius0);
            if (TProbes.AreTwo)
            {
                Put<TOperands>(a, a.Second, to, block, read, weights.Radius1);
            }
        }
    }

    private static void Put<TOperands>(
        WeightOperandsArguments a, ArrayView<float> to, long row, NoiseBlock block, PerturbedBlock read, float radius)
        where TOperands : struct, IOperandFormat
    {
        PutPair<TOperands>(a, to, row, block, 0, read.At(0, radius), read.At(1, radius));
        PutPair<TOperands>(a, to, row, block, 2, read.At(2, radius), read.At(3, radius));
        PutPair<TOperands>(a, to, row, block, 4, read.At(4, radius), read.At(5, radius));
        PutPair<TOperands>(a, to, row, block, 6, read.At(6, radius), read.At(7, radius));
    }

    private static void PutPair<TOperands>(
        WeightOperandsArguments a, ArrayView<float> to, long row, NoiseBlock block, int index, float first, float second)
        where TOperands : struct, IOperandFormat
    {
        int input = block.Column(index);
        if (input < Cells<TOperands>.InputsOfRow(a.Words))
        {
            Cells<TOperands>.Put(to, row, input, block.Has(index) ? first : 0, block.Has(index + 1) ? second : 0);
        }
    }

    // Threads side by side take inputs side by side: what they store lies together.
    private static void RunPairs<TFormat, TDirection, TProbes, TOperands>(PerturbedWeights<TDirection> weights, WeightOperandsArguments a)
        where TFormat : struct, IWeightFormat
        where TDirection : struct, IDirection
        where TProbes : struct, IProbes
        where TOperands : struct, IOperandFormat
    {
        int input = 2 * ((Grid.IdxX * Rows) + (Group.IdxX % Rows));
        int number = (a.Output / NoiseField.Group * NoiseField.BlocksPerGroup) + (Grid.IdxY * Blocks) + (Group.IdxX / Rows);
        if (input >= Cells<TOperands>.InputsOfRow(a.Words) || number >= NoiseBlock.BlocksOfRow(weights.Columns))
        {
            return;
        }

        var block = NoiseBlock.InRow(input, number, weights.Columns);
        var first = input < a.Inputs ? weights.Read<TFormat>(block) : default;
        var second = input + 1 < a.Inputs
            ? weights.Read<TFormat>(NoiseBlock.InRow(input + 1, number, weights.Columns))
            : default;
        Eight.ForEach(new PairStore<TProbes, TOperands>
        {
            Arguments = a,
            Block = block,
            Input = input,
            First = first,
            Second = second,
            Radius0 = weights.Radius0,
            Radius1 = weights.Radius1,
        });
    }

    /// <summary>Stores the weights of two inputs for an output.</summary>
    private struct PairStore<TProbes, TOperands> : IElementAction
        where TProbes : struct, IProbes
        where TOperands : struct, IOperandFormat
    {
        public WeightOperandsArguments Arguments;
        public NoiseBlock Block;
        public int Input;
        public PerturbedBlock First;
        public PerturbedBlock Second;
        public float Radius0;
        public float Radius1;

        public readonly void Do(int index)
        {
            int output = Block.Column(index) - Arguments.Output;
            if (output >= 0 && output < Arguments.Outputs)
            {
                long row = (long)output * Arguments.Words;
                Cells<TOperands>.Put(Arguments.First, row, Input, First.At(index, Radius0), Second.At(index, Radius0));
                if (TProbes.AreTwo)
                {
                    Cells<TOperands>.Put(Arguments.Second, row, Input, First.At(index, Radius1), Second.At(index, Radius1));
                }
            }
        }
    }
}
