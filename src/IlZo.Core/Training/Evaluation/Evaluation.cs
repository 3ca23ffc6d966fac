using IlZo.Tasks;

namespace IlZo.Training;

/// <summary>What a set of examples shows of a model.</summary>
/// <param name="Loss">
/// What training minimizes: the mean over examples (classification) or over option tokens (language model), in nats, or the negative of
/// the metric that is trained on.
/// </param>
/// <param name="Correct">Examples that are predicted correctly; of generated answers, those that equal a gold one after normalization; 0 where there is nothing to choose.</param>
/// <param name="Total">Examples.</param>
public sealed record Evaluation(double Loss, int Correct, int Total)
{
    // Fixed, so that the same predictions always have the same interval.
    private const uint BootstrapSeed = 0;

    /// <summary>exp of the loss of a token where examples are texts without answers to choose from; else null.</summary>
    public double? Perplexity { get; init; }

    /// <summary>The share of correct examples; null where there is nothing to choose.</summary>
    public double? Accuracy => Perplexity is null ? (double)Correct / Total : null;

    /// <summary>Where the accuracy on unlimited examples lies with 95 % confidence: the Wilson score interval.</summary>
    public (double Low, double High) Interval => Scoring.WilsonInterval(Correct, Total);

    /// <summary>The mean F1 of generated answers; null where candidates are compared.</summary>
    public double? F1 { get; init; }

    /// <summary>Where the mean F1 lies with 95 % confidence, by the percentiles of resampled means; null without predictions that have one.</summary>
    public (double Low, double High)? F1Interval =>
        F1 is null || Predictions.Count == 0 ? null : Bootstrap.MeanInterval([.. Predictions.Select(p => p.F1!.Value)], BootstrapSeed);

    /// <summary>The prediction for each example, in their order.</summary>
    public IReadOnlyList<Prediction> Predictions { get; init; } = [];
}

/// <summary>What a model makes of one example.</summary>
/// <param name="Example">The example.</param>
/// <param name="Choice">The candidate of the highest score; <see cref="Scoring.NoPrediction"/> where there is none or a text is generated.</param>
/// <param name="Text">The candidate's text, or the text that was generated; null where the model's numbers allow no prediction.</param>
/// <param name="Scores">The score of each candidate; none where a text is generated.</param>
/// <param name="IsCorrect">Whether this counts as correct.</param>
/// <param name="F1">The F1 of a generated text; null where candidates are compared.</param>
public sealed record Prediction(
    EncodedExample Example, int Choice, string? Text, IReadOnlyList<double> Scores, bool IsCorrect, double? F1 = null)
{
    /// <summary>The texts that count as correct.</summary>
    public IEnumerable<string> Gold => F1 is null ? Example.Accepted.Select(i => Example.CandidateTexts[i]) : Example.Answers;

    /// <summary>The prediction that follows from the candidates' scores.</summary>
    public static Prediction Choose(EncodedExample example, double[] scores)
    {
        int choice = Scoring.Predict(scores);
        string? text = choice == Scoring.NoPrediction ? null : choice < example.CandidateTexts.Count ? example.CandidateTexts[choice] : string.Empty;
        return new Prediction(example, choice, text, scores, example.Accepted.Contains(choice));
    }

    /// <summary>The prediction that a generated text is.</summary>
    public static Prediction Generated(EncodedExample example, string? text) => text is null
        ? new Prediction(example, Scoring.NoPrediction, null, [], false, 0)
        : new Prediction(example, Scoring.NoPrediction, text, [], AnswerMatch.IsExact(text, example.Answers), AnswerMatch.F1(text, example.Answers));
}
