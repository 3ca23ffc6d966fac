using System.Runtime.Intrinsics;
using IlZo.Arithmetic;
using IlZo.Tensors;

namespace IlZo.Perturbations;

/// <summary>Another direction where the stored weight's magnitude is at most a threshold of its tensor, and 0 elsewhere.</summary>
/// <param name="inner">The direction.</param>
/// <param name="thresholds">The thresholds, by <see cref="Parameter.Index"/>.</param>
public sealed unsafe class SmallWeightsDirection(Direction inner, IReadOnlyList<float> thresholds) : Direction
{
    internal Direction Inner => inner;

    internal IReadOnlyList<float> Thresholds => thresholds;

    public override void Fill(Parameter parameter, int row, int column, Span<float> destination)
    {
        inner.Fill(parameter, row, column, destination);
        float threshold = thresholds[parameter.Index];
        if (float.IsPositiveInfinity(threshold))
        {
            return;
        }

        float* weights = stackalloc float[RowSums.Slice];
        for (int start = 0; start < destination.Length; start += RowSums.Slice)
        {
            var part = destination.Slice(start, Math.Min(RowSums.Slice, destination.Length - start));
            Widening.Read(parameter.Type, parameter.At(row, column + start), weights, part.Length);
            Mask(weights, threshold, part);
        }
    }

    private static void Mask(float* weights, float threshold, Span<float> z)
    {
        int i = 0;
        var limit = Vector512.Create(threshold);
        for (; i <= z.Length - Vector512<float>.Count; i += Vector512<float>.Count)
        {
            var isSmall = Vector512.LessThanOrEqual(Vector512.Abs(Vector512.Load(weights + i)), limit);
            (Vector512.Create(z[i..]) & isSmall).CopyTo(z[i..]);
        }

        for (; i < z.Length; i++)
        {
            z[i] = MathF.Abs(weights[i]) <= threshold ? z[i] : 0;
        }
    }
}
