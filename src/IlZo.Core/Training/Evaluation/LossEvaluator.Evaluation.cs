using IlZo.Perturbations;
using IlZo.Tasks;

namespace IlZo.Training;

internal sealed partial class LossEvaluator
{
    // Tokens of one pass when many examples are evaluated. Results do not depend on it.
    internal const int EvaluationTokens = 2048;

    /// <summary>Loss and predictions of examples at the weights as they are.</summary>
    /// <exception cref="Files.FileChangedException">A file that weights are read from has changed.</exception>
    public Evaluation Evaluate(IReadOnlyList<EncodedExample> examples, CancellationToken cancellation = default) =>
        Evaluate(examples, null, cancellation);

    /// <summary>
    /// As <see cref="Evaluate(IReadOnlyList{EncodedExample}, CancellationToken)"/>, with predictions by calibrated scores: a candidate's
    /// summed log-probability less that under a prompt without content. The loss stays as it is.
    /// Source: Zhao et al. 2021, arXiv 2102.09690; Holtzman et al. 2021, arXiv 2104.08315; princeton-nlp/MeZO large_models/run.py,
    /// one_step_pred.
    /// </summary>
    /// <param name="examples">The examples.</param>
    /// <param name="contentFree">For each of them the same candidates after the prompt without content; null for no calibration.</param>
    /// <param name="cancellation">Ends the work between two batches.</param>
    public Evaluation Evaluate(
        IReadOnlyList<EncodedExample> examples, IReadOnlyList<EncodedExample>? contentFree, CancellationToken cancellation = default)
    {
        using var use = _use.Enter();
        if (_generator is not null)
        {
            return EvaluateAnswers(examples, cancellation);
        }

        double[][]? baseline = contentFree is null ? null : OptionSums(contentFree, cancellation);
        var predictions = new List<Prediction>(examples.Count);
        double loss = Score(examples, (example, scores) => predictions.Add(Prediction.Choose(
            example, baseline is null ? scores : Calibrated(example, scores, baseline[predictions.Count]))), cancellation);
        model.Checkpoint.RequireUnchanged();
        var kind = examples.Any(e => e.Candidates.Count > 1) ? AnswerKind.Choice : AnswerKind.Text;
        return Evaluation.Of(predictions, loss, metrics ?? MetricCatalog.Usual(kind));
    }

    private Evaluation EvaluateAnswers(IReadOnlyList<EncodedExample> examples, CancellationToken cancellation)
    {
        Prediction[] predictions = [.. examples.Zip(
            AnswerWork.Texts(this, examples, Probe.Unperturbed, cancellation), Prediction.Generated)];
        model.Checkpoint.RequireUnchanged();
        double loss = JudgesAnswers ? ExampleLoss.Mean(Negative(predictions)) : Score(examples, (_, _) => { }, cancellation);
        return Evaluation.Of(predictions, loss, metrics ?? MetricCatalog.Usual(AnswerKind.Generated));
    }

    // Tells the scores of all examples in order and returns their loss.
    private double Score(IReadOnlyList<EncodedExample> examples, Action<EncodedExample, double[]> onScores, CancellationToken cancellation)
    {
        var values = Values(new ScoreWork(this, examples, cancellation))[0];
        for (int e = 0; e < examples.Count; e++)
        {
            onScores(examples[e], values[e].Scores);
        }

        return ExampleLoss.Mean(values.Select(v => v.Loss));
    }

    // The same prompts without content come again and again; each is computed once.
    private double[][] OptionSums(IReadOnlyList<EncodedExample> examples, CancellationToken cancellation)
    {
        var sums = new Dictionary<string, double[]>(StringComparer.Ordinal);
        string[] keys =
            [.. examples.Select(e => string.Join(';', e.Candidates.Select(c => $"{c.OptionLength}:{string.Join(',', c.Tokens)}")))];
        EncodedExample[] different = [.. examples.Zip(keys).DistinctBy(pair => pair.Second).Select(pair => pair.First)];
        string[] differentKeys = [.. keys.Distinct()];
        Score(different, (example, scores) => sums.Add(differentKeys[sums.Count], OptionSums(example, scores)), cancellation);
        return [.. keys.Select(key => sums[key])];
    }

    private static double[] OptionSums(EncodedExample example, double[] scores) =>
        [.. scores.Select((score, c) => score * example.Candidates[c].OptionLength)];

    private static double[] Calibrated(EncodedExample example, double[] scores, double[] baseline) =>
        [.. OptionSums(example, scores).Zip(baseline, (sum, contentFree) => sum - contentFree)];
}
