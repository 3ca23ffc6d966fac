using IlZo.Noise;
using IlZo.Tensors;

namespace IlZo.Perturbations;

/// <summary>z ~ N(0, I): independent standard normal elements, regenerated from a counter.</summary>
/// <param name="key">The field the elements are taken from.</param>
public sealed class GaussianDirection(NoiseKey key) : Direction
{
    internal NoiseKey Key => key;

    internal override bool ReadsWeights => false;

    /// <inheritdoc/>
    public override void Fill(Parameter parameter, int row, int column, Span<float> destination) =>
        NoiseField.FillNormal(key, parameter.Id, NoiseField.GroupOf(row, column, parameter.Columns), destination);

    internal override void AddTo(in WeightSlice slice, float coefficient, Span<float> sum, bool isFirst, Span<float> buffer) =>
        NoiseField.AddNormal(
            key, slice.Parameter.Id, NoiseField.GroupOf(slice.Row, slice.Column, slice.Parameter.Columns), coefficient, sum, isFirst);
}
