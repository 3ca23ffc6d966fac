using IlZo.Optimizers;

namespace IlZo.Training;

/// <summary>An event in a run, for display.</summary>
public abstract record TrainingProgress
{
    /// <summary>The model and the examples are ready.</summary>
    /// <param name="Configuration">The configuration of the run; its last engine entry is the one that computes from here on.</param>
    /// <param name="Examples">The examples.</param>
    /// <param name="Run">The folder of the run.</param>
    /// <param name="Weights">The number of weights of the model and its adapter.</param>
    /// <param name="TrainedWeights">The number of those that are trained.</param>
    /// <param name="ReplayedSteps">Steps taken from the log of a resumed run.</param>
    /// <param name="Warnings">Where the model's weights are read differently from what its configuration says.</param>
    public sealed record Started(
        RunConfiguration Configuration,
        TrainingExamples Examples,
        string Run,
        long Weights,
        long TrainedWeights,
        long ReplayedSteps,
        IReadOnlyList<string> Warnings) : TrainingProgress;

    /// <summary>Training will need most of the available memory, or more.</summary>
    /// <param name="Finding">The prediction.</param>
    public sealed record MemoryIsTight(MemoryFinding Finding) : TrainingProgress;

    /// <summary>The model was evaluated on the test examples before training.</summary>
    public sealed record ZeroShot(Evaluation Evaluation) : TrainingProgress;

    /// <summary>A step was done.</summary>
    /// <param name="Record">What it did.</param>
    /// <param name="ProjectedGradient">The scalar that represents the gradient.</param>
    /// <param name="Steps">Steps of the whole run.</param>
    public sealed record Step(StepRecord Record, double ProjectedGradient, int Steps) : TrainingProgress;

    /// <summary>The dev examples were evaluated.</summary>
    /// <param name="At">The step.</param>
    /// <param name="Evaluation">The result.</param>
    /// <param name="Best">Whether this is the lowest loss so far.</param>
    public sealed record DevEvaluation(long At, Evaluation Evaluation, bool Best) : TrainingProgress;
}
