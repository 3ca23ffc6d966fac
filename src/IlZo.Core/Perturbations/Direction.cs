using IlZo.Tensors;

namespace IlZo.Perturbations;

/// <summary>
/// An implicit vector δ with one element for every weight of a model. It is never stored: whoever reads weights asks for
/// the slice it needs, as often as it needs it, and always gets the same numbers.
/// </summary>
/// <remarks>
/// Slices are asked for by many threads at once. A direction may read the stored weights of the slice it fills, which do not move
/// during a step and, in the update, move after all directions have filled theirs; it must not read other weights.
/// </remarks>
public abstract class Direction
{
    /// <summary>Whether a tensor has elements that are not zero.</summary>
    public virtual bool Covers(Parameter parameter) => true;

    /// <summary>Writes the elements of one row slice of a tensor.</summary>
    /// <param name="parameter">The tensor.</param>
    /// <param name="row">The row.</param>
    /// <param name="column">The first column, a multiple of <see cref="Noise.NoiseField.Group"/>.</param>
    /// <param name="destination">Receives one element for each column from <paramref name="column"/> on.</param>
    public abstract void Fill(Parameter parameter, int row, int column, Span<float> destination);
}
