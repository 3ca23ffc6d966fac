using ILGPU;
using ILGPU.Backends.EntryPoints;

namespace IlZo.Kernels.TensorCores;

/// <summary>What <see cref="RoundedInputs"/> takes.</summary>
public struct RoundedInputsArguments
{
    /// <summary>The numbers.</summary>
    public RowsView X;

    /// <summary>[rows, words]: <see cref="Cells{TOperands}"/>.</summary>
    public ArrayView<float> Y;

    public int Rows;
    public int Inputs;

    /// <summary>Words of a row.</summary>
    public int Words;

    /// <summary>
    /// 1 for <see cref="TensorLinear"/>, which takes numbers of 16 bits in their order, 0 for <see cref="OperandProduct"/>.
    /// </summary>
    public int InOrder;
}

/// <summary>
/// x as products on tensor cores take it. Groups for other outputs read x again, so that it is rounded once beforehand: they wait for half
/// as many bytes, and <see cref="OperandProduct"/> splits nothing.
/// </summary>
public static class RoundedInputs
{
    [KernelName(nameof(RoundedInputs))]
    public static void Run<TOperands>(RoundedInputsArguments a)
        where TOperands : struct, IOperandFormat
    {
        int pairs = Cells<TOperands>.InputsOfRow(a.Words) / 2;
        long count = (long)a.Rows * pairs;
        for (long item = ((long)Grid.IdxX * Group.DimX) + Group.IdxX; item < count; item += (long)Grid.DimX * Group.DimX)
        {
            long row = item / pairs;
            int column = 2 * (int)(item % pairs);
            float first = column < a.Inputs ? a.X[row, column] : 0;
            float second = column + 1 < a.Inputs ? a.X[row, column + 1] : 0;
            if (a.InOrder != 0)
            {
                Cells<TOperands>.PutInOrder(a.Y, row * a.Words, column, first, second);
            }
            else
            {
                Cells<TOperands>.Put(a.Y, row * a.Words, column, first, second);
            }
        }
    }
}
