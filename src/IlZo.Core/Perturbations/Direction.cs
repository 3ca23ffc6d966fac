using System.Numerics.Tensors;
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

    /// <summary>Whether <see cref="Fill"/> may read the stored weights of the slice.</summary>
    internal virtual bool ReadsWeights => true;

    /// <summary>Adds the elements of one row slice, times a coefficient, to a sum.</summary>
    /// <param name="slice">Where it lies; the column as that of <see cref="Fill"/>.</param>
    /// <param name="coefficient">The coefficient.</param>
    /// <param name="sum">The sum.</param>
    /// <param name="isFirst">Whether the sum begins here, at zero.</param>
    /// <param name="buffer">Room for the elements.</param>
    internal virtual void AddTo(in WeightSlice slice, float coefficient, Span<float> sum, bool isFirst, Span<float> buffer)
    {
        var elements = buffer[..sum.Length];
        Fill(slice.Parameter, slice.Row, slice.Column, elements);
        if (isFirst)
        {
            sum.Clear();
        }

        TensorPrimitives.FusedMultiplyAdd(elements, coefficient, sum, sum);
    }
}
