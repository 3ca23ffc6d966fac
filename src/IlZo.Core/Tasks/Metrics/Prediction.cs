namespace IlZo.Tasks;

/// <summary>What a model makes of one example.</summary>
/// <param name="Example">The example.</param>
/// <param name="Choice">The candidate of the highest score; <see cref="Scoring.NoPrediction"/> where there is none or a text is
/// generated.</param>
/// <param name="Text">The candidate's text, or the text that was generated; null where the model's numbers allow no prediction.</param>
/// <param name="Scores">The score of each candidate; none where a text is generated.</param>
/// <param name="IsCorrect">Whether this counts as correct.</param>
public sealed record Prediction(EncodedExample Example, int Choice, string? Text, IReadOnlyList<double> Scores, bool IsCorrect)
{
    /// <summary>Whether the text was generated, not chosen among candidates.</summary>
    public bool IsGenerated { get; private init; }

    /// <summary>The texts that count as correct.</summary>
    public IEnumerable<string> Gold => IsGenerated ? Example.Answers : Example.Accepted.Select(i => Example.CandidateTexts[i]);

    /// <summary>The prediction that follows from the candidates' scores.</summary>
    internal static Prediction Choose(EncodedExample example, double[] scores)
    {
        int choice = Scoring.Predict(scores);
        string? text = choice == Scoring.NoPrediction
            ? null
            : choice < example.CandidateTexts.Count ? example.CandidateTexts[choice] : string.Empty;
        return new Prediction(example, choice, text, scores, example.Accepted.Contains(choice));
    }

    /// <summary>The prediction that a generated text is.</summary>
    internal static Prediction Generated(EncodedExample example, string? text) =>
        new(example, Scoring.NoPrediction, text, [], text is not null && AnswerMatch.IsExact(text, example.Answers)) { IsGenerated = true };
}
