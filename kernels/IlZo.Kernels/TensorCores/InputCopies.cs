using ILGPU;

namespace IlZo.Kernels.TensorCores;

/// <summary>
/// Copies x to shared memory while the tensor cores are busy, 4 rows a thread or, where inputs have 16 bits, 2. Inputs that do not exist
/// become zero; rows that do not are the last one, whose results nobody stores.
/// </summary>
internal readonly struct InputCopies<TOperands>
    where TOperands : struct, IOperandFormat
{
    private readonly int _token;
    private readonly bool _isAligned;

    private InputCopies(int token, bool isAligned) => (_token, _isAligned) = (token, isAligned);

    private static int Size => TileShape<TOperands>.InputSize;

    private static int ChunkInputs => Tile.Chunk / Size;

    private static int ChunksOfRow => Tile.Depth / ChunkInputs;

    // A thread's rows are that far apart.
    private static int Step => TileShape<TOperands>.Threads / ChunksOfRow;

    private static int Column => (Group.IdxX & (ChunksOfRow - 1)) * ChunkInputs;

    /// <param name="a">What to multiply.</param>
    /// <param name="token">The tile's first token.</param>
    public static InputCopies<TOperands> Of<TProbes>(LinearArguments a, int token)
        where TProbes : struct, IProbes
    {
        var second = TProbes.AreTwo ? a.X1 : a.X0;
        ulong places =
            Instructions.GlobalAddress(ref a.X0[0, 0]) | Instructions.GlobalAddress(ref second[0, 0]) | ((ulong)a.X0.Pitch * sizeof(float));
        return new InputCopies<TOperands>(token + (Group.IdxX / ChunksOfRow), places % Tile.Chunk == 0);
    }

    /// <summary>Begins to copy a step.</summary>
    public void Begin<TProbes>(LinearArguments a, int input, uint shared, int buffer)
        where TProbes : struct, IProbes
    {
        int bytes = Math.Min(Math.Max(a.Inputs - input - Column, 0), ChunkInputs) * Size;
        uint to = shared + (uint)((TileShape<TOperands>.InputsAt(buffer) * sizeof(float)) + (Group.IdxX * Tile.Chunk));
        uint rows = (uint)(Step * Tile.Depth * Size);
        uint half = (uint)(TileShape<TOperands>.Rows / 2 * Tile.Depth * Size);
        var second = TProbes.AreTwo ? a.X1 : a.X0;
        int secondToken = TProbes.AreTwo ? _token : _token + (TileShape<TOperands>.Rows / 2);
        Begin(a, a.X0, _token, to, input, bytes);
        Begin(a, second, secondToken, to + half, input, bytes);
        if (TOperands.IsSplit)
        {
            Begin(a, a.X0, _token + Step, to + rows, input, bytes);
            Begin(a, second, secondToken + Step, to + half + rows, input, bytes);
        }
    }

    // Addresses are computed anew in each step: registers are scarce.
    private void Begin(LinearArguments a, RowsView x, int token, uint to, int input, int bytes)
    {
        ulong column = Instructions.GlobalAddress(ref x[0, 0]) + (ulong)((input + Column) * Size);
        ulong from = DeviceMath.MultiplyAdd((uint)Math.Min(token, a.Tokens - 1), (uint)(x.Pitch * sizeof(float)), column);
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
