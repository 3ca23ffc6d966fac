using IlZo.Noise;
using IlZo.Tensors;

namespace IlZo.Perturbations;

/// <summary>Another direction with each element in by chance, or left out.</summary>
/// <param name="inner">The direction.</param>
/// <param name="mask">The field that decides.</param>
/// <param name="excess">Sᵢ − 1.</param>
/// <param name="rule">πᵢ.</param>
/// <param name="weighted">Whether elements that are in are divided by πᵢ.</param>
internal sealed class BernoulliDirection(
    Direction inner, NoiseKey mask, ParameterState excess, InclusionRule rule, bool weighted) : Direction
{
    internal Direction Inner => inner;

    internal NoiseKey Mask => mask;

    internal ParameterState Excess => excess;

    internal InclusionRule Rule => rule;

    internal bool Weighted => weighted;

    public override void Fill(Parameter parameter, int row, int column, Span<float> destination)
    {
        inner.Fill(parameter, row, column, destination);
        Span<ushort> bits = stackalloc ushort[NoiseField.Group];
        for (int start = 0; start < destination.Length; start += NoiseField.Group)
        {
            var part = destination.Slice(start, Math.Min(NoiseField.Group, destination.Length - start));
            NoiseField.FillBits(mask, parameter.Id, NoiseField.GroupOf(row, column + start, parameter.Columns), bits[..part.Length]);
            var scores = excess.At(new WeightSlice(parameter, row, column + start), part.Length);
            for (int i = 0; i < part.Length; i++)
            {
                part[i] *= rule.Factor(scores[i], bits[i], weighted);
            }
        }
    }

    /// <summary>πᵢ of a slice, in units of 2⁻¹⁶.</summary>
    internal void Probabilities(in WeightSlice slice, Span<int> levels)
    {
        var scores = excess.At(slice, levels.Length);
        for (int i = 0; i < levels.Length; i++)
        {
            levels[i] = rule.Level(scores[i]);
        }
    }
}
