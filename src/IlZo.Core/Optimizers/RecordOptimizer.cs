using IlZo.Backends;
using IlZo.Updates;

namespace IlZo.Optimizers;

/// <summary>
/// A method whose change of the weights follows from records alone: it may wait until those of further records are known.
/// </summary>
internal abstract class RecordOptimizer : Optimizer
{
    /// <summary>Changes the method's own state according to a record, and returns how the weights change.</summary>
    /// <returns>What stays as it is when further records are read; without parameters where the weights stay.</returns>
    protected abstract WeightUpdate Change(StepRecord record);

    internal sealed override WeightUpdate? DeferUpdate(StepRecord record, IBackend backend) => Change(record);

    protected sealed override void Update(StepRecord record, IBackend backend)
    {
        var change = Change(record);
        if (change.Parameters.Count > 0)
        {
            backend.Update(change.Parameters, change.Estimate, change.Rule, change.LearningRate, change.Rounding);
        }
    }
}
