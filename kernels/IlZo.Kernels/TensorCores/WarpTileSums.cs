using ILGPU;

namespace IlZo.Kernels.TensorCores;

/// <summary>The sums of four warps with 64 tokens by 64 outputs each, by mma.sync: a half is 32 tokens.</summary>
public readonly struct WarpTileSums : ITileSums<WarpTileSums>
{
    private readonly WarpSums _first;
    private readonly WarpSums _second;

    private WarpTileSums(WarpSums first, WarpSums second) => (_first, _second) = (first, second);

    public static bool IsOfWarpgroup => false;

    public static int Tokens => 2 * Tile.HalfRows;

    public static int Outputs => Tile.Outputs;

    public static int Pitch => Tile.SumPitch;

    public static int Output => OperandTile.WarpOutput;

    public static int Token(int half) => OperandTile.WarpToken + (half * Tokens);

    public WarpTileSums Add<TOperands>(uint step)
        where TOperands : struct, IOperandFormat
    {
        var x = OperandTile.Rows(step, 0);
        var w = OperandTile.Columns(step, 0);
        var otherX = OperandTile.Rows(step, 1);
        var otherW = OperandTile.Columns(step, 1);

        // Low parts come second, and the smaller products first; else the second halves are the next inputs.
        return TOperands.IsSplit
            ? Add<TOperands>(otherX, w).Add<TOperands>(x, otherW).Add<TOperands>(x, w)
            : Add<TOperands>(x, w).Add<TOperands>(otherX, otherW);
    }

    public void Store(ArrayView<float> to, int warp)
    {
        const int quarter = Tile.StoredRows * Tile.SumPitch;
        _first.Store(to, warp, 0);
        _first.Store(to, warp + quarter, 1);
        _first.Store(to, warp + (2 * quarter), 2);
        _first.Store(to, warp + (3 * quarter), 3);
    }

    private WarpTileSums Add<TOperands>(RowFragments x, ColumnFragments w)
        where TOperands : struct, IOperandFormat =>
        new(_first.Add<TOperands>(x.X0, x.X1, w), _second.Add<TOperands>(x.X2, x.X3, w));

    public WarpTileSums Exchanged() => new(_second, _first);
}
