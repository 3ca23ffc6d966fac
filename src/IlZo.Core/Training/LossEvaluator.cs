using IlZo.Backends;
using IlZo.Generation;
using IlZo.Models;
using IlZo.Perturbations;
using IlZo.Tasks;

namespace IlZo.Training;

/// <summary>Evaluates losses of a model: the only code that runs forwards in training and evaluation.</summary>
/// <param name="model">The model.</param>
/// <param name="backend">The device.</param>
/// <param name="task">What the task's loss is.</param>
/// <param name="objective">Whether that loss or a metric is trained on.</param>
/// <param name="answers">How answers are generated; null where candidates are compared.</param>
/// <remarks>
/// Not thread-safe: a call during another, from a second thread or out of a callback, throws <see cref="InvalidOperationException"/>. Threads that work at the same
/// time have an evaluator and a backend each, over one model.
/// </remarks>
public sealed partial class LossEvaluator(
    LanguageModel model,
    IBackend backend,
    TaskObjective task,
    TrainingObjective objective = TrainingObjective.Loss,
    AnswerSettings? answers = null)
{
    /// <summary>Probes of one traversal: the pair ±ε, whose activations fit where those of a plain forward of twice the batch would.</summary>
    internal const int ProbesPerPass = 2;

    private readonly AnswerGenerator? _generator = answers is null ? null : new AnswerGenerator(model, answers.Tokenizer, backend, answers.MaxNewTokens);

    private readonly UseGuard _use = new(nameof(LossEvaluator));

    /// <summary>Forward passes so far, one for each probe of each batch.</summary>
    public long ForwardPasses { get; private set; }

    /// <summary>Tokens that went through the model so far, at each probe once.</summary>
    public long Tokens { get; private set; }

    // Whether the loss is a mean over option tokens, not over examples.
    private bool CountsTokens => task == TaskObjective.LanguageModel && objective == TrainingObjective.Loss;

    /// <summary>The loss of a batch at each probe.</summary>
    public double[] Losses(ScoringBatch batch, IReadOnlyList<Probe> probes)
    {
        using var use = _use.Enter();
        return BatchLosses(batch, probes);
    }

    /// <summary>The loss of many examples at each probe, evaluated in batches.</summary>
    public double[] Losses(IReadOnlyList<EncodedExample> examples, int batchSize, IReadOnlyList<Probe> probes)
    {
        using var use = _use.Enter();
        double[] sums = new double[probes.Count];
        long terms = 0;
        foreach (var chunk in examples.Chunk(batchSize))
        {
            var batch = TrainingBatch(chunk);
            int count = CountsTokens ? batch.Targets.Count : chunk.Length;
            double[] losses = BatchLosses(batch, probes);
            for (int p = 0; p < sums.Length; p++)
            {
                sums[p] += losses[p] * count;
            }

            terms += count;
        }

        return [.. sums.Select(s => s / terms)];
    }

    /// <summary>The batch that a training step evaluates.</summary>
    public ScoringBatch TrainingBatch(IReadOnlyList<EncodedExample> examples) =>
        ScoringBatch.Build(examples, correctOnly: CountsTokens);

    /// <summary>Sums over the weights.</summary>
    public IWeightSums Sums => backend;

    private double[] BatchLosses(ScoringBatch batch, IReadOnlyList<Probe> probes)
    {
        if (objective == TrainingObjective.F1)
        {
            return [.. probes.Select(p => NegativeF1(Answer(batch.Examples, p)))];
        }

        double[] losses = new double[probes.Count];
        for (int first = 0; first < probes.Count; first += ProbesPerPass)
        {
            Probe[] pass = [.. probes.Skip(first).Take(ProbesPerPass)];
            double[][] logProbabilities = Run(batch, pass);
            for (int p = 0; p < pass.Length; p++)
            {
                losses[first + p] = Loss(batch, logProbabilities[p]);
            }
        }

        return losses;
    }

    private static double[] Scores(ScoringBatch batch, double[] logProbabilities, int example)
    {
        double[] scores = new double[batch.Examples[example].Candidates.Count];
        for (int c = 0; c < scores.Length; c++)
        {
            scores[c] = Scoring.Score(batch.Option(logProbabilities, example, c));
        }

        return scores;
    }

    private double[][] Run(ScoringBatch batch, IReadOnlyList<Probe> probes)
    {
        backend.Begin(batch.Tokens, probes);
        var hidden = model.Forward(backend, batch.Tokens);
        ForwardPasses += probes.Count;
        Tokens += (long)batch.Tokens.Count * probes.Count;
        return backend.LogProbabilities(hidden, model.Head, batch.Targets);
    }

    private double Loss(ScoringBatch batch, double[] logProbabilities)
    {
        if (CountsTokens)
        {
            return Scoring.LanguageModelLoss(logProbabilities);
        }

        double sum = 0;
        for (int e = 0; e < batch.Examples.Count; e++)
        {
            sum += ExampleLoss(batch.Examples[e], Scores(batch, logProbabilities, e));
        }

        return sum / batch.Examples.Count;
    }

    private double ExampleLoss(EncodedExample example, double[] scores) => objective == TrainingObjective.Loss
        ? Scoring.ClassificationLoss(scores, example.Correct)
        : Scoring.AccuracyLoss(scores, example.Accepted);

    // What is not a number stays visible: an answer that could not be generated leaves all of them without a value. An F1 of 0 is no -0.
    private static double NegativeF1(IReadOnlyList<Prediction> answers) =>
        answers.Any(a => a.Text is null) ? double.NaN : 0 - answers.Average(a => a.F1!.Value);
}
