using ILGPU;

namespace IlZo.Kernels.TensorCores;

/// <summary>
/// Copies x to shared memory, 4 rows a thread, while the tensor cores are busy. Inputs that do not exist become zero; rows that do not are the last one, whose results
/// nobody stores.
/// </summary>
internal readonly struct InputCopies
{
    // A thread's rows are that far apart.
    private const int Step = Tile.Threads / ChunksOfRow;
    private const int ChunkFloats = Tile.Chunk / sizeof(float);
    private const int ChunksOfRow = Tile.Depth / ChunkFloats;

    private readonly ulong _from0;
    private readonly ulong _from1;
    private readonly ulong _from2;
    private readonly ulong _from3;
    private readonly bool _isAligned;

    private InputCopies(ulong from0, ulong from1, ulong from2, ulong from3, bool isAligned) =>
        (_from0, _from1, _from2, _from3, _isAligned) = (from0, from1, from2, from3, isAligned);

    private static int Column => Group.IdxX % ChunksOfRow * ChunkFloats;

    /// <param name="a">What to multiply.</param>
    /// <param name="token">The tile's first token.</param>
    public static InputCopies Of<TProbes>(LinearArguments a, int token)
        where TProbes : struct, IProbes
    {
        var second = TProbes.AreTwo ? a.X1 : a.X0;
        int secondToken = TProbes.AreTwo ? token : token + (2 * Step);
        ulong places = Instructions.GlobalAddress(ref a.X0[0, 0]) | Instructions.GlobalAddress(ref second[0, 0]) | ((ulong)a.X0.Pitch * sizeof(float));
        return new InputCopies(
            Row(a, a.X0, token), Row(a, a.X0, token + Step), Row(a, second, secondToken), Row(a, second, secondToken + Step), places % Tile.Chunk == 0);
    }

    /// <summary>Begins to copy a step.</summary>
    public void Begin(LinearArguments a, int input, uint shared, int buffer)
    {
        int bytes = Math.Min(Math.Max(a.Inputs - input - Column, 0), ChunkFloats) * sizeof(float);
        uint to = shared + (uint)((Tile.InputsAt(buffer) * sizeof(float)) + (Group.IdxX * Tile.Chunk));
        const uint Rows = Step * Tile.Depth * sizeof(float);
        Begin(to, _from0, input, bytes);
        Begin(to + Rows, _from1, input, bytes);
        Begin(to + (2 * Rows), _from2, input, bytes);
        Begin(to + (3 * Rows), _from3, input, bytes);
    }

    private static ulong Row(LinearArguments a, RowsView x, int token) =>
        Instructions.GlobalAddress(ref x[Math.Min(token + (Group.IdxX / ChunksOfRow), a.Tokens - 1), 0]) + (ulong)(Column * sizeof(float));

    private void Begin(uint to, ulong row, int input, int bytes)
    {
        ulong from = row + (ulong)(input * sizeof(float));
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
