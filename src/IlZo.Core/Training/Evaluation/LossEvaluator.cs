using IlZo.Backends;
using IlZo.Generation;
using IlZo.Models;
using IlZo.Optimizers;
using IlZo.Perturbations;
using IlZo.Tasks;

namespace IlZo.Training;

/// <summary>Evaluates losses of a model: the only code that runs forwards in training and evaluation.</summary>
/// <param name="model">The model.</param>
/// <param name="backend">The device.</param>
/// <param name="task">What the task's loss is.</param>
/// <param name="objective">The metric whose negative is the loss instead; null for none.</param>
/// <param name="answers">How answers are generated; null where candidates are compared.</param>
/// <param name="metrics">What judges predictions; null for what is usual for the examples.</param>
/// <param name="shared">The run, where others do a part of the work; null for none.</param>
/// <remarks>
/// Not thread-safe: a call during another, from a second thread or out of a callback, throws <see cref="InvalidOperationException"/>.
/// Threads that work at the same time have an evaluator and a backend each, over one model.
/// </remarks>
internal sealed partial class LossEvaluator(
    LanguageModel model,
    IBackend backend,
    TaskObjective task,
    IExampleMetric? objective = null,
    AnswerSettings? answers = null,
    IReadOnlyList<IMetric>? metrics = null,
    ISharedRun? shared = null)
{
    /// <summary>
    /// Probes of one traversal: the pair ±ε, whose activations fit where those of a plain forward of twice the batch would.
    /// </summary>
    internal const int PointsPerPass = 2;

    private readonly AnswerGenerator? _generator = answers is null
        ? null
        : new AnswerGenerator(model, answers.Tokenizer, backend, answers.MaxNewTokens);

    private readonly UseGuard _use = new(nameof(LossEvaluator));

    /// <summary>Forward passes so far, one for each probe of each batch.</summary>
    public long ForwardPasses { get; private set; }

    /// <summary>Tokens that went through the model so far, at each point once.</summary>
    public long Tokens { get; private set; }

    // Whether the loss is a mean over option tokens, not over examples.
    private bool CountsTokens => task == TaskObjective.LanguageModel && objective is null;

    /// <summary>Whether the loss has derivatives here: a metric in its place has none.</summary>
    public bool HasDerivatives => objective is null && backend.Engine.Has(PassKind.Derivatives);

    // Whether the loss is of answers that are generated.
    private bool JudgesAnswers => objective?.Judges.HasFlag(AnswerKind.Generated) == true;

    /// <summary>The loss of a batch at each point.</summary>
    /// <returns>Of each point; <see cref="StepRecord.NotEvaluated"/> for those that the run does without.</returns>
    public double[] Losses(ScoringBatch batch, IReadOnlyList<Probe> probes) =>
        [.. ExampleLosses(batch, probes).Select(e => e.Length > 0 ? ExampleLoss.Mean(e) : StepRecord.NotEvaluated)];

    /// <summary>The loss of many examples at each point, evaluated in batches: the same bits as in one.</summary>
    public double[] Losses(IReadOnlyList<EncodedExample> examples, int batchSize, IReadOnlyList<Probe> probes)
    {
        using var use = _use.Enter();
        List<ExampleLoss>[] losses = [.. Enumerable.Range(0, ProbePoints.Count(probes)).Select(_ => new List<ExampleLoss>(examples.Count))];
        foreach (var chunk in examples.Chunk(batchSize))
        {
            var part = BatchLosses(TrainingBatch(chunk), probes);
            for (int p = 0; p < losses.Length; p++)
            {
                losses[p].AddRange(part[p]);
            }
        }

        return [.. losses.Select(ExampleLoss.Mean)];
    }

    /// <summary>The loss of a batch at the weights, where somebody sees what trained tensors are applied to.</summary>
    /// <param name="batch">The batch. Each worker of a shared run evaluates it as a whole: it is the inputs that are wanted.</param>
    /// <param name="observer">Who sees it.</param>
    public double Loss(ScoringBatch batch, IInputObserver observer)
    {
        using var use = _use.Enter();
        double[] logProbabilities = Run(batch, backend.BeginObserved(batch.Tokens, observer))[0];
        return ExampleLoss.Mean([.. Enumerable.Range(0, batch.Examples.Count).Select(e => LossOf(batch, logProbabilities, e))]);
    }

    /// <summary>What each example of a batch adds to the loss at each point.</summary>
    /// <returns>[point][example]; no examples at points that the run does without.</returns>
    public ExampleLoss[][] ExampleLosses(ScoringBatch batch, IReadOnlyList<Probe> probes)
    {
        using var use = _use.Enter();
        return BatchLosses(batch, probes);
    }

    /// <summary>The batch that a training step evaluates.</summary>
    public ScoringBatch TrainingBatch(IReadOnlyList<EncodedExample> examples) =>
        ScoringBatch.Build(examples, correctOnly: CountsTokens);

    /// <summary>Sums over the weights.</summary>
    public IWeightSums Sums => backend;

    private ExampleLoss[][] BatchLosses(ScoringBatch batch, IReadOnlyList<Probe> probes) =>
        JudgesAnswers ? AnswerWork.Losses(this, batch.Examples, probes) : BatchWork.Losses(this, batch, probes);

    // All values of work, [pass][item], whoever computes them.
    private T[][] Values<T>(ISharedWork<T> work) =>
        shared is null ? [.. Enumerable.Range(0, work.Passes).Select(pass => work.Do(pass, 0, work.Items))] : shared.Share(work);

    private static double[] Scores(ScoringBatch batch, double[] logProbabilities, int example)
    {
        double[] scores = new double[batch.Examples[example].Candidates.Count];
        for (int c = 0; c < scores.Length; c++)
        {
            scores[c] = Scoring.Score(batch.Option(logProbabilities, example, c));
        }

        return scores;
    }

    private double[][] Run(ScoringBatch batch, IReadOnlyList<Probe> probes) => Run(batch, backend.Begin(batch.Tokens, probes));

    private double[][] Run(ScoringBatch batch, IPass pass)
    {
        var hidden = model.Forward(pass);
        double[][] logProbabilities = pass.LogProbabilities(hidden, model.Head, batch.Targets);
        ForwardPasses += logProbabilities.Length;
        Tokens += (long)batch.Tokens.Count * logProbabilities.Length;
        return logProbabilities;
    }

    private ExampleLoss LossOf(ScoringBatch batch, double[] logProbabilities, int example) => CountsTokens
        ? Scoring.LanguageModelLoss(batch.Option(logProbabilities, example, batch.Examples[example].Correct))
        : ChoiceLoss(batch.Examples[example], Scores(batch, logProbabilities, example));

    // The derivative of LossOf along tangents of the log-probabilities. Scores are means of these, so theirs are made of them alike.
    private ExampleLoss SlopeOf(ScoringBatch batch, double[] logProbabilities, double[] tangents, int example)
    {
        var encoded = batch.Examples[example];
        return CountsTokens
            ? Scoring.LanguageModelLoss(batch.Option(tangents, example, encoded.Correct))
            : new(
                Scoring.ClassificationSlope(
                    Scores(batch, logProbabilities, example), Scores(batch, tangents, example), encoded.Correct),
                1);
    }

    // The terms of an example's loss.
    private int TermsOf(EncodedExample example) => CountsTokens ? example.CorrectCandidate.OptionLength : 1;

    private ExampleLoss ChoiceLoss(EncodedExample example, double[] scores) =>
        objective is null
            ? new(Scoring.ClassificationLoss(scores, example.Correct), 1)
            : Negative(objective, Prediction.Choose(example, scores));

    private ExampleLoss[] Negative(IReadOnlyList<Prediction> answers) => [.. answers.Select(a => Negative(objective!, a))];

    // What is not a number stays visible: an example without a prediction leaves all of them without a value. A metric of 0 is no -0.
    private static ExampleLoss Negative(IExampleMetric metric, Prediction prediction) =>
        new(prediction.Text is null ? double.NaN : 0 - metric.Of(prediction), 1);
}
