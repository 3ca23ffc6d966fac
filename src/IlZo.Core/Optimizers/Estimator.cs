using IlZo.Backends;
using IlZo.Perturbations;

namespace IlZo.Optimizers;

/// <summary>
/// Estimates the gradient from the losses of one batch: which points to evaluate in a step, and what their losses say. The answers depend
/// on the step and on what was learned from the records of previous steps.
/// </summary>
/// <remarks>Not thread-safe, and must not be disposed of during a call: the optimizer that owns it ensures both.</remarks>
public abstract class Estimator : IDisposable
{
    private int _disposed;

    /// <summary>Bytes of state that the estimator keeps in addition to the weights.</summary>
    public virtual long StateBytes => 0;

    /// <summary>
    /// Whether the change of the weights by a record may wait for those of later ones: nothing is prepared or learned from the weights
    /// themselves, and the directions of a step stay as they are when later records are learned.
    /// </summary>
    internal virtual bool FollowsFromRecords => false;

    /// <summary>
    /// Whether the estimate is the mean of what each query says by its own pair of losses, so that a step can do without some.
    /// </summary>
    internal virtual bool AveragesQueries => false;

    /// <summary>
    /// Computes what a step's plan and directions need to know about all weights; called before them, sometimes more than once.
    /// </summary>
    /// <param name="step">The step, counted from 1.</param>
    /// <param name="sums">Sums over all weights.</param>
    public virtual void Prepare(long step, IWeightSums sums)
    {
    }

    /// <summary>The points at which a step evaluates the loss of its batch.</summary>
    /// <param name="step">The step, counted from 1.</param>
    public abstract IReadOnlyList<Probe> Plan(long step);

    /// <summary>The coefficients cᵢ of the estimate Σ cᵢ δᵢ.</summary>
    /// <param name="step">The step, counted from 1.</param>
    /// <param name="losses">The loss at each point of the plan.</param>
    public abstract double[] Combine(long step, ReadOnlySpan<double> losses);

    /// <summary>The directions δᵢ of the estimate, in the order of the coefficients.</summary>
    /// <param name="step">The step, counted from 1.</param>
    public abstract IReadOnlyList<Direction> Directions(long step);

    /// <summary>The scalar that represents the gradient in logs.</summary>
    public virtual double ProjectedGradient(double[] coefficients) => coefficients.Sum();

    /// <summary>Numbers for logs that show what was learned up to a step, with names in snake case.</summary>
    public virtual IReadOnlyList<(string Name, double Value)> Diagnostics(long step) => [];

    /// <summary>Learns from a step's record, after the step has changed the weights.</summary>
    public virtual void Learn(StepRecord record, IBackend backend)
    {
    }

    /// <summary>Releases the estimator's resources, once.</summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _disposed, 1) == 0)
        {
            Dispose(true);
        }

        GC.SuppressFinalize(this);
    }

    /// <summary>Releases the estimator's resources.</summary>
    protected virtual void Dispose(bool disposing)
    {
    }
}
