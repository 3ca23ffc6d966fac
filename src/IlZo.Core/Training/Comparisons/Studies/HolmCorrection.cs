namespace IlZo.Training;

/// <summary>
/// Holm's step-down correction of the p-values of several tests (Scandinavian Journal of Statistics 6, 1979): whoever calls what is at most
/// α a finding is wrong about any of them with a probability of at most α, whatever their dependence.
/// </summary>
internal static class HolmCorrection
{
    /// <summary>The corrected p-values, in the order of the given ones.</summary>
    /// <param name="values">The p-values of all tests, each from 0 to 1.</param>
    /// <exception cref="ArgumentException">One of them is not a probability.</exception>
    public static double[] Adjust(IReadOnlyList<double> values)
    {
        double[] adjusted = new double[values.Count];
        double largest = 0;
        foreach (var (rank, index) in Enumerable.Range(0, values.Count).OrderBy(i => values[i]).Index())
        {
            if (values[index] is not (>= 0 and <= 1))
            {
                throw new ArgumentException(
                    FormattableString.Invariant($"A p-value is {values[index]}; 0 to 1 was expected."), nameof(values));
            }

            // No test may pass where one with a lower p-value fails.
            largest = Math.Max(largest, Math.Min(1, (values.Count - rank) * values[index]));
            adjusted[index] = largest;
        }

        return adjusted;
    }
}
