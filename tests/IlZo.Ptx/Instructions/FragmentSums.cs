using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace IlZo.Ptx.Instructions;

/// <summary>
/// Sums of products as tensor cores have them in a warp: 16 rows, of 16 products each. Products are exact and added one by one in fp32, in
/// the order of the inner index; a GPU adds them in groups of its own, and cuts bits off in between.
/// </summary>
internal static class FragmentSums
{
    public const int Rows = 16;
    public const int Inner = 16;

    /// <summary>The registers that a lane has of so many columns, a multiple of 8.</summary>
    public static int Registers(int columns) => columns / 2;

    /// <summary>The place in the sums, row by row, of a lane's i-th register.</summary>
    public static int Place(int lane, int i, int columns) =>
        (((lane >> 2) + (8 * ((i >> 1) & 1))) * columns) + (8 * (i >> 2)) + (2 * (lane & 3)) + (i & 1);

    /// <summary>Adds A B to sums.</summary>
    /// <param name="left">A, row by row.</param>
    /// <param name="right">B, a row of all columns for each inner index.</param>
    /// <param name="sums">The sums, row by row.</param>
    public static void Add(ReadOnlySpan<float> left, ReadOnlySpan<float> right, Span<float> sums)
    {
        int columns = right.Length / Inner;
        var rights = MemoryMarshal.Cast<float, Vector256<float>>(right);
        var all = MemoryMarshal.Cast<float, Vector256<float>>(sums);
        int vectors = columns / Vector256<float>.Count;
        for (int row = 0; row < Rows; row++)
        {
            for (int column = 0; column < vectors; column++)
            {
                var sum = all[(row * vectors) + column];
                for (int k = 0; k < Inner; k++)
                {
                    sum = Vector256.FusedMultiplyAdd(Vector256.Create(left[(row * Inner) + k]), rights[(k * vectors) + column], sum);
                }

                all[(row * vectors) + column] = sum;
            }
        }
    }
}
