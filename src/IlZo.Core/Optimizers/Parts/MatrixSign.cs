using System.Numerics.Tensors;
using System.Runtime.Intrinsics;

namespace IlZo.Optimizers;

/// <summary>
/// msign(X) = X(XᵀX)^−½, the matrix X with all its singular values made 1, by iterations that take each singular value s of X/‖X‖ to
/// as + bs³ + cs⁵. Such a polynomial of X is X times one of XᵀX, so that the iterations work on r×r numbers however many rows X has.
/// </summary>
/// <remarks>
/// Cost: 4r³ multiply-adds an iteration, in fp64 and in one order. The published iterations work on X itself, in 16 bits; in exact
/// arithmetic they are the same.
/// </remarks>
internal static class MatrixSign
{
    private const int PublishedIterations = 5;

    // Those of Newton and Schulz, which double the digits of singular values that the published ones left near 1 and, before, reach those
    // down to a hundred-thousandth of ‖X‖.
    private const int ExactIterations = 16;

    /// <summary>The r×r matrix Q with XQ = msign(X): of an X of zeros, zeros.</summary>
    /// <param name="gram">XᵀX, row by row.</param>
    /// <param name="rank">r.</param>
    /// <param name="exact">Whether singular values become 1. If not, they become what the five published iterations make of them:
    /// 0.68 to 1.16 from a two-hundredth of ‖X‖ on.</param>
    public static double[] Multiplier(ReadOnlySpan<double> gram, int rank, bool exact)
    {
        double trace = 0;
        for (int i = 0; i < rank; i++)
        {
            trace += gram[(i * rank) + i];
        }

        if (!(trace > 0))
        {
            return new double[rank * rank];
        }

        var iteration = new Iteration(gram, rank, trace);
        int count = PublishedIterations + (exact ? ExactIterations : 0);
        for (int i = 0; i < count; i++)
        {
            var (a, b, c) = i < PublishedIterations ? (3.4445, -4.7750, 2.0315) : (1.5, -0.5, 0);
            iteration.Advance(a, b, c, isLast: i == count - 1);
        }

        return iteration.Multiplier();
    }

    // With S the square of what X has become, XᵀX at first: Q ← QP and S ← PSP, where P = aI + bS + cS² commutes with S. Matrices are
    // filled up with zeros to a whole number of vectors.
    private sealed unsafe class Iteration
    {
        private readonly int _rank;
        private readonly int _stride;
        private readonly double[] _factor;
        private double[] _square;
        private double[] _multiplier;
        private double[] _spare;

        public Iteration(ReadOnlySpan<double> gram, int rank, double trace)
        {
            _rank = rank;
            _stride = (rank + Vector512<double>.Count - 1) / Vector512<double>.Count * Vector512<double>.Count;
            (_factor, _square, _multiplier, _spare) = (Zeros(), Zeros(), Zeros(), Zeros());
            for (int i = 0; i < rank; i++)
            {
                TensorPrimitives.Divide(gram.Slice(i * rank, rank), trace, _square.AsSpan(i * _stride, rank));
                _multiplier[(i * _stride) + i] = 1 / Math.Sqrt(trace);
            }
        }

        public void Advance(double a, double b, double c, bool isLast)
        {
            Multiply(_square, _square, _factor);
            TensorPrimitives.Multiply(_factor, c, _factor);
            TensorPrimitives.FusedMultiplyAdd(_square, b, _factor, _factor);
            for (int i = 0; i < _rank; i++)
            {
                _factor[(i * _stride) + i] += a;
            }

            _multiplier = Times(_multiplier);
            if (!isLast)
            {
                _square = Times(Times(_square));
            }
        }

        public double[] Multiplier()
        {
            double[] rows = new double[_rank * _rank];
            for (int i = 0; i < _rank; i++)
            {
                _multiplier.AsSpan(i * _stride, _rank).CopyTo(rows.AsSpan(i * _rank));
            }

            return rows;
        }

        private double[] Zeros() => new double[_stride * _stride];

        private double[] Times(double[] left)
        {
            double[] product = _spare;
            Multiply(left, _factor, product);
            _spare = left;
            return product;
        }

        // Four rows at a time, because each sum waits for its last product.
        private void Multiply(double[] left, double[] right, double[] product)
        {
            fixed (double* lefts = left, rights = right, products = product)
            {
                for (int i = 0; i < _stride; i += 4)
                {
                    for (int j = 0; j < _stride; j += Vector512<double>.Count)
                    {
                        double* row = lefts + (i * _stride);
                        var (a, b) = (Vector512<double>.Zero, Vector512<double>.Zero);
                        var (c, d) = (a, b);
                        for (int k = 0; k < _rank; k++, row++)
                        {
                            var other = Vector512.Load(rights + (k * _stride) + j);
                            a = Vector512.FusedMultiplyAdd(Vector512.Create(row[0]), other, a);
                            b = Vector512.FusedMultiplyAdd(Vector512.Create(row[_stride]), other, b);
                            c = Vector512.FusedMultiplyAdd(Vector512.Create(row[2 * _stride]), other, c);
                            d = Vector512.FusedMultiplyAdd(Vector512.Create(row[3 * _stride]), other, d);
                        }

                        double* to = products + (i * _stride) + j;
                        a.Store(to);
                        b.Store(to + _stride);
                        c.Store(to + (2 * _stride));
                        d.Store(to + (3 * _stride));
                    }
                }
            }
        }
    }
}
