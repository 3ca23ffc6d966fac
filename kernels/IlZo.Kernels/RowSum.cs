using IlZo.Noise;
using ILGPU;
using ILGPU.Backends.EntryPoints;

namespace IlZo.Kernels;

/// <summary>What the elements of a row are multiplied with before they are summed.</summary>
public interface IRowFactor
{
    static abstract float Of(float element, int column, ArrayView<float> vector);
}

/// <summary>The elements themselves: the sum is that of squares.</summary>
public readonly struct OwnFactor : IRowFactor
{
    public static float Of(float element, int column, ArrayView<float> vector) => element;
}

/// <summary>A vector.</summary>
public readonly struct VectorFactor : IRowFactor
{
    public static float Of(float element, int column, ArrayView<float> vector) => vector[column];
}

/// <summary>What <see cref="RowSum"/> takes.</summary>
public struct RowSumArguments
{
    /// <summary>Receives a sum for each row.</summary>
    public ArrayView<double> Sums;

    /// <summary>What rows are multiplied with.</summary>
    public ArrayView<float> Vector;

    /// <summary>Columns that are summed at a time: a multiple of <see cref="NoiseField.Group"/>.</summary>
    public int Slice;
}

/// <summary>
/// Σ δᵢ fᵢ over each row, in fp64 and in the order of <see cref="Perturbations.RowSums"/>: sixteen lanes, which a noise block has two of,
/// then lane by lane. A group takes the rows that it has eight threads for.
/// </summary>
/// <remarks>Shared memory, in fp64: [row][16] lanes and [16] products of the columns that are left.</remarks>
public static class RowSum
{
    /// <summary>Lanes of a sum.</summary>
    public const int Lanes = 16;

    /// <summary>Rows of a group.</summary>
    public static int RowsOfGroup(int threads) => threads < NoiseField.BlocksPerGroup ? 1 : threads / NoiseField.BlocksPerGroup;

    [KernelName(nameof(RowSum))]
    public static void Run<TFormat, TDirection, TFactor>(PerturbedWeights<TDirection> weights, RowSumArguments a)
        where TFormat : struct, IWeightFormat
        where TDirection : struct, IDirection
        where TFactor : struct, IRowFactor
    {
        int rows = RowsOfGroup(Group.DimX);
        int first = Grid.IdxX * rows;
        var shared = SharedMemory.GetDynamic<double>();
        for (int start = 0; start < weights.Columns; start += a.Slice)
        {
            int end = start + a.Slice < weights.Columns ? start + a.Slice : weights.Columns;
            for (int item = Group.IdxX; item < rows * NoiseField.BlocksPerGroup; item += Group.DimX)
            {
                int row = first + (item / NoiseField.BlocksPerGroup);
                if (row < a.Sums.Length)
                {
                    int block = item % NoiseField.BlocksPerGroup;
                    var lanes = shared.SubView(item / NoiseField.BlocksPerGroup * 2 * Lanes, 2 * Lanes);
                    Multiply<TFormat, TDirection, TFactor>(weights, a.Vector, row, block, start, end, lanes);
                }
            }

            Group.Barrier();
            for (int r = Group.IdxX; r < rows; r += Group.DimX)
            {
                if (first + r < a.Sums.Length)
                {
                    double sum = Total(shared.SubView(r * 2 * Lanes, 2 * Lanes), (end - start) % Lanes);
                    a.Sums[first + r] = start == 0 ? sum : a.Sums[first + r] + sum;
                }
            }

            Group.Barrier();
        }
    }

    // The two lanes of a block, over all groups of a slice; products of two numbers of 32 bits are exact.
    private static void Multiply<TFormat, TDirection, TFactor>(
        PerturbedWeights<TDirection> weights, ArrayView<float> vector, int row, int block, int start, int end, ArrayView<double> lanes)
        where TFormat : struct, IWeightFormat
        where TDirection : struct, IDirection
        where TFactor : struct, IRowFactor
    {
        int whole = end - ((end - start) % Lanes);
        double even = 0;
        double odd = 0;
        for (int group = start / NoiseField.Group; group * NoiseField.Group < end; group++)
        {
            var place = new NoiseBlock(row, group, block, weights.Columns);
            var elements = weights.Elements<TFormat>(place);
            for (int i = 0; i < NoiseWords.Count; i++)
            {
                int column = place.Column(i);
                if (column < end)
                {
                    float element = elements.At(i);
                    double product = (double)element * TFactor.Of(element, column, vector);
                    if (column >= whole)
                    {
                        lanes[Lanes + column - whole] = product;
                    }
                    else if ((i & 1) == 0)
                    {
                        even += product;
                    }
                    else
                    {
                        odd += product;
                    }
                }
            }
        }

        lanes[2 * block] = even;
        lanes[(2 * block) + 1] = odd;
    }

    private static double Total(ArrayView<double> lanes, int rest)
    {
        double sum = 0;
        for (int lane = 0; lane < Lanes / 2; lane++)
        {
            sum += lanes[lane] + lanes[lane + (Lanes / 2)];
        }

        for (int i = 0; i < rest; i++)
        {
            sum += lanes[Lanes + i];
        }

        return sum;
    }
}
