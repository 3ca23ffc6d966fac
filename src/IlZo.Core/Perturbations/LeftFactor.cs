using IlZo.Noise;
using IlZo.Tensors;

namespace IlZo.Perturbations;

/// <summary>The factor U of a <see cref="LowRankDirection"/>: r numbers for each row of a matrix.</summary>
internal abstract class LeftFactor
{
    /// <summary>Writes the numbers of a row.</summary>
    /// <param name="parameter">The matrix.</param>
    /// <param name="row">The row.</param>
    /// <param name="destination">Receives r numbers.</param>
    public abstract void Fill(Parameter parameter, int row, Span<float> destination);
}

/// <summary>Standard normal numbers of a field: the first ones of a noise group for each row.</summary>
/// <param name="key">The field.</param>
internal sealed class FreshFactor(NoiseKey key) : LeftFactor
{
    internal NoiseKey Key => key;

    public override void Fill(Parameter parameter, int row, Span<float> destination) =>
        NoiseField.FillNormal(key, parameter.Id, row, destination);
}

/// <summary>Numbers that are kept.</summary>
/// <param name="numbers">Those of each matrix, row by row, by <see cref="Parameter.Index"/>.</param>
internal sealed class KeptFactor(IReadOnlyList<float[]?> numbers) : LeftFactor
{
    public override void Fill(Parameter parameter, int row, Span<float> destination) =>
        Numbers(parameter).AsSpan(row * destination.Length, destination.Length).CopyTo(destination);

    internal float[] Numbers(Parameter parameter) => numbers[parameter.Index]!;
}
