using ILGPU;

namespace IlZo.Kernels.TensorCores;

/// <summary>
/// Copies the cells of a step of <see cref="OperandProduct"/> to shared memory, a quarter of a cell a thread, of every 32nd row of x and of
/// W. Rows that do not exist are the last one, whose results nobody stores.
/// </summary>
internal readonly struct OperandCopies
{
    private const int ChunksOfCell = OperandTile.RowBytes / Tile.Chunk;
    private const int Step = OperandProduct.Threads / ChunksOfCell;

    private readonly uint _to;
    private readonly Rows _x;
    private readonly Rows _w;

    private OperandCopies(uint to, Rows x, Rows w) => (_to, _x, _w) = (to, x, w);

    /// <param name="shared">The address of the first step.</param>
    /// <param name="x">x.</param>
    /// <param name="token">The tile's first token.</param>
    /// <param name="tokens">Tokens that exist.</param>
    /// <param name="w">W.</param>
    /// <param name="output">The tile's first output.</param>
    /// <param name="outputs">Outputs that exist.</param>
    public static OperandCopies Of(uint shared, RowsView x, int token, int tokens, RowsView w, int output, int outputs) => new(
        shared + (uint)OperandTile.Chunk(Group.IdxX / ChunksOfCell, Group.IdxX % ChunksOfCell), new Rows(x, token, tokens),
        new Rows(w, output, outputs));

    /// <summary>Begins to copy a step.</summary>
    /// <param name="step">Which.</param>
    /// <param name="place">Its first byte in shared memory.</param>
    public void Begin(int step, int place)
    {
        ulong from = (ulong)(step * OperandTile.RowBytes);
        uint to = _to + (uint)place;
        _x.Begin(to, from);
        _w.Begin(to + (uint)OperandTile.Chunk(OperandTile.Side, 0), from);
    }

    /// <summary>The addresses of a thread's four rows.</summary>
    private readonly struct Rows(RowsView rows, int first, int count)
    {
        private readonly ulong _from0 = Row(rows, first, count);
        private readonly ulong _from1 = Row(rows, first + Step, count);
        private readonly ulong _from2 = Row(rows, first + (2 * Step), count);
        private readonly ulong _from3 = Row(rows, first + (3 * Step), count);

        public void Begin(uint to, ulong from)
        {
            uint step = (uint)OperandTile.Chunk(Step, 0);
            Instructions.CopyAsync16(to, _from0 + from, Tile.Chunk);
            Instructions.CopyAsync16(to + step, _from1 + from, Tile.Chunk);
            Instructions.CopyAsync16(to + (2 * step), _from2 + from, Tile.Chunk);
            Instructions.CopyAsync16(to + (3 * step), _from3 + from, Tile.Chunk);
        }

        private static ulong Row(RowsView rows, int first, int count) =>
            Instructions.GlobalAddress(ref rows[Math.Min(first + (Group.IdxX / ChunksOfCell), count - 1), 0])
                + (ulong)(Group.IdxX % ChunksOfCell * Tile.Chunk);
    }
}
