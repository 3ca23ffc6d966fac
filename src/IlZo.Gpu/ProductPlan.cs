using IlZo.Backends;
using IlZo.Kernels.TensorCores;

namespace IlZo.Gpu;

/// <summary>
/// Which kernel multiplies. On tensor cores <see cref="TensorLinear"/> perturbs weights while it multiplies, once for each tile of tokens;
/// where there are several tiles, <see cref="WeightOperands"/> does so once for all of them, and <see cref="OperandProduct"/> multiplies.
/// Results have the same bits.
/// </summary>
internal static class ProductPlan
{
    /// <summary>Whether weights are prepared before a product of many outputs.</summary>
    /// <param name="products">What products are computed in.</param>
    /// <param name="tokens">The tokens of a probe.</param>
    public static bool IsPrepared(ProductPrecision products, int tokens) => tokens > products switch
    {
        ProductPrecision.Fp32 => int.MaxValue,
        ProductPrecision.SplitBFloat16 => GpuMemory.SplitTokens,
        _ => GpuMemory.SingleTokens,
    };

    /// <summary>Whether weights are prepared; a product of few outputs is no more than a tile of <see cref="TensorLinear"/> wide.</summary>
    /// <param name="products">What products are computed in.</param>
    /// <param name="tokens">The tokens of a probe.</param>
    /// <param name="outputs">The outputs.</param>
    public static bool IsPrepared(ProductPrecision products, int tokens, int outputs) =>
        outputs > Tile.Outputs && IsPrepared(products, tokens);

    /// <summary>Words of a row of x in cells; 0 where products read the activation itself.</summary>
    /// <param name="products">What products are computed in.</param>
    /// <param name="inputs">The numbers of a row.</param>
    /// <param name="isPrepared">Whether weights are prepared.</param>
    public static int WordsOfRow(ProductPrecision products, int inputs, bool isPrepared) => products switch
    {
        ProductPrecision.Fp32 => 0,
        ProductPrecision.SplitBFloat16 => isPrepared ? Cells<SplitOperands>.WordsOfRow(inputs) : 0,
        _ => Cells<HalfOperands>.WordsOfRow(inputs),
    };
}
