using IlZo.Perturbations;

namespace IlZo.Optimizers;

/// <summary>
/// How the gradient is estimated from losses: which points to evaluate in a step, and what their losses say about each direction.
/// </summary>
public abstract class Estimator
{
    /// <summary>The directions of a step, in the order of their coefficients. The same step always gives the same directions.</summary>
    /// <param name="step">The step, counted from 1.</param>
    public abstract IReadOnlyList<Direction> Directions(long step);

    /// <summary>The points at which a step evaluates the loss of its batch.</summary>
    /// <param name="directions">The step's <see cref="Directions"/>.</param>
    public abstract IReadOnlyList<Probe> Plan(IReadOnlyList<Direction> directions);

    /// <summary>The coefficient of each direction in the estimate.</summary>
    /// <param name="losses">The loss at each probe of the plan; all finite.</param>
    public abstract double[] Combine(ReadOnlySpan<double> losses);
}
