using System.Runtime.InteropServices;

namespace IlZo.Optimizers;

/// <summary>
/// One training step as the run log keeps it: with the run's configuration, the ordered records determine the weights bit
/// for bit. Two records are equal when their numbers have the same bits.
/// </summary>
public sealed record class StepRecord
{
    /// <summary>The number of the step.</summary>
    public required long Step { get; init; }

    /// <summary>The step was evaluated but changed nothing, for example because a loss was not finite.</summary>
    public bool Skipped { get; init; }

    /// <summary>The learning rate that the update used.</summary>
    public required double LearningRate { get; init; }

    /// <summary>The loss of each probe, in the order of evaluation.</summary>
    public required double[] Losses { get; init; }

    /// <summary>The numbers that decide the update: the factor of each direction, and what else the method needs.</summary>
    public required double[] Coefficients { get; init; }

    /// <exception cref="InvalidInputException">There are not so many coefficients as a method has.</exception>
    internal void RequireCoefficients(int count)
    {
        if (Coefficients.Length != count)
        {
            throw new InvalidInputException(
                $"Step {Step} has {Coefficients.Length} coefficients; {count} were expected of this optimizer.");
        }
    }

    /// <summary>Whether all numbers have the same bits: a NaN equals itself, and −0 is not 0.</summary>
    /// <param name="other">The other record.</param>
    public bool Equals(StepRecord? other) =>
        other != null
        && Step == other.Step
        && Skipped == other.Skipped
        && BitConverter.DoubleToInt64Bits(LearningRate) == BitConverter.DoubleToInt64Bits(other.LearningRate)
        && Bits(Losses).SequenceEqual(Bits(other.Losses))
        && Bits(Coefficients).SequenceEqual(Bits(other.Coefficients));

    /// <summary>A hash of the same bits.</summary>
    public override int GetHashCode()
    {
        var hash = default(HashCode);
        hash.Add(Step);
        hash.Add(Skipped);
        hash.Add(LearningRate);
        hash.AddBytes(MemoryMarshal.AsBytes<double>(Losses));
        hash.AddBytes(MemoryMarshal.AsBytes<double>(Coefficients));
        return hash.ToHashCode();
    }

    private static ReadOnlySpan<long> Bits(double[] values) => MemoryMarshal.Cast<double, long>(values);
}
