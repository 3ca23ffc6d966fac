using System.Runtime.InteropServices;

namespace IlZo.Optimizers;

/// <summary>
/// One training step as the run log keeps it: with the run's configuration, the ordered records determine the weights bit
/// for bit. Two records are equal when their numbers have the same bits.
/// </summary>
public sealed record class StepRecord
{
    // A NaN of its own, as missing values have in statistics: a loss that was evaluated to NaN has another, and its step is skipped.
    private const long NotEvaluatedBits = 0x7FF8_0000_0000_4E45;

    /// <summary>The number of the step.</summary>
    public required long Step { get; init; }

    /// <summary>The step was evaluated but changed nothing, for example because a loss was not finite.</summary>
    public bool Skipped { get; init; }

    /// <summary>The learning rate that the update used.</summary>
    public required double LearningRate { get; init; }

    /// <summary>
    /// The loss of each probe, in the order of evaluation; the NaN 0x7FF8000000004E45 where none was waited for, in runs on many machines.
    /// </summary>
    public required double[] Losses { get; init; }

    /// <summary>The numbers that decide the update: the factor of each direction, and what else the method needs.</summary>
    public required double[] Coefficients { get; init; }

    /// <summary>The mean of the losses that were evaluated.</summary>
    public double MeanLoss => Losses.Where(l => !IsNotEvaluated(l)).Average();

    /// <summary>Whether some queries were not waited for.</summary>
    internal bool IsPartial => Array.Exists(Losses, IsNotEvaluated);

    /// <summary>What stands in the place of a loss that was not waited for.</summary>
    internal static double NotEvaluated => BitConverter.Int64BitsToDouble(NotEvaluatedBits);

    /// <summary>Whether a loss was not waited for.</summary>
    internal static bool IsNotEvaluated(double loss) => BitConverter.DoubleToInt64Bits(loss) == NotEvaluatedBits;

    /// <exception cref="InvalidInputException">There are not so many coefficients as a method has.</exception>
    internal void RequireCoefficients(int count) => RequireCoefficients(Step, Coefficients, count);

    /// <exception cref="InvalidInputException">There are not so many coefficients of a step as a method has.</exception>
    internal static void RequireCoefficients(long step, double[] coefficients, int count)
    {
        if (coefficients.Length != count)
        {
            throw new InvalidInputException(
                $"Step {step} has {coefficients.Length} coefficients; {count} were expected of this optimizer.");
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
