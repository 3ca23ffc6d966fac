using System.Numerics.Tensors;
using IlZo.Perturbations;

namespace IlZo.Optimizers;

/// <summary>Orthonormal bases by Gram–Schmidt, done twice and in fp64: the same bits on every machine.</summary>
internal static class GramSchmidt
{
    // A vector of length 1 that the ones before span has no more than this beside them.
    private const double Dependent = 1e-10;

    /// <summary>
    /// Replaces vectors by orthonormal ones, of which the first k span what the first k vectors did. One that those before it span is
    /// replaced by a vector that they do not.
    /// </summary>
    /// <param name="vectors">The vectors one after another, no more of them than each has elements.</param>
    /// <param name="length">Elements of a vector.</param>
    public static void Orthonormalize(Span<float> vectors, int length)
    {
        double[] basis = new double[vectors.Length];
        for (int i = 0; i < basis.Length; i++)
        {
            basis[i] = vectors[i];
        }

        for (int start = 0; start < basis.Length; start += length)
        {
            var before = basis.AsSpan(0, start);
            var vector = basis.AsSpan(start, length);
            Normalize(vector);
            Remove(before, vector);
            if (!(RowSums.Dot(vector, vector) > Dependent * Dependent))
            {
                vector.Clear();
                vector[LeastSpanned(before, length)] = 1;
                Remove(before, vector);
            }

            // A second time, for what rounding left of the others where little else was.
            Normalize(vector);
            Remove(before, vector);
            Normalize(vector);
        }

        for (int i = 0; i < basis.Length; i++)
        {
            vectors[i] = (float)basis[i];
        }
    }

    private static void Remove(ReadOnlySpan<double> basis, Span<double> vector)
    {
        for (int start = 0; start < basis.Length; start += vector.Length)
        {
            var member = basis.Slice(start, vector.Length);
            TensorPrimitives.FusedMultiplyAdd(member, -RowSums.Dot(member, vector), vector, vector);
        }
    }

    private static void Normalize(Span<double> vector)
    {
        double square = RowSums.Dot(vector, vector);
        if (square > 0)
        {
            TensorPrimitives.Multiply(vector, 1 / Math.Sqrt(square), vector);
        }
    }

    // The axis of which a basis has the least: k vectors have k/n of it at most.
    private static int LeastSpanned(ReadOnlySpan<double> basis, int length)
    {
        double[] squares = new double[length];
        for (int i = 0; i < basis.Length; i++)
        {
            squares[i % length] += basis[i] * basis[i];
        }

        return Array.IndexOf(squares, squares.Min());
    }
}
