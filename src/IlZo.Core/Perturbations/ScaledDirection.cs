using System.Numerics.Tensors;
using IlZo.Tensors;

namespace IlZo.Perturbations;

/// <summary>Another direction times a number for each tensor. Where that is zero no noise is generated.</summary>
/// <param name="inner">The direction.</param>
/// <param name="scales">The numbers, by <see cref="Parameter.Index"/>.</param>
public sealed class ScaledDirection(Direction inner, IReadOnlyList<float> scales) : Direction
{
    internal Direction Inner => inner;

    internal IReadOnlyList<float> Scales => scales;

    public override bool Covers(Parameter parameter) => scales[parameter.Index] != 0 && inner.Covers(parameter);

    public override void Fill(Parameter parameter, int row, int column, Span<float> destination)
    {
        float scale = scales[parameter.Index];
        if (scale == 0)
        {
            destination.Clear();
            return;
        }

        inner.Fill(parameter, row, column, destination);
        if (scale != 1)
        {
            TensorPrimitives.Multiply(destination, scale, destination);
        }
    }
}
