using System.Runtime.CompilerServices;

namespace IlZo.Backends.Cpu;

/// <summary>
/// The same products with W transposed in memory, [depth][rows]: the way keys lie, features first, so that scores need no packing.
/// See <see cref="MicroKernel{TVector, TSimd}"/>.
/// </summary>
internal static unsafe class TransposedMicroKernel<TVector, TSimd>
    where TVector : struct
    where TSimd : struct, ISimd<TVector>
{
    /// <summary>12 rows of a W that lies as [depth][rows], <paramref name="stride"/> floats from one depth to the next.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Columns12(float* w, int stride, float* x, float* y, int depth)
    {
        int width = TSimd.Width;
        var a0 = TSimd.Load(y + (0 * Panel.Lanes));
        var b0 = TSimd.Load(y + (0 * Panel.Lanes) + width);
        var a1 = TSimd.Load(y + (1 * Panel.Lanes));
        var b1 = TSimd.Load(y + (1 * Panel.Lanes) + width);
        var a2 = TSimd.Load(y + (2 * Panel.Lanes));
        var b2 = TSimd.Load(y + (2 * Panel.Lanes) + width);
        var a3 = TSimd.Load(y + (3 * Panel.Lanes));
        var b3 = TSimd.Load(y + (3 * Panel.Lanes) + width);
        var a4 = TSimd.Load(y + (4 * Panel.Lanes));
        var b4 = TSimd.Load(y + (4 * Panel.Lanes) + width);
        var a5 = TSimd.Load(y + (5 * Panel.Lanes));
        var b5 = TSimd.Load(y + (5 * Panel.Lanes) + width);
        var a6 = TSimd.Load(y + (6 * Panel.Lanes));
        var b6 = TSimd.Load(y + (6 * Panel.Lanes) + width);
        var a7 = TSimd.Load(y + (7 * Panel.Lanes));
        var b7 = TSimd.Load(y + (7 * Panel.Lanes) + width);
        var a8 = TSimd.Load(y + (8 * Panel.Lanes));
        var b8 = TSimd.Load(y + (8 * Panel.Lanes) + width);
        var a9 = TSimd.Load(y + (9 * Panel.Lanes));
        var b9 = TSimd.Load(y + (9 * Panel.Lanes) + width);
        var a10 = TSimd.Load(y + (10 * Panel.Lanes));
        var b10 = TSimd.Load(y + (10 * Panel.Lanes) + width);
        var a11 = TSimd.Load(y + (11 * Panel.Lanes));
        var b11 = TSimd.Load(y + (11 * Panel.Lanes) + width);
        for (int k = 0; k < depth; k++, w += stride, x += Panel.Lanes)
        {
            var x0 = TSimd.Load(x);
            var x1 = TSimd.Load(x + width);
            var s = TSimd.Broadcast(w[0]);
            a0 = TSimd.MultiplyAdd(s, x0, a0);
            b0 = TSimd.MultiplyAdd(s, x1, b0);
            s = TSimd.Broadcast(w[1]);
            a1 = TSimd.MultiplyAdd(s, x0, a1);
            b1 = TSimd.MultiplyAdd(s, x1, b1);
            s = TSimd.Broadcast(w[2]);
            a2 = TSimd.MultiplyAdd(s, x0, a2);
            b2 = TSimd.MultiplyAdd(s, x1, b2);
            s = TSimd.Broadcast(w[3]);
            a3 = TSimd.MultiplyAdd(s, x0, a3);
            b3 = TSimd.MultiplyAdd(s, x1, b3);
            s = TSimd.Broadcast(w[4]);
            a4 = TSimd.MultiplyAdd(s, x0, a4);
            b4 = TSimd.MultiplyAdd(s, x1, b4);
            s = TSimd.Broadcast(w[5]);
            a5 = TSimd.MultiplyAdd(s, x0, a5);
            b5 = TSimd.MultiplyAdd(s, x1, b5);
            s = TSimd.Broadcast(w[6]);
            a6 = TSimd.MultiplyAdd(s, x0, a6);
            b6 = TSimd.MultiplyAdd(s, x1, b6);
            s = TSimd.Broadcast(w[7]);
            a7 = TSimd.MultiplyAdd(s, x0, a7);
            b7 = TSimd.MultiplyAdd(s, x1, b7);
            s = TSimd.Broadcast(w[8]);
            a8 = TSimd.MultiplyAdd(s, x0, a8);
            b8 = TSimd.MultiplyAdd(s, x1, b8);
            s = TSimd.Broadcast(w[9]);
            a9 = TSimd.MultiplyAdd(s, x0, a9);
            b9 = TSimd.MultiplyAdd(s, x1, b9);
            s = TSimd.Broadcast(w[10]);
            a10 = TSimd.MultiplyAdd(s, x0, a10);
            b10 = TSimd.MultiplyAdd(s, x1, b10);
            s = TSimd.Broadcast(w[11]);
            a11 = TSimd.MultiplyAdd(s, x0, a11);
            b11 = TSimd.MultiplyAdd(s, x1, b11);
        }

        TSimd.Store(a0, y + (0 * Panel.Lanes));
        TSimd.Store(b0, y + (0 * Panel.Lanes) + width);
        TSimd.Store(a1, y + (1 * Panel.Lanes));
        TSimd.Store(b1, y + (1 * Panel.Lanes) + width);
        TSimd.Store(a2, y + (2 * Panel.Lanes));
        TSimd.Store(b2, y + (2 * Panel.Lanes) + width);
        TSimd.Store(a3, y + (3 * Panel.Lanes));
        TSimd.Store(b3, y + (3 * Panel.Lanes) + width);
        TSimd.Store(a4, y + (4 * Panel.Lanes));
        TSimd.Store(b4, y + (4 * Panel.Lanes) + width);
        TSimd.Store(a5, y + (5 * Panel.Lanes));
        TSimd.Store(b5, y + (5 * Panel.Lanes) + width);
        TSimd.Store(a6, y + (6 * Panel.Lanes));
        TSimd.Store(b6, y + (6 * Panel.Lanes) + width);
        TSimd.Store(a7, y + (7 * Panel.Lanes));
        TSimd.Store(b7, y + (7 * Panel.Lanes) + width);
        TSimd.Store(a8, y + (8 * Panel.Lanes));
        TSimd.Store(b8, y + (8 * Panel.Lanes) + width);
        TSimd.Store(a9, y + (9 * Panel.Lanes));
        TSimd.Store(b9, y + (9 * Panel.Lanes) + width);
        TSimd.Store(a10, y + (10 * Panel.Lanes));
        TSimd.Store(b10, y + (10 * Panel.Lanes) + width);
        TSimd.Store(a11, y + (11 * Panel.Lanes));
        TSimd.Store(b11, y + (11 * Panel.Lanes) + width);
    }

    /// <summary>6 rows of a W that lies as [depth][rows], <paramref name="stride"/> floats from one depth to the next.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Columns6(float* w, int stride, float* x, float* y, int depth)
    {
        int width = TSimd.Width;
        var a0 = TSimd.Load(y + (0 * Panel.Lanes));
        var b0 = TSimd.Load(y + (0 * Panel.Lanes) + width);
        var a1 = TSimd.Load(y + (1 * Panel.Lanes));
        var b1 = TSimd.Load(y + (1 * Panel.Lanes) + width);
        var a2 = TSimd.Load(y + (2 * Panel.Lanes));
        var b2 = TSimd.Load(y + (2 * Panel.Lanes) + width);
        var a3 = TSimd.Load(y + (3 * Panel.Lanes));
        var b3 = TSimd.Load(y + (3 * Panel.Lanes) + width);
        var a4 = TSimd.Load(y + (4 * Panel.Lanes));
        var b4 = TSimd.Load(y + (4 * Panel.Lanes) + width);
        var a5 = TSimd.Load(y + (5 * Panel.Lanes));
        var b5 = TSimd.Load(y + (5 * Panel.Lanes) + width);
        for (int k = 0; k < depth; k++, w += stride, x += Panel.Lanes)
        {
            var x0 = TSimd.Load(x);
            var x1 = TSimd.Load(x + width);
            var s = TSimd.Broadcast(w[0]);
            a0 = TSimd.MultiplyAdd(s, x0, a0);
            b0 = TSimd.MultiplyAdd(s, x1, b0);
            s = TSimd.Broadcast(w[1]);
            a1 = TSimd.MultiplyAdd(s, x0, a1);
            b1 = TSimd.MultiplyAdd(s, x1, b1);
            s = TSimd.Broadcast(w[2]);
            a2 = TSimd.MultiplyAdd(s, x0, a2);
            b2 = TSimd.MultiplyAdd(s, x1, b2);
            s = TSimd.Broadcast(w[3]);
            a3 = TSimd.MultiplyAdd(s, x0, a3);
            b3 = TSimd.MultiplyAdd(s, x1, b3);
            s = TSimd.Broadcast(w[4]);
            a4 = TSimd.MultiplyAdd(s, x0, a4);
            b4 = TSimd.MultiplyAdd(s, x1, b4);
            s = TSimd.Broadcast(w[5]);
            a5 = TSimd.MultiplyAdd(s, x0, a5);
            b5 = TSimd.MultiplyAdd(s, x1, b5);
        }

        TSimd.Store(a0, y + (0 * Panel.Lanes));
        TSimd.Store(b0, y + (0 * Panel.Lanes) + width);
        TSimd.Store(a1, y + (1 * Panel.Lanes));
        TSimd.Store(b1, y + (1 * Panel.Lanes) + width);
        TSimd.Store(a2, y + (2 * Panel.Lanes));
        TSimd.Store(b2, y + (2 * Panel.Lanes) + width);
        TSimd.Store(a3, y + (3 * Panel.Lanes));
        TSimd.Store(b3, y + (3 * Panel.Lanes) + width);
        TSimd.Store(a4, y + (4 * Panel.Lanes));
        TSimd.Store(b4, y + (4 * Panel.Lanes) + width);
        TSimd.Store(a5, y + (5 * Panel.Lanes));
        TSimd.Store(b5, y + (5 * Panel.Lanes) + width);
    }
}
