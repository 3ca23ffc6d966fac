using System.Runtime.CompilerServices;
using IlZo.Arithmetic;
using IlZo.Arithmetic.Vectors;
using IlZo.Tensors;

namespace IlZo.Backends.Cpu;

/// <summary>
/// Rows of weights times several tokens, with the sums that <see cref="VectorProduct"/> has for one. Some rows are widened, slab by slab,
/// and multiplied by tiles of four tokens, whose sums stay in registers: four rows where there are 32 registers, so that tokens come from
/// the second-level cache half as often, else two.
/// </summary>
internal static unsafe class TokenTiles
{
    private const int Tokens = 4;

    // Tiles whose sums wait beside the widened weights in the first-level cache.
    private const int Tiles = 4;

    // Columns that are widened at a time, and floats from one row of them to the next: an odd number of cache lines, so that rows do not
    // compete for cache sets.
    private const int Slab = 1024;
    private const int Pitch = Slab + 16;

    /// <summary>Computes rows of y for each token, over the first columns of the weights.</summary>
    /// <param name="weight">The weights, [out, in].</param>
    /// <param name="row">The first row.</param>
    /// <param name="rows">How many.</param>
    /// <param name="columns">A multiple of <see cref="VectorProduct.Sums"/>.</param>
    /// <param name="x">The tokens.</param>
    /// <param name="y">Receives the results.</param>
    /// <param name="tokens">How many tokens.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Multiply<TVector, TSimd>(Parameter weight, int row, int rows, int columns, VectorRows x, VectorRows y, int tokens)
        where TVector : struct
        where TSimd : struct, ISimd<TVector>
    {
        int tileRows = TSimd.Registers >= 32 ? 4 : 2;
        int tileSums = tileRows * Tokens * VectorProduct.Sums;
        float* widened = stackalloc float[tileRows * Pitch];
        float* sums = stackalloc float[Tiles * tileSums];
        float* zeros = stackalloc float[VectorProduct.Sums];
        new Span<float>(zeros, VectorProduct.Sums).Clear();

        // Without columns they stay as they are.
        new Span<float>(sums, Tiles * tileSums).Clear();
        for (int first = 0; first < tokens; first += Tiles * Tokens)
        {
            int count = Math.Min(Tiles * Tokens, tokens - first);
            for (int r = 0; r < rows; r += tileRows)
            {
                // Rows and tokens beyond the last one are the last one again.
                for (int column = 0; column < columns; column += Slab)
                {
                    int width = Math.Min(Slab, columns - column);
                    for (int i = 0; i < tileRows; i++)
                    {
                        Widening.Read(weight, row + Math.Min(r + i, rows - 1), column, widened + (i * Pitch), width);
                    }

                    for (int token = 0; token < count; token += Tokens)
                    {
                        PrefetchNext(weight, row + r, tileRows, row + rows, column, columns, token, count);
                        float* to = sums + (token / Tokens * tileSums);
                        Add<TVector, TSimd>(
                            widened,
                            x[first + token] + column,
                            x[Math.Min(first + token + 1, tokens - 1)] + column,
                            x[Math.Min(first + token + 2, tokens - 1)] + column,
                            x[Math.Min(first + token + 3, tokens - 1)] + column,
                            width,
                            column == 0 ? zeros : to,
                            column == 0 ? 0 : VectorProduct.Sums,
                            to);
                    }
                }

                for (int token = 0; token < count; token++)
                {
                    float* own = sums + (token / Tokens * tileSums) + (token % Tokens * VectorProduct.Sums);
                    for (int i = 0; i < Math.Min(tileRows, rows - r); i++)
                    {
                        y[first + token][r + i] = VectorProduct.Total<TVector, TSimd>(own + (i * Tokens * VectorProduct.Sums));
                    }
                }
            }
        }
    }

    // While a slab is multiplied, the one after it is asked for, a part before each tile: the processor's own prefetching ends with a page,
    // and would wait for each pair of rows.
    private static void PrefetchNext(Parameter weight, int row, int tileRows, int end, int column, int columns, int token, int tokens)
    {
        int next = column + Slab;
        if (next >= columns)
        {
            (row, next) = (row + tileRows, 0);
        }

        int width = Math.Min(Slab, columns - next);
        int first = width * token / tokens;
        int count = (width * Math.Min(tokens, token + Tokens) / tokens) - first;
        for (int r = row; r < Math.Min(row + tileRows, end); r++)
        {
            var (start, bytes) = weight.BytesOf(r, next + first, count);
            CacheLines.Prefetch((byte*)start, bytes);
        }
    }

    // The sums are [row][token][64], and those before them are `step` apart.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Add<TVector, TSimd>(
        float* w, float* x0, float* x1, float* x2, float* x3, int columns, float* from, int step, float* sums)
        where TVector : struct
        where TSimd : struct, ISimd<TVector>
    {
        if (TSimd.Registers >= 32)
        {
            AddFour<TVector, TSimd>(w, x0, x1, x2, x3, columns, from, step, sums);
        }
        else
        {
            AddTwo<TVector, TSimd>(w, x0, x1, x2, x3, columns, from, step, sums);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void AddFour<TVector, TSimd>(
        float* w, float* x0, float* x1, float* x2, float* x3, int columns, float* from, int step, float* sums)
        where TVector : struct
        where TSimd : struct, ISimd<TVector>
    {
        const int Sums = VectorProduct.Sums;
        for (int lane = 0; lane < Sums; lane += TSimd.Width, from += TSimd.Width, sums += TSimd.Width)
        {
            var a0 = TSimd.Load(from);
            var a1 = TSimd.Load(from + step);
            var a2 = TSimd.Load(from + (2 * step));
            var a3 = TSimd.Load(from + (3 * step));
            var b0 = TSimd.Load(from + (4 * step));
            var b1 = TSimd.Load(from + (5 * step));
            var b2 = TSimd.Load(from + (6 * step));
            var b3 = TSimd.Load(from + (7 * step));
            var c0 = TSimd.Load(from + (8 * step));
            var c1 = TSimd.Load(from + (9 * step));
            var c2 = TSimd.Load(from + (10 * step));
            var c3 = TSimd.Load(from + (11 * step));
            var d0 = TSimd.Load(from + (12 * step));
            var d1 = TSimd.Load(from + (13 * step));
            var d2 = TSimd.Load(from + (14 * step));
            var d3 = TSimd.Load(from + (15 * step));
            for (int k = lane; k < columns; k += Sums)
            {
                var a = TSimd.Load(w + k);
                var b = TSimd.Load(w + Pitch + k);
                var c = TSimd.Load(w + (2 * Pitch) + k);
                var d = TSimd.Load(w + (3 * Pitch) + k);
                var x = TSimd.Load(x0 + k);
                a0 = TSimd.FusedMultiplyAdd(a, x, a0);
                b0 = TSimd.FusedMultiplyAdd(b, x, b0);
                c0 = TSimd.FusedMultiplyAdd(c, x, c0);
                d0 = TSimd.FusedMultiplyAdd(d, x, d0);
                x = TSimd.Load(x1 + k);
                a1 = TSimd.FusedMultiplyAdd(a, x, a1);
                b1 = TSimd.FusedMultiplyAdd(b, x, b1);
                c1 = TSimd.FusedMultiplyAdd(c, x, c1);
                d1 = TSimd.FusedMultiplyAdd(d, x, d1);
                x = TSimd.Load(x2 + k);
                a2 = TSimd.FusedMultiplyAdd(a, x, a2);
                b2 = TSimd.FusedMultiplyAdd(b, x, b2);
                c2 = TSimd.FusedMultiplyAdd(c, x, c2);
                d2 = TSimd.FusedMultiplyAdd(d, x, d2);
                x = TSimd.Load(x3 + k);
                a3 = TSimd.FusedMultiplyAdd(a, x, a3);
                b3 = TSimd.FusedMultiplyAdd(b, x, b3);
                c3 = TSimd.FusedMultiplyAdd(c, x, c3);
                d3 = TSimd.FusedMultiplyAdd(d, x, d3);
            }

            TSimd.Store(a0, sums);
            TSimd.Store(a1, sums + Sums);
            TSimd.Store(a2, sums + (2 * Sums));
            TSimd.Store(a3, sums + (3 * Sums));
            TSimd.Store(b0, sums + (4 * Sums));
            TSimd.Store(b1, sums + (5 * Sums));
            TSimd.Store(b2, sums + (6 * Sums));
            TSimd.Store(b3, sums + (7 * Sums));
            TSimd.Store(c0, sums + (8 * Sums));
            TSimd.Store(c1, sums + (9 * Sums));
            TSimd.Store(c2, sums + (10 * Sums));
            TSimd.Store(c3, sums + (11 * Sums));
            TSimd.Store(d0, sums + (12 * Sums));
            TSimd.Store(d1, sums + (13 * Sums));
            TSimd.Store(d2, sums + (14 * Sums));
            TSimd.Store(d3, sums + (15 * Sums));
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void AddTwo<TVector, TSimd>(
        float* w, float* x0, float* x1, float* x2, float* x3, int columns, float* from, int step, float* sums)
        where TVector : struct
        where TSimd : struct, ISimd<TVector>
    {
        const int Sums = VectorProduct.Sums;
        for (int lane = 0; lane < Sums; lane += TSimd.Width, from += TSimd.Width, sums += TSimd.Width)
        {
            var a0 = TSimd.Load(from);
            var a1 = TSimd.Load(from + step);
            var a2 = TSimd.Load(from + (2 * step));
            var a3 = TSimd.Load(from + (3 * step));
            var b0 = TSimd.Load(from + (4 * step));
            var b1 = TSimd.Load(from + (5 * step));
            var b2 = TSimd.Load(from + (6 * step));
            var b3 = TSimd.Load(from + (7 * step));
            for (int k = lane; k < columns; k += Sums)
            {
                var a = TSimd.Load(w + k);
                var b = TSimd.Load(w + Pitch + k);
                var x = TSimd.Load(x0 + k);
                a0 = TSimd.FusedMultiplyAdd(a, x, a0);
                b0 = TSimd.FusedMultiplyAdd(b, x, b0);
                x = TSimd.Load(x1 + k);
                a1 = TSimd.FusedMultiplyAdd(a, x, a1);
                b1 = TSimd.FusedMultiplyAdd(b, x, b1);
                x = TSimd.Load(x2 + k);
                a2 = TSimd.FusedMultiplyAdd(a, x, a2);
                b2 = TSimd.FusedMultiplyAdd(b, x, b2);
                x = TSimd.Load(x3 + k);
                a3 = TSimd.FusedMultiplyAdd(a, x, a3);
                b3 = TSimd.FusedMultiplyAdd(b, x, b3);
            }

            TSimd.Store(a0, sums);
            TSimd.Store(a1, sums + Sums);
            TSimd.Store(a2, sums + (2 * Sums));
            TSimd.Store(a3, sums + (3 * Sums));
            TSimd.Store(b0, sums + (4 * Sums));
            TSimd.Store(b1, sums + (5 * Sums));
            TSimd.Store(b2, sums + (6 * Sums));
            TSimd.Store(b3, sums + (7 * Sums));
        }
    }
}
