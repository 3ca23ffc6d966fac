namespace IlZo.Optimizers;

/// <summary>Settings that a publication gives for training all weights of some models.</summary>
/// <param name="Models">The models.</param>
/// <param name="LearningRates">The rates that were tried.</param>
/// <param name="Epsilons">The radii that were tried.</param>
/// <param name="Queries">Directions a step; null where none are said.</param>
/// <param name="Source">Where this is from.</param>
public sealed record PublishedSetting(
    string Models, IReadOnlyList<double> LearningRates, IReadOnlyList<double> Epsilons, int? Queries, string Source);

/// <summary>What is known of a method's settings before it is tried on a model.</summary>
/// <param name="RateFactor">The learning rate that suits it, as a multiple of the one that suits <c>mezo</c> on the same model.</param>
/// <param name="Published">What its publication, or one that tried it, gives.</param>
public sealed record OptimizerPreset(double RateFactor, IReadOnlyList<PublishedSetting> Published)
{
    private const string MezoCode = "MeZO's scripts for large models (princeton-nlp/MeZO)";
    private const string MezoPaper = "MeZO, arXiv 2305.17333, appendix";
    private const string ZoBench = "ZO-Bench, arXiv 2402.11592 (ZO-Bench/ZO-LLM)";

    private static readonly double[] s_usual = [1e-3];
    private static readonly double[] s_mezoRates = [1e-7, 1e-6];
    private static readonly PublishedSetting s_bench =
        new("OPT-13B, Llama", [1e-8, 1e-7, 1e-6, 1e-5], [1e-4, 1e-3, 1e-2], 1, ZoBench);

    // Momentum adds up ten gradients. Adam divides by the gradient's norm, which is near 10 where mezo's rate is 5e-5. LOREN has
    // momentum too, and five times less variance.
    private static readonly Dictionary<string, OptimizerPreset> s_presets = new(StringComparer.Ordinal)
    {
        ["mezo"] = new(1,
        [
            new("OPT 2.7B to 66B", s_mezoRates, s_usual, 1, MezoCode),
            new("RoBERTa-large", [1e-7, 1e-6, 1e-5], s_usual, 1, MezoPaper),
        ]),
        ["mezo-momentum"] = new(0.1, [s_bench]),
        ["mezo-adam"] = new(10, [new("RoBERTa-large", [1e-6, 1e-5, 1e-4], s_usual, 1, MezoPaper), s_bench]),
        ["kerzoo"] = new(1, [new("OPT, Llama", s_mezoRates, s_usual, 3, "KerZOO, arXiv 2505.18886 (Rainbow0427/zo_acc)")]),
        ["dizo"] = new(1, [new("OPT-2.7B", s_mezoRates, s_usual, 1, "DiZO's scripts (Skilteee/DiZO)")]),
        ["loren"] = new(0.3,
        [
            new("GPT-2-XL, OPT, Llama-3-8B, RoBERTa-large", [1e-7, 1e-6, 1e-5, 1e-4], s_usual, 6,
                "LOREN, arXiv 2511.07971 (hseung88/loren); a range to search, its tables of rates are not public"),
        ]),
        ["curvzo"] = new(1,
            [new("OPT, Llama", s_mezoRates, s_usual, 1, "CurvZO, arXiv 2603.21725; it gives no rate, so these are MeZO's")]),
    };

    /// <summary>What is known of a method; nothing, and mezo's rate, where nobody entered it.</summary>
    public static OptimizerPreset Of(string method) => s_presets.GetValueOrDefault(method) ?? new OptimizerPreset(1, []);

    /// <summary>A sentence for each setting of a method outside all that was published for it.</summary>
    public static IEnumerable<string> Departures(string method, double learningRate, double epsilon)
    {
        var published = Of(method).Published;
        if (published.Count > 0)
        {
            foreach (var (name, value, range) in new[]
            {
                ("lr", learningRate, published.SelectMany(p => p.LearningRates)),
                ("eps", epsilon, published.SelectMany(p => p.Epsilons)),
            })
            {
                if (value < range.Min() || value > range.Max())
                {
                    string known = range.Min() == range.Max() ? FormattableString.Invariant($"{range.Min():R}")
                        : FormattableString.Invariant($"{range.Min():R} to {range.Max():R}");
                    yield return FormattableString.Invariant($"{name} is {value:R}; published for {method}: {known} ('ilzo ls optimizers --verbose').");
                }
            }
        }
    }
}
