namespace IlZo.Tasks;

/// <summary>The metrics.</summary>
public static class MetricCatalog
{
    /// <summary>All of them. Of those that judge a kind of answers the first is the metric of tasks that name none.</summary>
    public static IReadOnlyList<IMetric> All { get; } =
    [
        Accuracy.OfCandidates,
        new MacroF1(),
        new MatthewsCorrelation(),
        TokenF1.Instance,
        Accuracy.ExactMatch,
        new RougeL(),
        Perplexity.Instance,
    ];

    /// <summary>The names of the metrics that can be trained on.</summary>
    public static IReadOnlyList<string> Objectives { get; } = [.. All.OfType<IExampleMetric>().Select(m => m.Name)];

    /// <summary>The metrics that judge a kind of answers.</summary>
    internal static IEnumerable<IMetric> Judging(AnswerKind kind) => All.Where(m => m.Judges.HasFlag(kind));

    /// <summary>The metrics that every evaluation of a kind of answers has, in the order of their fields.</summary>
    internal static IReadOnlyList<IMetric> Usual(AnswerKind kind) => kind switch
    {
        AnswerKind.Text => [Perplexity.Instance],
        AnswerKind.Generated => [Accuracy.ExactMatch, TokenF1.Instance],
        _ => [Accuracy.OfCandidates],
    };

    /// <summary>All metrics that judge a kind of answers, the usual ones first.</summary>
    internal static IReadOnlyList<IMetric> Of(AnswerKind kind) => [.. Usual(kind).Union(Judging(kind))];

    /// <summary>A metric by its name, or null.</summary>
    public static IMetric? Find(string name) => All.FirstOrDefault(m => m.Name == name);
}
