using ILGPU;

namespace IlZo.Kernels.TensorCores;

/// <summary>The sums of four warps with 64 tokens by 64 outputs each, by mma.sync: a half is 32 tokens.</summary>
public readonly struct WarpTileSums : ITileSums<WarpTileSums>
{
    private const int Quarters = 4;

    private readonly WarpSums _first;
    private readonly WarpSums _second;

    private WarpTileSums(WarpSums first, WarpSums second) => (_first, _second) = (first, second);

    public static bool IsOfWarpgroup => false;

    public static int Tokens => 2 * Tile.HalfRows;

    public static int Outputs => Tile.Outputs;

    public static int Output => OperandTile.WarpOutput;

    public static int Token(int half) => OperandTile.WarpToken + (half * Tokens);

    public WarpTileSums Add<TOperands>(uint step)
        where TOperands : struct, IOperandFormat
    {
        var w = OperandTile.Columns(step, 0);
        if (TOperands.IsSplit)
        {
            // The smaller products first.
            var xLow = OperandTile.Rows(step, 1);
            var first = _first.Add<TOperands>(xLow.X0, xLow.X1, w);
            var second = _second.Add<TOperands>(xLow.X2, xLow.X3, w);
            var x = OperandTile.Rows(step, 0);
            var wLow = OperandTile.Columns(step, 1);
            return new WarpTileSums(
                first.Add<TOperands>(x.X0, x.X1, wLow).Add<TOperands>(x.X0, x.X1, w),
                second.Add<TOperands>(x.X2, x.X3, wLow).Add<TOperands>(x.X2, x.X3, w));
        }
        else
        {
            var x = OperandTile.Rows(step, 0);
            var first = _first.Add<TOperands>(x.X0, x.X1, w);
            var second = _second.Add<TOperands>(x.X2, x.X3, w);
            var nextX = OperandTile.Rows(step, 1);
            var nextW = OperandTile.Columns(step, 1);
            return new WarpTileSums(
                first.Add<TOperands>(nextX.X0, nextX.X1, nextW), second.Add<TOperands>(nextX.X2, nextX.X3, nextW));
        }
    }

    public void Store(ArrayView<float> to, int warp)
    {
        const int quarter = Tile.StoredRows * Tile.SumPitch;
        _first.Store(to, warp, 0);
        _first.Store(to, warp + quarter, 1);
        _first.Store(to, warp + (2 * quarter), 2);
        _first.Store(to, warp + ((Quarters - 1) * quarter), Quarters - 1);
    }

    public WarpTileSums Exchanged() => new(_second, _first);
}
