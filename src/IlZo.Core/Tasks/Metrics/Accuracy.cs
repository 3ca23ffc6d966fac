namespace IlZo.Tasks;

/// <summary>The share of correct predictions.</summary>
internal sealed class Accuracy : IExampleMetric
{
    private Accuracy(string name, string title, AnswerKind judges) => (Name, Title, Judges) = (name, title, judges);

    /// <summary>The share of examples whose most probable candidate is a correct one.</summary>
    public static Accuracy OfCandidates { get; } = new("accuracy", "accuracy", AnswerKind.Class | AnswerKind.Choice);

    /// <summary>The share of generated answers that equal a gold one after normalization (<see cref="AnswerMatch"/>).</summary>
    public static Accuracy ExactMatch { get; } = new("exact_match", "exact match", AnswerKind.Generated);

    public string Name { get; }

    public string Title { get; }

    public AnswerKind Judges { get; }

    /// <summary>The same for both: runs have said so from the start.</summary>
    public string Field => "accuracy";

    public double Of(Prediction prediction) => prediction.IsCorrect ? 1 : 0;

    /// <summary>The Wilson score interval.</summary>
    public (double Low, double High)? Interval(IReadOnlyList<Prediction> predictions) =>
        Scoring.WilsonInterval(predictions.Count(p => p.IsCorrect), predictions.Count);
}
