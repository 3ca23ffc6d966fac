using IlZo.Optimizers;

namespace IlZo.Training;

/// <summary>An entry of a run's log: a step, an evaluation, or what was kept.</summary>
/// <param name="Step">The step it is about; of an evaluation, the last one before it.</param>
internal abstract record LogEntry(long Step);

/// <summary>A step, with the work it took.</summary>
/// <param name="Record">What it did to the weights.</param>
/// <param name="ForwardPasses">Forward passes: one for each probe of each batch.</param>
/// <param name="Tokens">Tokens that went through the model, at each probe once.</param>
internal sealed record StepEntry(StepRecord Record, long ForwardPasses = 0, long Tokens = 0) : LogEntry(Record.Step);

/// <summary>Which examples an evaluation was on.</summary>
internal enum EvaluationSplit
{
    /// <summary>Those that decide which weights are kept.</summary>
    Dev,

    /// <summary>Those that the result is measured on; the log has them before the first step alone.</summary>
    Test,
}

/// <summary>An evaluation.</summary>
/// <param name="Step">The last step before it; 0 for the start.</param>
/// <param name="Split">The examples.</param>
/// <param name="Evaluation">What they show; its predictions are not logged.</param>
/// <param name="SavedSha256">The weights that were saved because these are the best so far (<see cref="SavedWeights"/>); else null.</param>
internal sealed record EvaluationEntry(long Step, EvaluationSplit Split, Evaluation Evaluation, string? SavedSha256 = null)
    : LogEntry(Step);

/// <summary>The weights that a run keeps where no evaluation has chosen them.</summary>
/// <param name="Step">The step they belong to; 0 for the start.</param>
/// <param name="SavedSha256">What was saved (<see cref="SavedWeights"/>).</param>
internal sealed record SelectionEntry(long Step, string SavedSha256) : LogEntry(Step);
