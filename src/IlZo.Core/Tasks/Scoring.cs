using IlZo.Arithmetic;

namespace IlZo.Tasks;

/// <summary>
/// Losses, predictions and metrics of given log-probabilities, in double precision. What is not a number stays visible: a NaN
/// anywhere makes the loss NaN and leaves the example without a prediction.
/// </summary>
internal static class Scoring
{
    /// <summary>What <see cref="Predict"/> answers where there is no prediction.</summary>
    public const int NoPrediction = -1;

    /// <summary>A candidate's score: the mean log-probability of its option tokens, so that long answers are not punished.</summary>
    /// <param name="optionLogProbabilities">
    /// log p of each option token given its prefix, over the full vocabulary, in nats; at least 1.
    /// </param>
    public static double Score(ReadOnlySpan<double> optionLogProbabilities)
    {
        ArgumentOutOfRangeException.ThrowIfZero(optionLogProbabilities.Length, nameof(optionLogProbabilities));
        double sum = 0;
        foreach (double logProbability in optionLogProbabilities)
        {
            sum += logProbability;
        }

        return sum / optionLogProbabilities.Length;
    }

    /// <summary>The classification objective of one example: −log softmax(scores)[correct], in nats.</summary>
    /// <param name="scores">Every candidate's <see cref="Score"/>.</param>
    /// <param name="correct">The index of the correct candidate.</param>
    /// <returns>NaN where a score is NaN or +∞, or all are −∞; +∞ where only the correct one is −∞.</returns>
    public static double ClassificationLoss(ReadOnlySpan<double> scores, int correct)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(correct);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(correct, scores.Length);
        double max = double.NegativeInfinity;
        foreach (double score in scores)
        {
            // Math.Max hands a NaN on, and everything below then is NaN.
            max = Math.Max(max, score);
        }

        double sum = 0;
        foreach (double score in scores)
        {
            sum += ElementaryFunctions.Exp(score - max);
        }

        return ElementaryFunctions.Log(sum) - (scores[correct] - max);
    }

    /// <summary>
    /// The derivative of <see cref="ClassificationLoss"/> along tangents of the scores: Σ p ṡ − ṡ[correct] with p = softmax(s).
    /// </summary>
    /// <param name="scores">Every candidate's <see cref="Score"/>.</param>
    /// <param name="tangents">Their derivatives.</param>
    /// <param name="correct">The index of the correct candidate.</param>
    /// <returns>What is not a number stays visible.</returns>
    public static double ClassificationSlope(ReadOnlySpan<double> scores, ReadOnlySpan<double> tangents, int correct)
    {
        double max = double.NegativeInfinity;
        foreach (double score in scores)
        {
            max = Math.Max(max, score);
        }

        double sum = 0;
        double along = 0;
        for (int c = 0; c < scores.Length; c++)
        {
            double e = ElementaryFunctions.Exp(scores[c] - max);
            sum += e;
            along += e * tangents[c];
        }

        return (along / sum) - tangents[correct];
    }

    /// <summary>
    /// The language-model objective of one example: −log p of every option token. Its mean over a batch is one over tokens, so that long
    /// answers weigh more; not the mean of the examples' means.
    /// </summary>
    /// <param name="optionLogProbabilities">log p of the option tokens of the correct candidate; at least 1.</param>
    public static ExampleLoss LanguageModelLoss(ReadOnlySpan<double> optionLogProbabilities)
    {
        ArgumentOutOfRangeException.ThrowIfZero(optionLogProbabilities.Length, nameof(optionLogProbabilities));
        double sum = 0;
        foreach (double logProbability in optionLogProbabilities)
        {
            sum -= logProbability;
        }

        return new ExampleLoss(sum, optionLogProbabilities.Length);
    }

    /// <summary>
    /// The candidate of the highest score, the first of equal ones; <see cref="NoPrediction"/> where a score is NaN.
    /// </summary>
    public static int Predict(ReadOnlySpan<double> scores)
    {
        int best = NoPrediction;
        for (int i = 0; i < scores.Length; i++)
        {
            if (double.IsNaN(scores[i]))
            {
                return NoPrediction;
            }

            if (best < 0 || scores[i] > scores[best])
            {
                best = i;
            }
        }

        return best;
    }

    /// <summary>Wilson's score interval of 95 % for a proportion (E. B. Wilson, 1927).</summary>
    /// <param name="hits">Examples predicted correctly.</param>
    /// <param name="total">Examples, at least 1.</param>
    /// <returns>Both ends, within 0 … 1.</returns>
    public static (double Low, double High) WilsonInterval(int hits, int total)
    {
        const double z = 1.959963984540054;
        ArgumentOutOfRangeException.ThrowIfLessThan(total, 1);
        ArgumentOutOfRangeException.ThrowIfNegative(hits);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(hits, total);
        double p = (double)hits / total;
        double shrink = 1 + (z * z / total);
        double middle = (p + (z * z / (2.0 * total))) / shrink;
        double half = z / shrink * Math.Sqrt((p * (1 - p) / total) + (z * z / (4.0 * total * total)));
        return (Math.Max(0, middle - half), Math.Min(1, middle + half));
    }
}
