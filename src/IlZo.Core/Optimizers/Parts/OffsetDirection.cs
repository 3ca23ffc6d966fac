using System.Numerics.Tensors;
using IlZo.Perturbations;
using IlZo.Tensors;

namespace IlZo.Optimizers;

/// <summary>A direction from a point that is ahead of the weights: rδ + (c − x)/β, as <see cref="KerZooSource"/> probes.</summary>
/// <param name="iterate">c − x and β.</param>
/// <param name="inner">δ.</param>
/// <param name="radius">r.</param>
internal sealed class OffsetDirection(AveragedIterate iterate, Direction inner, float radius) : Direction
{
    internal Direction Inner => inner;

    internal AveragedIterate Iterate => iterate;

    internal float Radius => radius;

    public override void Fill(Parameter parameter, int row, int column, Span<float> destination)
    {
        inner.Fill(parameter, row, column, destination);
        TensorPrimitives.Multiply(destination, radius, destination);
        var ahead = iterate.Ahead.At(new WeightSlice(parameter, row, column), destination.Length);
        TensorPrimitives.FusedMultiplyAdd(ahead, iterate.Share, destination, destination);
    }
}
