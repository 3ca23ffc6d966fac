using IlZo.Tensors;

namespace IlZo.Perturbations;

/// <summary>
/// A number for every element of a tensor that a law reads beside the weight: a state, which a rule changes too, weights that are stored
/// elsewhere, or a vector with one number for each column. Without a source it is 0.
/// </summary>
public readonly record struct ElementNumbers
{
    private ElementNumbers(object source) => Source = source;

    /// <summary>What it is: a <see cref="ParameterState"/>, <see cref="IStoredNumbers"/>, an array, or null.</summary>
    internal object? Source { get; }

    /// <summary>What an optimizer keeps.</summary>
    public static ElementNumbers Of(ParameterState state) => new(state);

    /// <summary>Weights that are stored elsewhere.</summary>
    internal static ElementNumbers Of(IStoredNumbers stored) => new(stored);

    /// <summary>A number for each column.</summary>
    public static ElementNumbers Of(float[] columns) => new(columns);

    /// <summary>Where the numbers of a slice lie: those of a state themselves, others in a buffer; null without a source.</summary>
    internal unsafe float* At(in WeightSlice slice, int count, float* buffer)
    {
        switch (Source)
        {
            case null:
                return null;
            case ParameterState state:
                return state.At(slice);
            case float[] columns:
                columns.AsSpan(slice.Column, count).CopyTo(new Span<float>(buffer, count));
                return buffer;
            default:
                ((IStoredNumbers)Source).Read(slice, new Span<float>(buffer, count));
                return buffer;
        }
    }
}
