using ILGPU;
using ILGPU.Backends.EntryPoints;

namespace IlZo.Kernels;

/// <summary>What <see cref="ReadRows"/> takes.</summary>
public struct ReadRowsArguments
{
    /// <summary>The rows to read.</summary>
    public ArrayView<int> Rows;

    /// <summary>For the first probe [rows, columns].</summary>
    public ArrayView<float> Y0;

    /// <summary>For the second probe.</summary>
    public ArrayView<float> Y1;

    /// <summary>1 where results are added to what is there, else 0.</summary>
    public int Accumulate;
}

/// <summary>Looks up rows of a tensor at one or two probes: y[i] (+)= θ[rows[i]] + rδ[rows[i]]. A group a row.</summary>
public static class ReadRows
{
    [KernelName(nameof(ReadRows))]
    public static void Run<TFormat, TDirection, TProbes>(PerturbedWeights<TDirection> table, ReadRowsArguments a)
        where TFormat : struct, IWeightFormat
        where TDirection : struct, IDirection
        where TProbes : struct, IProbes
    {
        int row = a.Rows[Grid.IdxX];
        long to = (long)Grid.IdxX * table.Columns;
        for (int item = Group.IdxX; item < NoiseBlock.BlocksOfRow(table.Columns); item += Group.DimX)
        {
            var block = NoiseBlock.InRow(row, item, table.Columns);
            Eight.ForEach(new Store<TProbes>
            {
                Block = block,
                Read = table.Read<TFormat>(block),
                Radius0 = table.Radius0,
                Radius1 = table.Radius1,
                Y0 = a.Y0,
                Y1 = a.Y1,
                First = to,
                Accumulate = a.Accumulate,
            });
        }
    }

    private struct Store<TProbes> : IElementAction
        where TProbes : struct, IProbes
    {
        public NoiseBlock Block;
        public PerturbedBlock Read;
        public float Radius0;
        public float Radius1;
        public ArrayView<float> Y0;
        public ArrayView<float> Y1;
        public long First;
        public int Accumulate;

        public readonly void Do(int index)
        {
            if (Block.Has(index))
            {
                Put(Y0, First + Block.Column(index), Read.At(index, Radius0), Accumulate);
                if (TProbes.AreTwo)
                {
                    Put(Y1, First + Block.Column(index), Read.At(index, Radius1), Accumulate);
                }
            }
        }
    }

    private static void Put(ArrayView<float> y, long index, float value, int accumulate) =>
        y[index] = accumulate != 0 ? y[index] + value : value;
}
