namespace IlZo.Training;

/// <summary>Something that happened in a run, for whoever shows it.</summary>
public abstract record TrainingProgress
{
    /// <summary>The model and the examples are ready.</summary>
    /// <param name="Configuration">The resolved configuration.</param>
    /// <param name="Examples">The examples.</param>
    /// <param name="Run">The folder of the run.</param>
    /// <param name="ReplayedSteps">Steps taken over from the log of a run that is continued.</param>
    public sealed record Started(RunConfiguration Configuration, TrainingExamples Examples, string Run, long ReplayedSteps) : TrainingProgress;

    /// <summary>The model before training was measured on the test examples.</summary>
    public sealed record ZeroShot(Evaluation Evaluation) : TrainingProgress;

    /// <summary>A step was done.</summary>
    /// <param name="Record">What it did.</param>
    /// <param name="Steps">Steps of the whole run.</param>
    public sealed record Step(StepRecord Record, int Steps) : TrainingProgress;

    /// <summary>The dev examples were evaluated.</summary>
    /// <param name="At">The step.</param>
    /// <param name="Evaluation">What they show.</param>
    /// <param name="Best">Whether this is the lowest loss so far.</param>
    public sealed record DevEvaluation(long At, Evaluation Evaluation, bool Best) : TrainingProgress;
}

/// <summary>What a run came to.</summary>
/// <param name="ZeroShotAccuracy">Accuracy on the test examples before training; null without test examples.</param>
/// <param name="TestAccuracy">Accuracy on the test examples with the selected weights.</param>
/// <param name="TestLoss">Their loss, in nats.</param>
/// <param name="TestExamples">Their number.</param>
/// <param name="DevLoss">The lowest dev loss; null without dev examples.</param>
/// <param name="SelectedStep">The step it belongs to: the weights in the checkpoint folder.</param>
/// <param name="Steps">Steps of the run.</param>
/// <param name="ForwardPasses">Forward passes of training: one for each probe of each step.</param>
/// <param name="Tokens">Tokens that went through the model in training, at each probe once.</param>
/// <param name="Seconds">Wall-clock seconds of this process's part of the run.</param>
/// <param name="SkippedSteps">Steps whose loss was not finite.</param>
/// <param name="PeakRssBytes">The largest resident memory of the process.</param>
/// <param name="WeightsSha256">The weights after the last step.</param>
/// <param name="Run">The folder.</param>
public sealed record TrainingResult(
    double? ZeroShotAccuracy,
    double? TestAccuracy,
    double? TestLoss,
    int TestExamples,
    double? DevLoss,
    long SelectedStep,
    long Steps,
    long ForwardPasses,
    long Tokens,
    double Seconds,
    int SkippedSteps,
    long PeakRssBytes,
    string WeightsSha256,
    string Run);
