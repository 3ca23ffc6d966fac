using ILGPU;
using ILGPU.Backends.EntryPoints;

namespace IlZo.Kernels;

/// <summary>What <see cref="ColumnSum"/> takes.</summary>
public struct ColumnSumArguments
{
    /// <summary>Rows of the tensor.</summary>
    public int Rows;

    /// <summary>Rows that are summed one after the other.</summary>
    public int RowsOfShare;

    /// <summary>d of each row.</summary>
    public ArrayView<double> Dots;

    /// <summary>1 where elements are multiplied by the d of their row, else 0.</summary>
    public int Weighted;

    /// <summary>Receives the sums of each share, [share, column].</summary>
    public ArrayView<float> Shares;
}

/// <summary>What <see cref="ColumnSum.Add"/> takes.</summary>
public struct AddSharesArguments
{
    /// <summary>Sums of shares, [share, column].</summary>
    public ArrayView<float> Shares;

    /// <summary>Receives their sum.</summary>
    public ArrayView<float> Sum;
}

/// <summary>
/// Σ d·δ or Σ δ over the rows of a tensor, in fp32 and in the order of <see cref="Backends.RowProducts"/>. A thread takes a noise block of
/// a share's rows.
/// </summary>
public static class ColumnSum
{
    [KernelName(nameof(ColumnSum))]
    public static void Run<TFormat, TDirection>(PerturbedWeights<TDirection> weights, ColumnSumArguments a)
        where TFormat : struct, IWeightFormat
        where TDirection : struct, IDirection
    {
        int blocksOfRow = NoiseBlock.BlocksOfRow(weights.Columns);
        long items = a.Shares.Length / weights.Columns * blocksOfRow;
        for (long item = ((long)Grid.IdxX * Group.DimX) + Group.IdxX; item < items; item += (long)Grid.DimX * Group.DimX)
        {
            int share = (int)(item / blocksOfRow);
            int first = share * a.RowsOfShare;
            int end = first + a.RowsOfShare < a.Rows ? first + a.RowsOfShare : a.Rows;
            var sum = default(Eight);
            for (int row = first; row < end; row++)
            {
                var elements = weights.Elements<TFormat>(NoiseBlock.InRow(row, (int)(item % blocksOfRow), weights.Columns));
                sum = Eight.FusedMultiplyAdd(elements, a.Weighted != 0 ? (float)a.Dots[row] : 1, sum);
            }

            var place = NoiseBlock.InRow(share, (int)(item % blocksOfRow), weights.Columns);
            Eight.ForEach(new Store { To = a.Shares, Place = place, Sum = sum });
        }
    }

    /// <summary>Adds the sums of the shares, in their order.</summary>
    [KernelName("ColumnSum_Add")]
    public static void Add(AddSharesArguments a)
    {
        int columns = (int)a.Sum.Length;
        for (int column = (Grid.IdxX * Group.DimX) + Group.IdxX; column < columns; column += Grid.DimX * Group.DimX)
        {
            float sum = 0;
            for (long at = column; at < a.Shares.Length; at += columns)
            {
                sum += a.Shares[at];
            }

            a.Sum[column] = sum;
        }
    }

    private struct Store : IElementAction
    {
        public ArrayView<float> To;
        public NoiseBlock Place;
        public Eight Sum;

        public readonly void Do(int index)
        {
            if (Place.Has(index))
            {
                To[Place.Index(index)] = Sum.At(index);
            }
        }
    }
}
