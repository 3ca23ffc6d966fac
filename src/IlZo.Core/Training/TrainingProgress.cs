using IlZo.Optimizers;

namespace IlZo.Training;

/// <summary>Something that happened in a run, for whoever shows it.</summary>
public abstract record TrainingProgress
{
    /// <summary>The model and the examples are ready.</summary>
    /// <param name="Configuration">The configuration of the run; the last of what computed it computes from here on.</param>
    /// <param name="Examples">The examples.</param>
    /// <param name="Run">The folder of the run.</param>
    /// <param name="Weights">Weights of the model and its adapter.</param>
    /// <param name="TrainedWeights">Those of them that are trained.</param>
    /// <param name="ReplayedSteps">Steps taken over from the log of a run that is continued.</param>
    /// <param name="Warnings">What of the model's weights is read otherwise than its configuration says.</param>
    public sealed record Started(
        RunConfiguration Configuration,
        TrainingExamples Examples,
        string Run,
        long Weights,
        long TrainedWeights,
        long ReplayedSteps,
        IReadOnlyList<string> Warnings) : TrainingProgress;

    /// <summary>The training will take most of the memory that there is, or more.</summary>
    /// <param name="Finding">How much.</param>
    public sealed record MemoryIsTight(MemoryFinding Finding) : TrainingProgress;

    /// <summary>The model before training was measured on the test examples.</summary>
    public sealed record ZeroShot(Evaluation Evaluation) : TrainingProgress;

    /// <summary>A step was done.</summary>
    /// <param name="Record">What it did.</param>
    /// <param name="ProjectedGradient">The scalar that stands for the gradient.</param>
    /// <param name="Steps">Steps of the whole run.</param>
    public sealed record Step(StepRecord Record, double ProjectedGradient, int Steps) : TrainingProgress;

    /// <summary>The dev examples were evaluated.</summary>
    /// <param name="At">The step.</param>
    /// <param name="Evaluation">What they show.</param>
    /// <param name="Best">Whether this is the lowest loss so far.</param>
    public sealed record DevEvaluation(long At, Evaluation Evaluation, bool Best) : TrainingProgress;
}
