using ILGPU;

namespace IlZo.Kernels.TensorCores;

/// <summary>
/// Operands of products that were rounded, or split, beforehand: rows of cells of 64 bytes. A cell is what a step of
/// <see cref="OperandProduct"/> multiplies: 32 numbers of 16 bits, or the high parts of 16 numbers and then the low ones. What a row's last
/// cell has beyond the inputs is zero.
/// </summary>
/// <remarks>
/// 16 inputs lie in the order of the inner indices of an mma.sync that <see cref="TensorLinear"/> gives them: sums have its bits.
/// </remarks>
public static class Cells<TOperands>
    where TOperands : struct, IOperandFormat
{
    /// <summary>Words of a cell.</summary>
    public const int Words = 16;

    /// <summary>Words of half a cell: 16 numbers of 16 bits.</summary>
    internal const int HalfWords = Words / 2;

    /// <summary>Numbers of a cell.</summary>
    public static int Inputs => TOperands.IsSplit ? Tile.Depth : 2 * Tile.Depth;

    /// <summary>Words of a row.</summary>
    public static int WordsOfRow(int inputs) => (inputs + Inputs - 1) / Inputs * Words;

    /// <summary>Numbers of a row of some words.</summary>
    public static int InputsOfRow(int words) => words / Words * Inputs;

    /// <summary>Stores two neighbouring numbers of a row where an mma.sync has them.</summary>
    /// <param name="to">Rows.</param>
    /// <param name="row">The row's first word.</param>
    /// <param name="input">Which input the first number is for; an even one.</param>
    /// <param name="first">The first number.</param>
    /// <param name="second">The second number.</param>
    internal static void Put(ArrayView<float> to, long row, int input, float first, float second)
    {
        long word = row + (TOperands.IsSplit ? input / Inputs * Words : input / Tile.Depth * HalfWords) + Place(input / 2 % HalfWords);
        if (TOperands.IsSplit)
        {
            var pair = BFloat16Pair.Of(first, second);
            to[word] = BitConverter.Int32BitsToSingle((int)pair.High);
            to[word + HalfWords] = BitConverter.Int32BitsToSingle((int)pair.Low);
        }
        else
        {
            to[word] = Packed(first, second);
        }
    }

    /// <summary>Stores two neighbouring numbers of 16 bits where <see cref="TensorLinear"/> has them: in their order.</summary>
    /// <inheritdoc cref="Put"/>
    internal static void PutInOrder(ArrayView<float> to, long row, int input, float first, float second) =>
        to[row + (input / 2)] = Packed(first, second);

    // The pairs of inputs 4t and 4t + 2 are the inner indices 2t and 2t + 8.
    private static int Place(int pair) => (pair >> 1) | ((pair & 1) << 2);

    private static float Packed(float first, float second) => BitConverter.Int32BitsToSingle((int)TOperands.Pack(second, first));
}
