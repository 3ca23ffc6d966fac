namespace IlZo.Optimizers;

/// <summary>
/// Probabilities πᵢ = min(1, κ wᵢ) with a wanted sum: with w = √F they minimize Σ Fᵢ/πᵢ, the variance of an estimate with
/// inverse-probability weights.
/// </summary>
internal static class InclusionProbabilities
{
    private const int Bisections = 40;

    /// <summary>The probabilities.</summary>
    /// <param name="weights">Positive wᵢ.</param>
    /// <param name="sum">Σ πᵢ, above 0; at most their number.</param>
    /// <param name="cap">
    /// Whether κ goes no further than 1/max w, where the largest probability reaches 1; the sum is then min(sum, Σw / max w).
    /// </param>
    public static double[] Of(IReadOnlyList<double> weights, double sum, bool cap)
    {
        double highest = 1 / (cap ? weights.Max() : weights.Min());
        if (Sum(weights, highest) <= sum || (!cap && sum >= weights.Count))
        {
            return [.. weights.Select(w => cap ? Math.Min(1, w / weights.Max()) : 1)];
        }

        double low = 0;
        double high = highest;
        for (int i = 0; i < Bisections; i++)
        {
            double middle = (low + high) / 2;
            (low, high) = Sum(weights, middle) < sum ? (middle, high) : (low, middle);
        }

        return [.. weights.Select(w => Math.Min(1, high * w))];
    }

    private static double Sum(IReadOnlyList<double> weights, double kappa)
    {
        double sum = 0;
        foreach (double w in weights)
        {
            sum += Math.Min(1, kappa * w);
        }

        return sum;
    }
}
