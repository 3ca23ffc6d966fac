using System.Runtime.CompilerServices;
using IlZo.Arithmetic.Vectors;

namespace IlZo.Backends.Cpu;

/// <summary>
/// The innermost loop of everything that multiplies: Y[rows][lanes] += W[rows][depth] · X[depth][lanes], with the tile of Y in
/// registers. A weight is broadcast; tokens are the lanes, two vectors of them, or one where the second is <see cref="NoVector{TVector}"/>.
/// </summary>
/// <remarks>
/// Twelve rows take 24 accumulators of the 32 registers of AVX-512 and Arm64; six rows take 12 of the 16 of AVX2.
/// Rows of W are a constant apart, so one pointer addresses all of them; those of X and Y have <see cref="Panel.Lanes"/>. Every lane sums
/// over depth in order: a token's result does not depend on its neighbours.
/// The methods are compiled optimized at once: they are called for a long time before tiering would notice them.
/// </remarks>
/// <typeparam name="TVector">A vector of tokens.</typeparam>
/// <typeparam name="TSimd">Computes the first vector.</typeparam>
/// <typeparam name="TSecond">Computes the second.</typeparam>
/// <typeparam name="TOrder">How W lies.</typeparam>
internal static unsafe class MicroKernel<TVector, TSimd, TSecond, TOrder>
    where TVector : struct
    where TSimd : struct, ISimd<TVector>
    where TSecond : struct, IAccumulator<TVector>
    where TOrder : struct, IWeightOrder
{
    /// <summary>12 rows.</summary>
    /// <param name="w">The first row's weight at depth 0.</param>
    /// <param name="stride">Floats between depths, where the order of W leaves it open.</param>
    /// <param name="x">The tokens at depth 0.</param>
    /// <param name="y">The tokens' first row.</param>
    /// <param name="depth">Products of a sum.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Rows12(float* w, int stride, float* x, float* y, int depth)
    {
        int width = TSimd.Width;
        var a0 = TSimd.Load(y + (0 * Panel.Lanes));
        var b0 = TSecond.Load(y + (0 * Panel.Lanes) + width);
        var a1 = TSimd.Load(y + (1 * Panel.Lanes));
        var b1 = TSecond.Load(y + (1 * Panel.Lanes) + width);
        var a2 = TSimd.Load(y + (2 * Panel.Lanes));
        var b2 = TSecond.Load(y + (2 * Panel.Lanes) + width);
        var a3 = TSimd.Load(y + (3 * Panel.Lanes));
        var b3 = TSecond.Load(y + (3 * Panel.Lanes) + width);
        var a4 = TSimd.Load(y + (4 * Panel.Lanes));
        var b4 = TSecond.Load(y + (4 * Panel.Lanes) + width);
        var a5 = TSimd.Load(y + (5 * Panel.Lanes));
        var b5 = TSecond.Load(y + (5 * Panel.Lanes) + width);
        var a6 = TSimd.Load(y + (6 * Panel.Lanes));
        var b6 = TSecond.Load(y + (6 * Panel.Lanes) + width);
        var a7 = TSimd.Load(y + (7 * Panel.Lanes));
        var b7 = TSecond.Load(y + (7 * Panel.Lanes) + width);
        var a8 = TSimd.Load(y + (8 * Panel.Lanes));
        var b8 = TSecond.Load(y + (8 * Panel.Lanes) + width);
        var a9 = TSimd.Load(y + (9 * Panel.Lanes));
        var b9 = TSecond.Load(y + (9 * Panel.Lanes) + width);
        var a10 = TSimd.Load(y + (10 * Panel.Lanes));
        var b10 = TSecond.Load(y + (10 * Panel.Lanes) + width);
        var a11 = TSimd.Load(y + (11 * Panel.Lanes));
        var b11 = TSecond.Load(y + (11 * Panel.Lanes) + width);
        for (int k = 0; k < depth; k++, w += TOrder.Step(stride), x += Panel.Lanes)
        {
            var x0 = TSimd.Load(x);
            var x1 = TSecond.Load(x + width);
            var s = TSimd.Broadcast(w[0]);
            a0 = TSimd.FusedMultiplyAdd(s, x0, a0);
            b0 = TSecond.FusedMultiplyAdd(s, x1, b0);
            s = TSimd.Broadcast(w[1 * TOrder.Row]);
            a1 = TSimd.FusedMultiplyAdd(s, x0, a1);
            b1 = TSecond.FusedMultiplyAdd(s, x1, b1);
            s = TSimd.Broadcast(w[2 * TOrder.Row]);
            a2 = TSimd.FusedMultiplyAdd(s, x0, a2);
            b2 = TSecond.FusedMultiplyAdd(s, x1, b2);
            s = TSimd.Broadcast(w[3 * TOrder.Row]);
            a3 = TSimd.FusedMultiplyAdd(s, x0, a3);
            b3 = TSecond.FusedMultiplyAdd(s, x1, b3);
            s = TSimd.Broadcast(w[4 * TOrder.Row]);
            a4 = TSimd.FusedMultiplyAdd(s, x0, a4);
            b4 = TSecond.FusedMultiplyAdd(s, x1, b4);
            s = TSimd.Broadcast(w[5 * TOrder.Row]);
            a5 = TSimd.FusedMultiplyAdd(s, x0, a5);
            b5 = TSecond.FusedMultiplyAdd(s, x1, b5);
            s = TSimd.Broadcast(w[6 * TOrder.Row]);
            a6 = TSimd.FusedMultiplyAdd(s, x0, a6);
            b6 = TSecond.FusedMultiplyAdd(s, x1, b6);
            s = TSimd.Broadcast(w[7 * TOrder.Row]);
            a7 = TSimd.FusedMultiplyAdd(s, x0, a7);
            b7 = TSecond.FusedMultiplyAdd(s, x1, b7);
            s = TSimd.Broadcast(w[8 * TOrder.Row]);
            a8 = TSimd.FusedMultiplyAdd(s, x0, a8);
            b8 = TSecond.FusedMultiplyAdd(s, x1, b8);
            s = TSimd.Broadcast(w[9 * TOrder.Row]);
            a9 = TSimd.FusedMultiplyAdd(s, x0, a9);
            b9 = TSecond.FusedMultiplyAdd(s, x1, b9);
            s = TSimd.Broadcast(w[10 * TOrder.Row]);
            a10 = TSimd.FusedMultiplyAdd(s, x0, a10);
            b10 = TSecond.FusedMultiplyAdd(s, x1, b10);
            s = TSimd.Broadcast(w[11 * TOrder.Row]);
            a11 = TSimd.FusedMultiplyAdd(s, x0, a11);
            b11 = TSecond.FusedMultiplyAdd(s, x1, b11);
        }

        TSimd.Store(a0, y + (0 * Panel.Lanes));
        TSecond.Store(b0, y + (0 * Panel.Lanes) + width);
        TSimd.Store(a1, y + (1 * Panel.Lanes));
        TSecond.Store(b1, y + (1 * Panel.Lanes) + width);
        TSimd.Store(a2, y + (2 * Panel.Lanes));
        TSecond.Store(b2, y + (2 * Panel.Lanes) + width);
        TSimd.Store(a3, y + (3 * Panel.Lanes));
        TSecond.Store(b3, y + (3 * Panel.Lanes) + width);
        TSimd.Store(a4, y + (4 * Panel.Lanes));
        TSecond.Store(b4, y + (4 * Panel.Lanes) + width);
        TSimd.Store(a5, y + (5 * Panel.Lanes));
        TSecond.Store(b5, y + (5 * Panel.Lanes) + width);
        TSimd.Store(a6, y + (6 * Panel.Lanes));
        TSecond.Store(b6, y + (6 * Panel.Lanes) + width);
        TSimd.Store(a7, y + (7 * Panel.Lanes));
        TSecond.Store(b7, y + (7 * Panel.Lanes) + width);
        TSimd.Store(a8, y + (8 * Panel.Lanes));
        TSecond.Store(b8, y + (8 * Panel.Lanes) + width);
        TSimd.Store(a9, y + (9 * Panel.Lanes));
        TSecond.Store(b9, y + (9 * Panel.Lanes) + width);
        TSimd.Store(a10, y + (10 * Panel.Lanes));
        TSecond.Store(b10, y + (10 * Panel.Lanes) + width);
        TSimd.Store(a11, y + (11 * Panel.Lanes));
        TSecond.Store(b11, y + (11 * Panel.Lanes) + width);
    }

    /// <summary>6 rows.</summary>
    /// <param name="w">The first row's weight at depth 0.</param>
    /// <param name="stride">Floats between depths, where the order of W leaves it open.</param>
    /// <param name="x">The tokens at depth 0.</param>
    /// <param name="y">The tokens' first row.</param>
    /// <param name="depth">Products of a sum.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Rows6(float* w, int stride, float* x, float* y, int depth)
    {
        int width = TSimd.Width;
        var a0 = TSimd.Load(y + (0 * Panel.Lanes));
        var b0 = TSecond.Load(y + (0 * Panel.Lanes) + width);
        var a1 = TSimd.Load(y + (1 * Panel.Lanes));
        var b1 = TSecond.Load(y + (1 * Panel.Lanes) + width);
        var a2 = TSimd.Load(y + (2 * Panel.Lanes));
        var b2 = TSecond.Load(y + (2 * Panel.Lanes) + width);
        var a3 = TSimd.Load(y + (3 * Panel.Lanes));
        var b3 = TSecond.Load(y + (3 * Panel.Lanes) + width);
        var a4 = TSimd.Load(y + (4 * Panel.Lanes));
        var b4 = TSecond.Load(y + (4 * Panel.Lanes) + width);
        var a5 = TSimd.Load(y + (5 * Panel.Lanes));
        var b5 = TSecond.Load(y + (5 * Panel.Lanes) + width);
        for (int k = 0; k < depth; k++, w += TOrder.Step(stride), x += Panel.Lanes)
        {
            var x0 = TSimd.Load(x);
            var x1 = TSecond.Load(x + width);
            var s = TSimd.Broadcast(w[0]);
            a0 = TSimd.FusedMultiplyAdd(s, x0, a0);
            b0 = TSecond.FusedMultiplyAdd(s, x1, b0);
            s = TSimd.Broadcast(w[1 * TOrder.Row]);
            a1 = TSimd.FusedMultiplyAdd(s, x0, a1);
            b1 = TSecond.FusedMultiplyAdd(s, x1, b1);
            s = TSimd.Broadcast(w[2 * TOrder.Row]);
            a2 = TSimd.FusedMultiplyAdd(s, x0, a2);
            b2 = TSecond.FusedMultiplyAdd(s, x1, b2);
            s = TSimd.Broadcast(w[3 * TOrder.Row]);
            a3 = TSimd.FusedMultiplyAdd(s, x0, a3);
            b3 = TSecond.FusedMultiplyAdd(s, x1, b3);
            s = TSimd.Broadcast(w[4 * TOrder.Row]);
            a4 = TSimd.FusedMultiplyAdd(s, x0, a4);
            b4 = TSecond.FusedMultiplyAdd(s, x1, b4);
            s = TSimd.Broadcast(w[5 * TOrder.Row]);
            a5 = TSimd.FusedMultiplyAdd(s, x0, a5);
            b5 = TSecond.FusedMultiplyAdd(s, x1, b5);
        }

        TSimd.Store(a0, y + (0 * Panel.Lanes));
        TSecond.Store(b0, y + (0 * Panel.Lanes) + width);
        TSimd.Store(a1, y + (1 * Panel.Lanes));
        TSecond.Store(b1, y + (1 * Panel.Lanes) + width);
        TSimd.Store(a2, y + (2 * Panel.Lanes));
        TSecond.Store(b2, y + (2 * Panel.Lanes) + width);
        TSimd.Store(a3, y + (3 * Panel.Lanes));
        TSecond.Store(b3, y + (3 * Panel.Lanes) + width);
        TSimd.Store(a4, y + (4 * Panel.Lanes));
        TSecond.Store(b4, y + (4 * Panel.Lanes) + width);
        TSimd.Store(a5, y + (5 * Panel.Lanes));
        TSecond.Store(b5, y + (5 * Panel.Lanes) + width);
    }
}
