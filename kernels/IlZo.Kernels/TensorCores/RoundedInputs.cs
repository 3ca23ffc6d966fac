using ILGPU;
using ILGPU.Backends.EntryPoints;

namespace IlZo.Kernels.TensorCores;

/// <summary>What <see cref="RoundedInputs"/> takes.</summary>
public struct RoundedInputsArguments
{
    /// <summary>The numbers.</summary>
    public RowsView X;

    /// <summary>[rows, words]: two inputs of 16 bits a word, the first one in the lower half.</summary>
    public ArrayView<float> Y;

    public int Rows;
    public int Inputs;

    /// <summary>Words of a row. Those that no input is for become zero.</summary>
    public int Words;
}

/// <summary>
/// x as <see cref="TensorLinear"/> reads it in formats of 16 bits. Groups for other outputs read x again, so that it is rounded once
/// beforehand: they wait for half as many bytes.
/// </summary>
public static class RoundedInputs
{
    /// <summary>Words of a row: rows begin at multiples of what a thread copies at a time.</summary>
    public static int Words(int inputs) => ((inputs * sizeof(ushort)) + Tile.Chunk - 1) / Tile.Chunk * (Tile.Chunk / sizeof(uint));

    [KernelName(nameof(RoundedInputs))]
    public static void Run<TOperands>(RoundedInputsArguments a)
        where TOperands : struct, IOperandFormat
    {
        long count = (long)a.Rows * a.Words;
        for (long item = ((long)Grid.IdxX * Group.DimX) + Group.IdxX; item < count; item += (long)Grid.DimX * Group.DimX)
        {
            long row = item / a.Words;
            int column = 2 * (int)(item % a.Words);
            float lower = column < a.Inputs ? a.X[row, column] : 0;
            float upper = column + 1 < a.Inputs ? a.X[row, column + 1] : 0;
            a.Y[item] = BitConverter.Int32BitsToSingle((int)TOperands.Pack(upper, lower));
        }
    }
}
