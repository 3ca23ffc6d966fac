using System.Runtime.CompilerServices;
using IlZo.Arithmetic;
using IlZo.Arithmetic.Vectors;
using IlZo.Tensors;

namespace IlZo.Backends.Cpu;

/// <summary>
/// Weights times a few tokens, y[n] = Σ W[n][k]·x[k]: what generating text consists of. Bound by reading W, so weights go from
/// memory through registers into the sums, nothing is packed, and rows follow each other as they lie: one stream of addresses that is
/// asked for a few kilobytes ahead, across the ends of pages where the processor's own prefetching stops. Of a W that is stored [in, out]
/// four rows are read side by side. For several tokens weights are widened once, and each token has the sums that it has alone.
/// </summary>
internal static unsafe class VectorProduct
{
    private const int Unroll = 4;

    /// <summary>A row is added up in as many sums whatever the width of vectors, so that the bits do not depend on it.</summary>
    public const int Sums = 64;

    private const int PrefetchBytes = 2048;

    // Columns whose sums stay in the first-level cache beside the weights of eight rows.
    private const int Chunk = 2048;

    // Columns of blocks that are widened at a time.
    private const int Slab = 1024;

    /// <summary>Computes rows <paramref name="row"/> … of y for each of <paramref name="tokens"/> contiguous x.</summary>
    public static void Multiply(Parameter weight, int row, int rows, VectorRows x, VectorRows y, int tokens) =>
        StoredWeights.Use(Loaded(weight), new Work(weight, WeightLayout.OutIn, row, rows, x, y, tokens));

    /// <summary>
    /// y[n] += Σ W[<paramref name="row"/> + k][n]·x[k] over <paramref name="rows"/> rows of a W that is stored [in, out], for each of
    /// <paramref name="tokens"/> tokens.
    /// </summary>
    public static void AddTransposed(Parameter weight, int row, int rows, VectorRows x, VectorRows y, int tokens) =>
        StoredWeights.Use(Loaded(weight), new Work(weight, WeightLayout.InOut, row, rows, x, y, tokens));

    // What the vectors are loaded from: blocks are widened first.
    private static DType Loaded(Parameter weight) => weight.Type.IsBlocked() ? DType.F32 : weight.Type;

    private readonly struct Work(Parameter weight, WeightLayout layout, int row, int rows, VectorRows x, VectorRows y, int tokens)
        : IStoredWork
    {
        public void Do<TVector, TSimd, TFormat>()
            where TVector : struct
            where TSimd : struct, ISimd<TVector>
            where TFormat : struct, IWeightFormat<TVector>
        {
            if (layout == WeightLayout.OutIn)
            {
                MultiplyRows<TVector, TSimd, TFormat>(weight, row, rows, x, y, tokens);
            }
            else
            {
                AddTransposedRows<TVector, TSimd, TFormat>(weight, row, rows, x, y, tokens);
            }
        }
    }

    private static void AddTransposedRows<TVector, TSimd, TFormat>(
        Parameter weight, int row, int rows, VectorRows x, VectorRows y, int tokens)
        where TVector : struct
        where TSimd : struct, ISimd<TVector>
        where TFormat : struct, IWeightFormat<TVector>
    {
        float* factors = stackalloc float[Unroll];
        bool areWidened = tokens > 1 || weight.Type.IsBlocked();
        float* widened = stackalloc float[areWidened ? Unroll * Chunk : 0];
        byte** at = stackalloc byte*[Unroll];
        for (int column = 0; column < weight.Columns; column += Chunk)
        {
            int columns = Math.Min(Chunk, weight.Columns - column);
            for (int r = 0; r < rows; r += Unroll)
            {
                // Rows beyond the last one are the last one times zero.
                for (int i = 0; i < Unroll; i++)
                {
                    int from = row + Math.Min(r + i, rows - 1);
                    if (areWidened)
                    {
                        float* to = widened + (i * Chunk);
                        Widening.Read(weight, from, column, to, columns);
                        at[i] = (byte*)to;
                    }
                    else
                    {
                        at[i] = weight.At(from, column);
                    }
                }

                for (int token = 0; token < tokens; token++)
                {
                    for (int i = 0; i < Unroll; i++)
                    {
                        factors[i] = r + i < rows ? x[token][r + i] : 0;
                    }

                    if (areWidened)
                    {
                        AddRows<TVector, TSimd, F32Format<TVector, TSimd>>(DType.F32, 0, at, factors, y[token] + column, columns);
                    }
                    else
                    {
                        long next = Unroll * (long)weight.Columns * TFormat.Size;
                        AddRows<TVector, TSimd, TFormat>(weight.Type, next, at, factors, y[token] + column, columns);
                    }
                }
            }
        }
    }

    private static void MultiplyRows<TVector, TSimd, TFormat>(
        Parameter weight, int row, int rows, VectorRows x, VectorRows y, int tokens)
        where TVector : struct
        where TSimd : struct, ISimd<TVector>
        where TFormat : struct, IWeightFormat<TVector>
    {
        int columns = weight.Columns;
        int whole = columns / Sums * Sums;
        if (tokens > 1)
        {
            TokenTiles.Multiply<TVector, TSimd>(weight, row, rows, whole, x, y, tokens);
        }
        else
        {
            for (int r = 0; r < rows; r++)
            {
                y[0][r] = weight.Type.IsBlocked()
                    ? BlockedRow<TVector, TSimd>(weight, row + r, x[0], whole)
                    : Row<TVector, TSimd, TFormat>(weight.At(row + r, 0), x[0], whole);
            }
        }

        if (whole == columns)
        {
            return;
        }

        float* rest = stackalloc float[Sums];
        for (int r = 0; r < rows; r++)
        {
            Widening.Read(weight, row + r, whole, rest, columns - whole);
            for (int token = 0; token < tokens; token++)
            {
                for (int k = whole; k < columns; k++)
                {
                    y[token][r] += rest[k - whole] * x[token][k];
                }
            }
        }
    }

    private static float BlockedRow<TVector, TSimd>(Parameter weight, int row, float* x, int columns)
        where TVector : struct
        where TSimd : struct, ISimd<TVector>
    {
        float* widened = stackalloc float[Slab];
        float* sums = stackalloc float[Sums];
        new Span<float>(sums, Sums).Clear();
        for (int column = 0; column < columns; column += Slab)
        {
            int count = Math.Min(Slab, columns - column);
            Widening.Read(weight, row, column, widened, count);
            Add<TVector, TSimd, F32Format<TVector, TSimd>>((byte*)widened, x + column, count, sums);
        }

        return Total<TVector, TSimd>(sums);
    }

    private static float Row<TVector, TSimd, TFormat>(byte* w, float* x, int columns)
        where TVector : struct
        where TSimd : struct, ISimd<TVector>
        where TFormat : struct, IWeightFormat<TVector>
    {
        float* sums = stackalloc float[Sums];
        new Span<float>(sums, Sums).Clear();
        Add<TVector, TSimd, TFormat>(w, x, columns, sums);
        return Total<TVector, TSimd>(sums);
    }

    // Adds the products of some columns, a multiple of the sums, to the sums.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Add<TVector, TSimd, TFormat>(byte* w, float* x, int columns, float* sums)
        where TVector : struct
        where TSimd : struct, ISimd<TVector>
        where TFormat : struct, IWeightFormat<TVector>
    {
        int width = TSimd.Width;
        int step = width * TFormat.Size;
        for (int first = 0; first < Sums; first += Unroll * width)
        {
            var a = TSimd.Load(sums + first);
            var b = TSimd.Load(sums + first + width);
            var c = TSimd.Load(sums + first + (2 * width));
            var d = TSimd.Load(sums + first + (3 * width));
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
    }

    /// <summary>The sum of the sums, which may change them.</summary>
    /// <remarks>
    /// The upper half of the sums is added to the lower one until a vector is left, which goes on so; in registers where there are only
    /// four vectors.
    /// </remarks>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Total<TVector, TSimd>(float* sums)
        where TVector : struct
        where TSimd : struct, ISimd<TVector>
    {
        int width = TSimd.Width;
        if (width == Sums / 4)
        {
            var even = TSimd.Add(TSimd.Load(sums), TSimd.Load(sums + (2 * width)));
            var odd = TSimd.Add(TSimd.Load(sums + width), TSimd.Load(sums + (3 * width)));
            return TSimd.Sum(TSimd.Add(even, odd));
        }

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
    private static void AddRows<TVector, TSimd, TFormat>(
        DType type, long next, byte** rows, float* x, float* y, int columns)
        where TVector : struct
        where TSimd : struct, ISimd<TVector>
        where TFormat : struct, IWeightFormat<TVector>
    {
        int width = TSimd.Width;
        int step = width * TFormat.Size;
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
                y[c] = Scalar.FusedMultiplyAdd(Widening.Read(type, rows[i] + ((long)c * TFormat.Size)), x[i], y[c]);
            }
        }
    }
}
