using ILGPU;

namespace IlZo.Kernels.TensorCores;

/// <summary>
/// The cells of a step of <see cref="OperandProduct"/> in shared memory: 128 rows of x, then 128 of W, of 64 bytes each.
/// </summary>
/// <remarks>
/// The four chunks of 16 bytes in a row are swizzled as wgmma has it for rows of 64 bytes: their numbers are XORed with half that of the
/// row. So the eight rows that an ldmatrix reads, and the two cells that eight threads copy, meet different banks.
/// </remarks>
internal static class OperandTile
{
    /// <summary>Tokens, and outputs, of a tile.</summary>
    public const int Side = 128;

    /// <summary>Bytes of a step.</summary>
    public const int Bytes = 2 * Side * RowBytes;

    /// <summary>Bytes of a row: a cell.</summary>
    public const int RowBytes = 64;

    /// <summary>The first token of the thread's warp, counted from the tile's.</summary>
    public static int WarpToken => Group.IdxX / Tile.Warp % 2 * Tile.Outputs;

    /// <summary>The first output of the thread's warp, counted from the tile's.</summary>
    public static int WarpOutput => Group.IdxX / Tile.Warp / 2 * Tile.Outputs;

    /// <summary>Where a chunk of 16 bytes of a cell lies in a step.</summary>
    /// <param name="row">The row: of x, or 128 and more of W.</param>
    /// <param name="chunk">The chunk in its cell, 0 to 3.</param>
    public static int Chunk(int row, int chunk) => (row * RowBytes) + (((chunk ^ (row >> 1)) & 3) * Tile.Chunk);

    /// <summary>What a thread holds of the warp's 64 tokens in half of their cells.</summary>
    /// <param name="step">The address of the step.</param>
    /// <param name="half">Which half.</param>
    public static RowFragments Rows(uint step, int half)
    {
        uint first = step + (uint)Chunk(WarpToken + (Tile.Lane % 16), (2 * half) + (Tile.Lane / 16));
        return new RowFragments(Load(first, 0), Load(first, 1), Load(first, 2), Load(first, 3));
    }

    /// <summary>What a thread holds of the warp's 64 outputs in half of their cells.</summary>
    /// <param name="step">The address of the step.</param>
    /// <param name="half">Which half.</param>
    public static ColumnFragments Columns(uint step, int half)
    {
        int row = Side + WarpOutput + (Tile.Lane / 16 * 8) + (Tile.Lane % 8);
        uint first = step + (uint)Chunk(row, (2 * half) + (Tile.Lane / 8 % 2));
        return new ColumnFragments(Load(first, 0), Load(first, 1), Load(first, 2), Load(first, 3));
    }

    // The next 16 rows.
    private static Fragment Load(uint first, int index) => Instructions.LoadMatrices(first + (uint)(index * 16 * RowBytes));
}

/// <summary>What a thread holds of 64 tokens by 16 inputs, 16 tokens each.</summary>
internal readonly struct RowFragments(Fragment x0, Fragment x1, Fragment x2, Fragment x3)
{
    public readonly Fragment X0 = x0;
    public readonly Fragment X1 = x1;
    public readonly Fragment X2 = x2;
    public readonly Fragment X3 = x3;
}

/// <summary>What a thread holds of 64 outputs by 16 inputs, two words of each 8 outputs.</summary>
internal readonly struct ColumnFragments(Fragment w0, Fragment w1, Fragment w2, Fragment w3)
{
    public readonly Fragment W0 = w0;
    public readonly Fragment W1 = w1;
    public readonly Fragment W2 = w2;
    public readonly Fragment W3 = w3;
}
