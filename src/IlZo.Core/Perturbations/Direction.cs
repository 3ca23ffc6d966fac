using IlZo.Tensors;

namespace IlZo.Perturbations;

/// <summary>
/// An implicit vector δ with one element for every weight of a model. It is never stored: whatever reads the weights requests the slices it
/// needs, as often as it needs them, and always gets the same numbers.
/// </summary>
/// <remarks>
/// Slices are requested by many threads at once. A direction may read the stored weights of the slice that it fills, which do not change
/// during a step and, in the update, change only after all directions have filled theirs; it must not read other weights.
/// </remarks>
public abstract class Direction
{
    /// <summary>Whether a tensor has nonzero elements.</summary>
    public virtual bool Covers(Parameter parameter) => true;

    /// <summary>Writes the elements of one row slice of a tensor.</summary>
    /// <param name="parameter">The tensor.</param>
    /// <param name="row">The row.</param>
    /// <param name="column">The first column, a multiple of <see cref="Noise.NoiseField.Group"/>.</param>
    /// <param name="destination">Receives one element for each column from <paramref name="column"/> on.</param>
    public abstract void Fill(Parameter parameter, int row, int column, Span<float> destination);
}
