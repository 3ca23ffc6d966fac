using System.Numerics.Tensors;
using IlZo.Tensors;

namespace IlZo.Perturbations;

/// <summary>Another direction divided by √(1 + e), element by element. Where e is 0 its bits stay.</summary>
/// <param name="inner">The direction.</param>
/// <param name="excess">e, above −1; it must not change while the direction is in use.</param>
internal sealed class InverseRootDirection(Direction inner, ParameterState excess) : Direction
{
    internal Direction Inner => inner;

    internal ParameterState Excess => excess;

    public override void Fill(Parameter parameter, int row, int column, Span<float> destination)
    {
        inner.Fill(parameter, row, column, destination);
        Span<float> buffer = stackalloc float[RowSums.Slice];
        for (int start = 0; start < destination.Length; start += RowSums.Slice)
        {
            var part = destination.Slice(start, Math.Min(RowSums.Slice, destination.Length - start));
            var root = buffer[..part.Length];
            TensorPrimitives.Add(excess.At(new WeightSlice(parameter, row, column + start), part.Length), 1f, root);
            TensorPrimitives.Sqrt(root, root);
            TensorPrimitives.Divide(part, root, part);
        }
    }
}
