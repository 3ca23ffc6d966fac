using ILGPU;

namespace IlZo.Kernels.TensorCores;

/// <summary>
/// Copies x to shared memory while the tensor cores are busy, 4 rows a thread or, where inputs have 16 bits, 2. Inputs that do not exist
/// become zero; rows that do not are the last one, whose results nobody stores.
/// </summary>
internal readonly struct InputCopies<TOperands>
    where TOperands : struct, IOperandFormat
{
    private readonly ulong _from0;
    private readonly ulong _from1;
    private readonly ulong _from2;
    private readonly ulong _from3;
    private readonly bool _isAligned;

    private InputCopies(ulong from0, ulong from1, ulong from2, ulong from3, bool isAligned) =>
        (_from0, _from1, _from2, _from3, _isAligned) = (from0, from1, from2, from3, isAligned);

    private static int Size => TileShape<TOperands>.InputSize;

    private static int ChunkInputs => Tile.Chunk / Size;

    private static int ChunksOfRow => Tile.Depth / ChunkInputs;

    // A thread's rows are that far apart.
    private static int Step => TileShape<TOperands>.Threads / ChunksOfRow;

    private static int Column => Group.IdxX % ChunksOfRow * ChunkInputs;

    /// <param name="a">What to multiply.</param>
    /// <param name="token">The tile's first token.</param>
    public static InputCopies<TOperands> Of<TProbes>(LinearArguments a, int token)
        where TProbes : struct, IProbes
    {
        var second = TProbes.AreTwo ? a.X1 : a.X0;
        int secondToken = TProbes.AreTwo ? token : token + (TileShape<TOperands>.Rows / 2);
        ulong places =
            Instructions.GlobalAddress(ref a.X0[0, 0]) | Instructions.GlobalAddress(ref second[0, 0]) | ((ulong)a.X0.Pitch * sizeof(float));
        return new InputCopies<TOperands>(
            Row(a, a.X0, token), Row(a, a.X0, token + Step), Row(a, second, secondToken), Row(a, second, secondToken + Step),
            places % Tile.Chunk == 0);
    }

    /// <summary>Begins to copy a step.</summary>
    public void Begin(LinearArguments a, int input, uint shared, int buffer)
    {
        int bytes = Math.Min(Math.Max(a.Inputs - input - Column, 0), ChunkInputs) * Size;
        uint to = shared + (uint)((TileShape<TOperands>.InputsAt(buffer) * sizeof(float)) + (Group.IdxX * Tile.Chunk));
        uint rows = (uint)(Step * Tile.Depth * Size);
        uint half = (uint)(TileShape<TOperands>.Rows / 2 * Tile.Depth * Size);
        Begin(to, _from0, input, bytes);
        Begin(to + half, _from2, input, bytes);
        if (TOperands.IsSplit)
        {
            Begin(to + rows, _from1, input, bytes);
            Begin(to + half + rows, _from3, input, bytes);
        }
    }

    private static ulong Row(LinearArguments a, RowsView x, int token) =>
        Instructions.GlobalAddress(ref x[Math.Min(token + (Group.IdxX / ChunksOfRow), a.Tokens - 1), 0]) + (ulong)(Column * Size);

    private void Begin(uint to, ulong row, int input, int bytes)
    {
        ulong from = row + (ulong)(input * Size);
        if (_isAligned)
        {
            Instructions.CopyAsync16(to, from, bytes);
        }
        else
        {
            for (int i = 0; i < Tile.Chunk; i += sizeof(float))
            {
                Instructions.CopyAsync4(to + (uint)i, from + (ulong)i, i < bytes ? sizeof(float) : 0);
            }
        }
    }
}
