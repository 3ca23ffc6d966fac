using IlZo.Noise;
using IlZo.Tensors;

namespace IlZo.Perturbations;

/// <summary>Independent elements that are +1 or −1, each with probability ½: the signs of the field's normal numbers.</summary>
/// <param name="key">The field the elements are taken from.</param>
public sealed class RademacherDirection(NoiseKey key) : Direction
{
    internal NoiseKey Key => key;

    internal override bool ReadsWeights => false;

    /// <inheritdoc/>
    public override void Fill(Parameter parameter, int row, int column, Span<float> destination) =>
        NoiseField.FillSigns(key, parameter.Id, NoiseField.GroupOf(row, column, parameter.Columns), destination);
}
