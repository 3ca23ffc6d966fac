using System.Runtime.CompilerServices;
using IlZo.Arithmetic.Vectors;

namespace IlZo.Backends.Cpu;

/// <summary>
/// The layout that all products share, and the product of a packed slice of weight rows with a panel of tokens.
/// </summary>
/// <remarks>
/// Activations lie as [panel][feature][32 tokens]; weights are packed as rows of up to 192 fp32 numbers, one slice of the
/// summed dimension at a time, so that a slice of X (24 kB) stays in the first-level cache while the rows pass.
/// </remarks>
internal static unsafe class Panel
{
    /// <summary>Tokens in a panel.</summary>
    public const int Lanes = 32;

    /// <summary>The longest slice of the summed dimension.</summary>
    public const int Depth = 192;

    /// <summary>
    /// Floats from one packed row to the next: a little more than <see cref="Depth"/>, so that rows do not compete for cache sets.
    /// </summary>
    public const int Stride = Depth + 16;

    /// <summary>Rows of a packed block are padded with zeros to a multiple of this.</summary>
    public const int RowGroup = 6;

    /// <summary>Rows padded to whole groups.</summary>
    public static int Padded(int rows) => (rows + RowGroup - 1) / RowGroup * RowGroup;

    /// <summary>Y[rows][lanes] += W[rows][depth] · X[depth][lanes]; other rows of Y are left alone.</summary>
    /// <param name="w">Packed rows, <see cref="Padded"/> of them.</param>
    /// <param name="rows">Rows of Y to change.</param>
    /// <param name="x">The panel's slice.</param>
    /// <param name="lanes">Tokens of the panel to compute, from the first on; of the others those that come without further work
    /// are.</param>
    /// <param name="y">The first row of the result.</param>
    /// <param name="depth">Columns of the slice, at most <see cref="Depth"/>.</param>
    public static void Multiply(float* w, int rows, float* x, int lanes, float* y, int depth) =>
        Multiply<RowsOfDepth>(w, Stride, rows, x, lanes, y, depth);

    /// <summary>Y[rows][lanes] += Wᵀ · X[depth][lanes] with W as [depth][<paramref name="stride"/>].</summary>
    /// <param name="w">The first row's weight at depth 0.</param>
    /// <param name="stride">Floats from one depth to the next, at least <see cref="Padded"/> rows.</param>
    /// <param name="rows">Rows of Y to change.</param>
    /// <param name="x">The panel's slice.</param>
    /// <param name="lanes">Tokens of the panel to compute, from the first on; of the others those that come without further work
    /// are.</param>
    /// <param name="y">The first row of the result.</param>
    /// <param name="depth">Rows of the stored slice.</param>
    public static void MultiplyTransposed(float* w, int stride, int rows, float* x, int lanes, float* y, int depth) =>
        Multiply<DepthOfRows>(w, stride, rows, x, lanes, y, depth);

    private static void Multiply<TOrder>(float* w, int stride, int rows, float* x, int lanes, float* y, int depth)
        where TOrder : struct, IWeightOrder
    {
        int whole = rows / RowGroup * RowGroup;
        MultiplyGroups<TOrder>(w, stride, whole, x, lanes, y, depth);
        if (rows > whole)
        {
            float* tile = stackalloc float[RowGroup * Lanes];
            CopyRest(y + (whole * Lanes), tile, rows - whole);
            MultiplyGroups<TOrder>(w + (whole * TOrder.Row), stride, RowGroup, x, lanes, tile, depth);
            CopyRest(tile, y + (whole * Lanes), rows - whole);
        }
    }

    private static void CopyRest(float* from, float* to, int rows) =>
        Buffer.MemoryCopy(from, to, rows * Lanes * sizeof(float), rows * Lanes * sizeof(float));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void MultiplyGroups<TOrder>(float* w, int stride, int rows, float* x, int lanes, float* y, int depth)
        where TOrder : struct, IWeightOrder =>
        VectorWidth.Use(new GroupsWork<TOrder>(w, stride, rows, x, lanes, y, depth));

    private readonly struct GroupsWork<TOrder>(float* w, int stride, int rows, float* x, int lanes, float* y, int depth) : IVectorWork
        where TOrder : struct, IWeightOrder
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void Do<TVector, TSimd>()
            where TVector : struct
            where TSimd : struct, ISimd<TVector>
        {
            if (lanes <= TSimd.Width)
            {
                MultiplyGroups<TVector, TSimd, NoVector<TVector>, TOrder>(w, stride, rows, x, lanes, y, depth);
            }
            else
            {
                MultiplyGroups<TVector, TSimd, TSimd, TOrder>(w, stride, rows, x, lanes, y, depth);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void MultiplyGroups<TVector, TSimd, TSecond, TOrder>(
        float* w, int stride, int rows, float* x, int lanes, float* y, int depth)
        where TVector : struct
        where TSimd : struct, ISimd<TVector>
        where TSecond : struct, IAccumulator<TVector>
        where TOrder : struct, IWeightOrder
    {
        int row = 0;
        for (; TSimd.Registers >= 32 && row + 12 <= rows; row += 12)
        {
            for (int lane = 0; lane < lanes; lane += 2 * TSimd.Width)
            {
                MicroKernel<TVector, TSimd, TSecond, TOrder>.Rows12(
                    w + (row * TOrder.Row), stride, x + lane, y + (row * Lanes) + lane, depth);
            }
        }

        for (; row < rows; row += 6)
        {
            for (int lane = 0; lane < lanes; lane += 2 * TSimd.Width)
            {
                MicroKernel<TVector, TSimd, TSecond, TOrder>.Rows6(
                    w + (row * TOrder.Row), stride, x + lane, y + (row * Lanes) + lane, depth);
            }
        }
    }
}
