namespace IlZo.Optimizers;

/// <summary>Settings that a publication gives for training all weights of some models, or their scales.</summary>
/// <param name="Models">The models.</param>
/// <param name="LearningRates">The rates that were tried; none where none are known.</param>
/// <param name="Epsilons">The radii that were tried; none where none are known.</param>
/// <param name="Queries">Directions a step; null where none are said.</param>
/// <param name="Source">Where this is from.</param>
internal sealed record PublishedSetting(
    string Models, IReadOnlyList<double> LearningRates, IReadOnlyList<double> Epsilons, int? Queries, string Source)
{
    /// <summary>A sentence without its end for each setting outside all that some publications give for a method.</summary>
    internal static IEnumerable<string> Departures(OptimizerMethod method, double learningRate, double epsilon)
    {
        foreach (var (name, value, range) in new[]
        {
            ("lr", learningRate, method.Published.SelectMany(p => p.LearningRates).ToArray()),
            ("eps", epsilon, method.Published.SelectMany(p => p.Epsilons).ToArray()),
        })
        {
            if (range.Length > 0 && (value < range.Min() || value > range.Max()))
            {
                string known = range.Min() == range.Max() ? FormattableString.Invariant($"{range.Min():R}")
                    : FormattableString.Invariant($"{range.Min():R} to {range.Max():R}");
                yield return FormattableString.Invariant(
                    $"{name} is {value:R}; published for {method.Name}: {known}");
            }
        }
    }
}
