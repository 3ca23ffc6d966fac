using System.Numerics.Tensors;
using IlZo.Tensors;

namespace IlZo.Perturbations;

/// <summary>Σ cᵢ δᵢ as one direction, added up as an update does.</summary>
/// <param name="terms">The coefficients and their directions.</param>
public sealed class SumDirection(IReadOnlyList<(double Coefficient, Direction Direction)> terms) : Direction
{
    internal IReadOnlyList<(double Coefficient, Direction Direction)> Terms => terms;

    /// <inheritdoc/>
    public override void Fill(Parameter parameter, int row, int column, Span<float> destination)
    {
        Span<float> part = stackalloc float[RowSums.Slice];
        for (int start = 0; start < destination.Length; start += part.Length)
        {
            var to = destination.Slice(start, Math.Min(part.Length, destination.Length - start));
            to.Clear();
            foreach (var (coefficient, direction) in terms)
            {
                var from = part[..to.Length];
                direction.Fill(parameter, row, column + start, from);
                TensorPrimitives.FusedMultiplyAdd(from, (float)coefficient, to, to);
            }
        }
    }
}
