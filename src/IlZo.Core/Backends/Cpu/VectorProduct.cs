using System.Runtime.CompilerServices;
using IlZo.Arithmetic;
using IlZo.Arithmetic.Vectors;
using IlZo.Tensors;

namespace IlZo.Backends.Cpu;

/// <summary>
/// Weights times one token, y[n] = Σ W[n][k]·x[k]: what generating text consists of. Bound by reading W, so weights go from
/// memory through registers into the sums, nothing is packed, and rows follow each other as they lie: one stream of addresses that is
/// asked for a few kilobytes ahead, across the ends of pages where the processor's own prefetching stops. Of a W that is stored [in, out]
/// four rows are read side by side.
/// </summary>
internal static unsafe class VectorProduct
{
    private const int Unroll = 4;

    // A row is added up in as many sums whatever the width of vectors, so that the bits do not depend on it.
    private const int Sums = 64;

    private const int PrefetchBytes = 2048;

    // Columns whose sums stay in the first-level cache beside the weights of eight rows.
    private const int Chunk = 2048;

    /// <summary>Computes rows <paramref name="row"/> … of y from the contiguous <paramref name="x"/>.</summary>
    public static void Multiply(Parameter weight, int row, int rows, float* x, float* y) =>
        Multiply(weight, WeightLayout.OutIn, row, rows, x, y);

    /// <summary>
    /// y[n] += Σ W[<paramref name="row"/> + k][n]·x[k] over <paramref name="rows"/> rows of a W that is stored [in, out].
    /// </summary>
    public static void AddTransposed(Parameter weight, int row, int rows, float* x, float* y) =>
        Multiply(weight, WeightLayout.InOut, row, rows, x, y);

    private static void Multiply(Parameter weight, WeightLayout layout, int row, int rows, float* x, float* y) =>
        StoredWeights.Use(weight.Type, new Work(weight, layout, row, rows, x, y));

    private readonly struct Work(Parameter weight, WeightLayout layout, int row, int rows, float* x, float* y) : IStoredWork
    {
        public void Do<TVector, TSimd, TFormat>()
            where TVector : struct
            where TSimd : struct, ISimd<TVector>
            where TFormat : struct, IWeightFormat<TVector> =>
            Multiply<TVector, TSimd, TFormat>(weight, layout, row, rows, x, y);
    }

    private static void Multiply<TVector, TSimd, TFormat>(Parameter weight, WeightLayout layout, int row, int rows, float* x, float* y)
        where TVector : struct
        where TSimd : struct, ISimd<TVector>
        where TFormat : struct, IWeightFormat<TVector>
    {
        if (layout == WeightLayout.OutIn)
        {
            MultiplyRows<TVector, TSimd, TFormat>(weight, row, rows, x, y);
            return;
        }

        // Rows beyond the last one are the last one times zero.
        float* factors = stackalloc float[Unroll];
        byte** at = stackalloc byte*[Unroll];
        for (int column = 0; column < weight.Columns; column += Chunk)
        {
            for (int r = 0; r < rows; r += Unroll)
            {
                for (int i = 0; i < Unroll; i++)
                {
                    factors[i] = r + i < rows ? x[r + i] : 0;
                    at[i] = weight.At(row + Math.Min(r + i, rows - 1), column);
                }

                AddRows<TVector, TSimd, TFormat>(weight, at, factors, y + column, Math.Min(Chunk, weight.Columns - column));
            }
        }
    }

    private static void MultiplyRows<TVector, TSimd, TFormat>(Parameter weight, int row, int rows, float* x, float* y)
        where TVector : struct
        where TSimd : struct, ISimd<TVector>
        where TFormat : struct, IWeightFormat<TVector>
    {
        int columns = weight.Columns;
        int whole = columns / Sums * Sums;
        for (int r = 0; r < rows; r++)
        {
            y[r] = Row<TVector, TSimd, TFormat>(weight.At(row + r, 0), x, whole);
        }

        for (int r = 0; r < rows; r++)
        {
            for (int k = whole; k < columns; k++)
            {
                y[r] += Widening.Read(weight.Type, weight.At(row + r, k)) * x[k];
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static float Row<TVector, TSimd, TFormat>(byte* w, float* x, int columns)
        where TVector : struct
        where TSimd : struct, ISimd<TVector>
        where TFormat : struct, IWeightFormat<TVector>
    {
        int width = TSimd.Width;
        int step = width * TFormat.Size;
        float* sums = stackalloc float[Sums];
        for (int first = 0; first < Sums; first += Unroll * width)
        {
            var zero = TSimd.Broadcast(0);
            TVector a = zero, b = zero, c = zero, d = zero;
            byte* from = w + ((long)first * TFormat.Size);
            for (int k = first; k < columns; k += Sums, from += Sums * TFormat.Size)
            {
                CacheLines.Prefetch(from + PrefetchBytes, Unroll * step);
                a = TSimd.FusedMultiplyAdd(TFormat.Load(from), TSimd.Load(x + k), a);
                b = TSimd.FusedMultiplyAdd(TFormat.Load(from + step), TSimd.Load(x + k + width), b);
                c = TSimd.FusedMultiplyAdd(TFormat.Load(from + (2 * step)), TSimd.Load(x + k + (2 * width)), c);
                d = TSimd.FusedMultiplyAdd(TFormat.Load(from + (3 * step)), TSimd.Load(x + k + (3 * width)), d);
            }

            TSimd.Store(a, sums + first);
            TSimd.Store(b, sums + first + width);
            TSimd.Store(c, sums + first + (2 * width));
            TSimd.Store(d, sums + first + (3 * width));
        }

        // The upper half is added to the lower one until a vector is left, which goes on so.
        for (int half = Sums / 2; half >= width; half /= 2)
        {
            for (int i = 0; i < half; i += width)
            {
                TSimd.Store(TSimd.Add(TSimd.Load(sums + i), TSimd.Load(sums + i + half)), sums + i);
            }
        }

        return TSimd.Sum(TSimd.Load(sums));
    }

    // Four rows at a time, so that y is read and written once for four products; the next four are asked for meanwhile.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void AddRows<TVector, TSimd, TFormat>(Parameter weight, byte** rows, float* x, float* y, int columns)
        where TVector : struct
        where TSimd : struct, ISimd<TVector>
        where TFormat : struct, IWeightFormat<TVector>
    {
        int width = TSimd.Width;
        int step = width * TFormat.Size;
        long next = Unroll * (long)weight.Columns * TFormat.Size;
        byte* w0 = rows[0], w1 = rows[1], w2 = rows[2], w3 = rows[3];
        TVector x0 = TSimd.Broadcast(x[0]), x1 = TSimd.Broadcast(x[1]), x2 = TSimd.Broadcast(x[2]), x3 = TSimd.Broadcast(x[3]);
        int column = 0;
        for (; column <= columns - (2 * width); column += 2 * width, w0 += 2 * step, w1 += 2 * step, w2 += 2 * step, w3 += 2 * step)
        {
            CacheLines.Prefetch(w0 + next, 1);
            CacheLines.Prefetch(w1 + next, 1);
            CacheLines.Prefetch(w2 + next, 1);
            CacheLines.Prefetch(w3 + next, 1);
            var a = TSimd.Load(y + column);
            var b = TSimd.Load(y + column + width);
            a = TSimd.FusedMultiplyAdd(TFormat.Load(w0), x0, a);
            b = TSimd.FusedMultiplyAdd(TFormat.Load(w0 + step), x0, b);
            a = TSimd.FusedMultiplyAdd(TFormat.Load(w1), x1, a);
            b = TSimd.FusedMultiplyAdd(TFormat.Load(w1 + step), x1, b);
            a = TSimd.FusedMultiplyAdd(TFormat.Load(w2), x2, a);
            b = TSimd.FusedMultiplyAdd(TFormat.Load(w2 + step), x2, b);
            a = TSimd.FusedMultiplyAdd(TFormat.Load(w3), x3, a);
            b = TSimd.FusedMultiplyAdd(TFormat.Load(w3 + step), x3, b);
            TSimd.Store(a, y + column);
            TSimd.Store(b, y + column + width);
        }

        for (int i = 0; i < Unroll; i++)
        {
            for (int c = column; c < columns; c++)
            {
                y[c] = Scalar.FusedMultiplyAdd(Widening.Read(weight.Type, rows[i] + ((long)c * TFormat.Size)), x[i], y[c]);
            }
        }
    }
}
