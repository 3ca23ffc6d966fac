using System.Runtime.CompilerServices;
using IlZo.Arithmetic;
using IlZo.Arithmetic.Vectors;
using IlZo.Tensors;

namespace IlZo.Backends.Cpu;

/// <summary>
/// Rows of weights times several tokens, with the sums that <see cref="VectorProduct"/> has for one. Two rows are widened, slab by slab,
/// and multiplied by tiles of four tokens, whose sums stay in registers.
/// </summary>
internal static unsafe class TokenTiles
{
    private const int Rows = 2;
    private const int Tokens = 4;

    // Tiles whose sums wait beside the widened weights in the first-level cache.
    private const int Tiles = 4;

    // Columns that are widened at a time.
    private const int Slab = 1024;

    private const int TileSums = Rows * Tokens * VectorProduct.Sums;

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
        float* widened = stackalloc float[Rows * Slab];
        float* sums = stackalloc float[Tiles * TileSums];
        for (int first = 0; first < tokens; first += Tiles * Tokens)
        {
            int count = Math.Min(Tiles * Tokens, tokens - first);
            int tiles = (count + Tokens - 1) / Tokens;
            for (int r = 0; r < rows; r += Rows)
            {
                // Rows and tokens beyond the last one are the last one again.
                int last = Math.Min(r + 1, rows - 1);
                new Span<float>(sums, tiles * TileSums).Clear();
                for (int column = 0; column < columns; column += Slab)
                {
                    int width = Math.Min(Slab, columns - column);
                    Widening.Read(weight, row + r, column, widened, width);
                    Widening.Read(weight, row + last, column, widened + Slab, width);
                    for (int tile = 0; tile < tiles; tile++)
                    {
                        int token = first + (tile * Tokens);
                        int end = tokens - 1;
                        Add<TVector, TSimd>(
                            widened,
                            x[token] + column,
                            x[Math.Min(token + 1, end)] + column,
                            x[Math.Min(token + 2, end)] + column,
                            x[Math.Min(token + 3, end)] + column,
                            width,
                            sums + (tile * TileSums));
                    }
                }

                for (int token = 0; token < count; token++)
                {
                    float* own = sums + (token / Tokens * TileSums) + (token % Tokens * VectorProduct.Sums);
                    y[first + token][r] = VectorProduct.Total<TVector, TSimd>(own);
                    if (last > r)
                    {
                        y[first + token][last] = VectorProduct.Total<TVector, TSimd>(own + (Tokens * VectorProduct.Sums));
                    }
                }
            }
        }
    }

    // The sums are [row][token][64].
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Add<TVector, TSimd>(float* w, float* x0, float* x1, float* x2, float* x3, int columns, float* sums)
        where TVector : struct
        where TSimd : struct, ISimd<TVector>
    {
        const int Sums = VectorProduct.Sums;
        for (int lane = 0; lane < Sums; lane += TSimd.Width, sums += TSimd.Width)
        {
            var a0 = TSimd.Load(sums);
            var a1 = TSimd.Load(sums + Sums);
            var a2 = TSimd.Load(sums + (2 * Sums));
            var a3 = TSimd.Load(sums + (3 * Sums));
            var b0 = TSimd.Load(sums + (4 * Sums));
            var b1 = TSimd.Load(sums + (5 * Sums));
            var b2 = TSimd.Load(sums + (6 * Sums));
            var b3 = TSimd.Load(sums + (7 * Sums));
            for (int k = lane; k < columns; k += Sums)
            {
                var a = TSimd.Load(w + k);
                var b = TSimd.Load(w + Slab + k);
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
