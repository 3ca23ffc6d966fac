using IlZo.Backends;
using IlZo.Models;
using IlZo.Perturbations;
using IlZo.Tasks;

namespace IlZo.Training;

/// <summary>What training minimizes.</summary>
public enum TrainingObjective
{
    /// <summary>The task's loss, in nats.</summary>
    Loss,

    /// <summary>The negative share of right predictions, which has no gradient (MeZO, section 3.3).</summary>
    Accuracy,
}

/// <summary>What a set of examples shows of a model.</summary>
/// <param name="Loss">
/// The training objective: the mean loss over examples (classification) or over option tokens (language model) in nats, or the negative accuracy.
/// </param>
/// <param name="Correct">Examples whose best-scored candidate is the correct one; 0 where there is nothing to choose.</param>
/// <param name="Total">Examples.</param>
public sealed record Evaluation(double Loss, int Correct, int Total)
{
    /// <summary>exp of the loss of a token where examples are texts without answers to choose from; else null.</summary>
    public double? Perplexity { get; init; }

    /// <summary>The share of correct examples; null where there is nothing to choose.</summary>
    public double? Accuracy => Perplexity is null ? (double)Correct / Total : null;

    /// <summary>Where the accuracy on unlimited examples lies with 95 % confidence: the Wilson score interval.</summary>
    public (double Low, double High) Interval => Wilson(Correct, Total);

    /// <summary>The 95 % Wilson score interval of a proportion.</summary>
    public static (double Low, double High) Wilson(int correct, int total)
    {
        const double Z = 1.959963984540054;
        double p = (double)correct / total;
        double shrink = 1 + (Z * Z / total);
        double middle = (p + (Z * Z / (2.0 * total))) / shrink;
        double half = Z / shrink * Math.Sqrt((p * (1 - p) / total) + (Z * Z / (4.0 * total * total)));
        return (Math.Max(0, middle - half), Math.Min(1, middle + half));
    }
}

/// <summary>Evaluates losses of a model: the only code that runs forwards in training and evaluation.</summary>
/// <param name="model">The model.</param>
/// <param name="backend">The device.</param>
/// <param name="task">What the task's loss is.</param>
/// <param name="objective">Whether that loss or the accuracy is trained on.</param>
public sealed class LossEvaluator(
    LanguageModel model, IBackend backend, TaskObjective task, TrainingObjective objective = TrainingObjective.Loss)
{
    // Tokens of one pass when many examples are evaluated. Results do not depend on it.
    private const int EvaluationTokens = 2048;

    /// <summary>Probes of one traversal: the pair ±ε, whose activations fit where those of a plain forward of twice the batch would.</summary>
    internal const int ProbesPerPass = 2;

    /// <summary>Forward passes so far, one for each probe of each batch.</summary>
    public long ForwardPasses { get; private set; }

    /// <summary>Tokens that went through the model so far, at each probe once.</summary>
    public long Tokens { get; private set; }

    /// <summary>The loss of a batch at each probe.</summary>
    public double[] Losses(ScoringBatch batch, IReadOnlyList<Probe> probes)
    {
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

    /// <summary>The loss of many examples at each probe, evaluated in batches.</summary>
    public double[] Losses(IReadOnlyList<EncodedExample> examples, int batchSize, IReadOnlyList<Probe> probes)
    {
        double[] sums = new double[probes.Count];
        long terms = 0;
        foreach (var chunk in examples.Chunk(batchSize))
        {
            var batch = TrainingBatch(chunk);
            int count = CountsTokens ? batch.Targets.Count : chunk.Length;
            double[] losses = Losses(batch, probes);
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

    /// <summary>Loss and accuracy of examples at the weights as they are.</summary>
    public Evaluation Evaluate(IReadOnlyList<EncodedExample> examples, CancellationToken cancellation = default)
    {
        double sum = 0;
        long terms = 0;
        int correct = 0;
        foreach (var chunk in Chunks(examples))
        {
            cancellation.ThrowIfCancellationRequested();
            var batch = ScoringBatch.Build(chunk);
            double[] logProbabilities = Run(batch, [Probe.Unperturbed])[0];
            for (int e = 0; e < chunk.Count; e++)
            {
                double[] scores = Scores(batch, logProbabilities, e);
                correct += Scoring.Predict(scores) == chunk[e].Correct ? 1 : 0;
                if (CountsTokens)
                {
                    int length = chunk[e].CorrectCandidate.OptionLength;
                    sum -= scores[chunk[e].Correct] * length;
                    terms += length;
                }
                else
                {
                    sum += ExampleLoss(scores, chunk[e].Correct);
                    terms++;
                }
            }
        }

        bool chooses = examples.Any(e => e.Candidates.Count > 1);
        return new Evaluation(sum / terms, chooses ? correct : 0, examples.Count) { Perplexity = chooses ? null : Math.Exp(sum / terms) };
    }

    /// <summary>Calls a function for every number below <paramref name="items"/>, in any order and on all of the backend's threads.</summary>
    public void Parallel(int items, Action<int> body) => backend.Parallel(items, body);

    private static IEnumerable<IReadOnlyList<EncodedExample>> Chunks(IReadOnlyList<EncodedExample> examples)
    {
        var chunk = new List<EncodedExample>();
        int tokens = 0;
        foreach (var example in examples)
        {
            int size = example.Candidates.Max(c => c.Tokens.Length);
            if (chunk.Count > 0 && tokens + size > EvaluationTokens)
            {
                yield return chunk;
                chunk = [];
                tokens = 0;
            }

            chunk.Add(example);
            tokens += size;
        }

        if (chunk.Count > 0)
        {
            yield return chunk;
        }
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

    // Whether the loss is a mean over option tokens, not over examples.
    private bool CountsTokens => task == TaskObjective.LanguageModel && objective == TrainingObjective.Loss;

    private double Loss(ScoringBatch batch, double[] logProbabilities)
    {
        if (CountsTokens)
        {
            return Scoring.LanguageModelLoss(logProbabilities);
        }

        double sum = 0;
        for (int e = 0; e < batch.Examples.Count; e++)
        {
            sum += ExampleLoss(Scores(batch, logProbabilities, e), batch.Examples[e].Correct);
        }

        return sum / batch.Examples.Count;
    }

    private double ExampleLoss(double[] scores, int correct) =>
        objective == TrainingObjective.Loss ? Scoring.ClassificationLoss(scores, correct) : Scoring.AccuracyLoss(scores, correct);
}
