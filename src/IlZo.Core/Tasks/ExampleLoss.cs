namespace IlZo.Tasks;

/// <summary>
/// What one example adds to the loss of a batch: the sum of its terms, and how many they are. Every loss is the sum of these in the
/// examples' order over their count, so examples may be evaluated in any shares, on any device: whoever adds their terms in order gets the
/// same bits.
/// </summary>
/// <param name="Sum">The sum of the example's terms, in the order of its tokens.</param>
/// <param name="Count">Option tokens where the loss is a mean over tokens; else 1.</param>
internal readonly record struct ExampleLoss(double Sum, int Count)
{
    /// <summary>The loss of examples: Σ <see cref="Sum"/> / Σ <see cref="Count"/>. What is not a number stays visible.</summary>
    /// <param name="examples">At least one, in their order.</param>
    public static double Mean(IEnumerable<ExampleLoss> examples)
    {
        double sum = 0;
        long count = 0;
        foreach (var example in examples)
        {
            sum += example.Sum;
            count += example.Count;
        }

        return sum / count;
    }
}
