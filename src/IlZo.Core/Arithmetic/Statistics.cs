namespace IlZo.Arithmetic;

/// <summary>What is said of several numbers.</summary>
internal static class Statistics
{
    /// <summary>The number in the middle, or the mean of the two there.</summary>
    /// <param name="values">One or more.</param>
    public static double Median(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        int middle = sorted.Length / 2;
        return sorted.Length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
    }
}
