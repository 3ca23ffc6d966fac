using ILGPU;

namespace IlZo.Kernels.TensorCores;

/// <summary>The order in which a matrix lies in memory.</summary>
public interface IMatrixOrder
{
    /// <summary>Whether its rows are inputs.</summary>
    static abstract bool IsTransposed { get; }
}

/// <summary>[out, in].</summary>
public readonly struct OutInOrder : IMatrixOrder
{
    public static bool IsTransposed => false;
}

/// <summary>[in, out].</summary>
public readonly struct InOutOrder : IMatrixOrder
{
    public static bool IsTransposed => true;
}

/// <summary>
/// Copies weights as they are stored to shared memory, 16 bytes a thread, and blocks as fp32. Inputs that do not exist become zero; outputs
/// that do not are others, whose results nobody stores.
/// </summary>
/// <param name="weights">The matrix.</param>
/// <param name="columns">Its columns.</param>
/// <param name="address">Its address.</param>
/// <param name="row">The thread's row for input 0.</param>
/// <param name="column">Its first column there.</param>
/// <param name="isAligned">Whether rows begin at multiples of 16 bytes.</param>
internal readonly struct WeightCopies(WeightView weights, int columns, ulong address, int row, int column, bool isAligned)
{
    private readonly WeightView _weights = weights;
    private readonly int _columns = columns;
    private readonly ulong _address = address;
    private readonly int _row = row;
    private readonly int _column = column;
    private readonly bool _isAligned = isAligned;

    /// <param name="weights">The matrix.</param>
    /// <param name="columns">Its columns.</param>
    /// <param name="a">What to multiply.</param>
    /// <param name="output">The tile's first output.</param>
    public static WeightCopies Of<TFormat, TOrder>(WeightView weights, int columns, LinearArguments a, int output)
        where TFormat : struct, IWeightFormat
        where TOrder : struct, IMatrixOrder
    {
        ulong address = TFormat.IsBlocked ? 0 : weights.Address(TFormat.Size);
        int row = TOrder.IsTransposed ? Row<TFormat, TOrder>() : a.FirstOutput + Math.Min(output + Row<TFormat, TOrder>(), a.Outputs - 1);
        int column = Column<TFormat, TOrder>() + (TOrder.IsTransposed ? a.FirstOutput + output : 0);
        bool isAligned = !TFormat.IsBlocked && (address | ((ulong)columns * (ulong)TFormat.Size)) % Tile.Chunk == 0;
        return new WeightCopies(weights, columns, address, row, column, isAligned);
    }

    /// <summary>Begins to copy a step, or copies it where the matrix lies so that nothing else is possible.</summary>
    public void Begin<TFormat, TOperands, TOrder>(LinearArguments a, int input, uint shared, int buffer)
        where TFormat : struct, IWeightFormat
        where TOperands : struct, IOperandFormat
        where TOrder : struct, IMatrixOrder
    {
        int chunk = Tile.Chunk / TFormat.Size;
        int to = Group.IdxX * chunk;
        if (to >= Tile.Weights)
        {
            return;
        }

        int count = Count<TFormat, TOrder>(a, input, chunk);
        uint row = (uint)(TOrder.IsTransposed ? _row + input : _row);
        int column = TOrder.IsTransposed ? _column : _column + input;
        if (_isAligned)
        {
            uint bytes = (uint)((TileMemory<TFormat, TOperands>.StoredAt(buffer) * sizeof(float)) + (to * TFormat.Size));
            ulong from = DeviceMath.MultiplyAdd(row, (uint)(_columns * TFormat.Size), _address + (ulong)(column * TFormat.Size));
            Instructions.CopyAsync16(shared + bytes, from, count * TFormat.Size);
        }
        else
        {
            long from = (long)DeviceMath.MultiplyAdd(row, (uint)_columns, (ulong)column);
            var stored = TileMemory<TFormat, TOperands>.Stored(buffer);
            for (int i = 0; i < chunk; i++)
            {
                if (TFormat.IsBlocked)
                {
                    stored.Wide[to + i] = i < count ? TFormat.Load(_weights, from + i) : 0;
                }
                else
                {
                    stored.Set(to + i, _weights, i < count ? from + i : -1, TFormat.Size);
                }
            }
        }
    }

    private int Count<TFormat, TOrder>(LinearArguments a, int input, int chunk)
        where TFormat : struct, IWeightFormat
        where TOrder : struct, IMatrixOrder
    {
        if (!TOrder.IsTransposed)
        {
            return Math.Min(Math.Max(a.Inputs - input - Column<TFormat, TOrder>(), 0), chunk);
        }

        int column = a.FirstOutput + (Grid.IdxX * Tile.Outputs) + Column<TFormat, TOrder>();
        return input + Row<TFormat, TOrder>() < a.Inputs ? Math.Min(Math.Max(_columns - column, 0), chunk) : 0;
    }

    private static int Columns<TOrder>()
        where TOrder : struct, IMatrixOrder => TOrder.IsTransposed ? Tile.Outputs : Tile.Depth;

    private static int Row<TFormat, TOrder>()
        where TFormat : struct, IWeightFormat
        where TOrder : struct, IMatrixOrder => Group.IdxX * (Tile.Chunk / TFormat.Size) / Columns<TOrder>();

    private static int Column<TFormat, TOrder>()
        where TFormat : struct, IWeightFormat
        where TOrder : struct, IMatrixOrder => (Group.IdxX * (Tile.Chunk / TFormat.Size)) & (Columns<TOrder>() - 1);
}
