using System.Numerics.Tensors;
using IlZo.Models;
using IlZo.Perturbations;
using IlZo.Tensors;

namespace IlZo.Optimizers;

/// <summary>How far the weights will be from θ⁰ after a move, as a direction: (θ − θ⁰) + δ.</summary>
/// <param name="start">θ⁰.</param>
/// <param name="move">δ.</param>
internal sealed class TravelDirection(Lazy<BaseWeights> start, MoveDirection move) : Direction
{
    internal BaseWeights Start => start.Value;

    internal MoveDirection Move => move;

    public override void Fill(Parameter parameter, int row, int column, Span<float> destination)
    {
        move.Fill(parameter, row, column, destination);
        Span<float> distance = stackalloc float[RowSums.Slice];
        for (int first = 0; first < destination.Length; first += RowSums.Slice)
        {
            var part = destination.Slice(first, Math.Min(RowSums.Slice, destination.Length - first));
            var from = distance[..part.Length];
            Rescaling.Distance(start.Value, new WeightSlice(parameter, row, column + first), from);
            TensorPrimitives.Add(from, part, part);
        }
    }
}
