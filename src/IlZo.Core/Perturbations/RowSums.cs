using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using IlZo.Noise;
using IlZo.Tensors;

namespace IlZo.Perturbations;

/// <summary>
/// Sums over rows of directions in fp64, in an order that neither threads nor vector widths change: they go into state that must
/// be the same wherever a log is replayed.
/// </summary>
internal static class RowSums
{
    /// <summary>Columns that are generated at a time.</summary>
    public const int Slice = 16 * NoiseField.Group;

    /// <summary>Σ δᵢ² over one row.</summary>
    public static double Square(Direction direction, Parameter parameter, int row)
    {
        Span<float> buffer = stackalloc float[Slice];
        double sum = 0;
        for (int column = 0; column < parameter.Columns; column += Slice)
        {
            var part = buffer[..Math.Min(Slice, parameter.Columns - column)];
            direction.Fill(parameter, row, column, part);
            sum += Dot(part, part);
        }

        return sum;
    }

    /// <summary>Σ aᵢ bᵢ of fp64 numbers, summed in eight lanes and then lane by lane.</summary>
    public static double Dot(ReadOnlySpan<double> a, ReadOnlySpan<double> b)
    {
        var lanes = Vector512<double>.Zero;
        int i = 0;
        for (; i <= a.Length - Vector512<double>.Count; i += Vector512<double>.Count)
        {
            lanes += Vector512.Create(a[i..]) * Vector512.Create(b[i..]);
        }

        double sum = 0;
        for (int lane = 0; lane < Vector512<double>.Count; lane++)
        {
            sum += lanes[lane];
        }

        for (; i < a.Length; i++)
        {
            sum += a[i] * b[i];
        }

        return sum;
    }

    /// <summary>Σ aᵢ bᵢ: products in fp64, which are exact, summed in eight lanes and then lane by lane.</summary>
    public static double Dot(ReadOnlySpan<float> a, ReadOnlySpan<float> b)
    {
        var lower = Vector512<double>.Zero;
        var upper = Vector512<double>.Zero;
        int i = 0;
        for (; i <= a.Length - Vector512<float>.Count; i += Vector512<float>.Count)
        {
            var (a0, a1) = Vector512.Widen(Vector512.Create(a[i..]));
            var (b0, b1) = Vector512.Widen(Vector512.Create(b[i..]));
            lower += a0 * b0;
            upper += a1 * b1;
        }

        double sum = 0;
        Span<Vector512<double>> lanes = [lower + upper];
        foreach (double lane in MemoryMarshal.Cast<Vector512<double>, double>(lanes))
        {
            sum += lane;
        }

        for (; i < a.Length; i++)
        {
            sum += (double)a[i] * b[i];
        }

        return sum;
    }
}
