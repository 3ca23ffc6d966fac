using IlZo.Optimizers;

namespace IlZo.Training;

/// <summary>What the log of a run says of its past: all that a continued run needs to know, kept up to date as it goes on.</summary>
internal sealed class RunHistory
{
    private readonly List<StepRecord> _records = [];

    /// <summary>The steps.</summary>
    public IReadOnlyList<StepRecord> Records => _records;

    /// <summary>The model before training on the test examples; null without them.</summary>
    public Evaluation? ZeroShot { get; private set; }

    /// <summary>The model before training on the dev examples; null without them, and in runs that were begun in format 1.</summary>
    public Evaluation? Start { get; private set; }

    /// <summary>The lowest dev loss so far and its step, which is 0 where nothing was better than the start.</summary>
    public (double Loss, long Step)? Best { get; private set; }

    /// <summary>The lowest dev loss of a step; null before an evaluation whose loss is finite.</summary>
    public double? BestAfterStart { get; private set; }

    /// <summary>What was saved last: the step and the SHA-256. Null where nothing was.</summary>
    public (long Step, string Sha256)? Saved { get; private set; }

    /// <summary>The last step whose dev evaluation was logged; -1 for none.</summary>
    public long LastEvaluation { get; private set; } = -1;

    /// <summary>The last dev loss; null before the first step's.</summary>
    public double? LastDevLoss { get; private set; }

    /// <summary>Dev evaluations after the best one.</summary>
    public int EvaluationsSinceBest { get; private set; }

    /// <summary>Forward passes of training, one for each probe of each batch.</summary>
    public long ForwardPasses { get; private set; }

    /// <summary>Tokens that went through the model in training.</summary>
    public long Tokens { get; private set; }

    /// <summary>Steps that changed nothing.</summary>
    public int SkippedSteps { get; private set; }

    /// <summary>Whether this dev loss is the lowest so far.</summary>
    public bool IsBest(double devLoss) => double.IsFinite(devLoss) && (Best is not { } known || devLoss < known.Loss);

    public void Add(LogEntry entry)
    {
        switch (entry)
        {
            case StepEntry step:
                Add(step);
                break;
            case EvaluationEntry { Split: EvaluationSplit.Test } test:
                ZeroShot = test.Evaluation;
                break;
            case EvaluationEntry dev:
                Add(dev);
                break;
            case SelectionEntry selection:
                Saved = (selection.Step, selection.SavedSha256);
                break;
        }
    }

    private void Add(StepEntry step)
    {
        _records.Add(step.Record);
        ForwardPasses += step.ForwardPasses;
        Tokens += step.Tokens;
        SkippedSteps += step.Record.Skipped ? 1 : 0;
    }

    private void Add(EvaluationEntry dev)
    {
        double loss = dev.Evaluation.Loss;
        bool best = IsBest(loss);
        EvaluationsSinceBest = best ? 0 : EvaluationsSinceBest + 1;
        Best = best ? (loss, dev.Step) : Best;
        LastEvaluation = dev.Step;
        if (dev.Step == 0)
        {
            Start = dev.Evaluation;
        }
        else
        {
            LastDevLoss = loss;
            BestAfterStart = double.IsFinite(loss) && !(BestAfterStart <= loss) ? loss : BestAfterStart;
        }

        if (dev.SavedSha256 is { } hash)
        {
            Saved = (dev.Step, hash);
        }
    }
}
