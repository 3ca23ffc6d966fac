using IlZo.Backends;
using IlZo.Perturbations;

namespace IlZo.Optimizers;

/// <summary>
/// How the gradient is estimated from losses at one batch: which points to evaluate in a step, and what their losses say.
/// The answers depend on the step and on what was learned from the records of the steps before.
/// </summary>
/// <remarks>Not thread-safe, and not to be disposed of during a call: the optimizer that it belongs to sees to both.</remarks>
public abstract class Estimator : IDisposable
{
    private int _disposed;

    /// <summary>Bytes that the estimator keeps beside the weights.</summary>
    public virtual long StateBytes => 0;

    /// <summary>
    /// Computes what a step's plan and directions need of all weights; called before they are asked for, at times more than once.
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
    /// <param name="losses">The loss at each probe of the plan.</param>
    public abstract double[] Combine(long step, ReadOnlySpan<double> losses);

    /// <summary>The directions δᵢ of the estimate, in the order of the coefficients.</summary>
    /// <param name="step">The step, counted from 1.</param>
    public abstract IReadOnlyList<Direction> Directions(long step);

    /// <summary>The scalar that stands for the gradient in logs.</summary>
    public virtual double ProjectedGradient(double[] coefficients) => coefficients.Sum();

    /// <summary>Numbers that show what was learned up to a step, for logs; names in snake case.</summary>
    public virtual IReadOnlyList<(string Name, double Value)> Diagnostics(long step) => [];

    /// <summary>Takes in what a step showed, after the weights were changed by it.</summary>
    public virtual void Learn(StepRecord record, IBackend backend)
    {
    }

    /// <summary>Gives back what the estimator holds, once.</summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _disposed, 1) == 0)
        {
            Dispose(true);
        }

        GC.SuppressFinalize(this);
    }

    /// <summary>Gives back what the estimator holds.</summary>
    protected virtual void Dispose(bool disposing)
    {
    }
}
