using IlZo.Perturbations;

namespace IlZo.Optimizers;

/// <summary>
/// The forward gradient: along random directions δ with E[δδᵀ] = I the exact derivative c = ∇L(θ)ᵀδ, by forward-mode differentiation, and
/// ĝ = c·δ, or the mean of several such. With Gaussian directions E[ĝ] = ∇L(θ) and E‖ĝ‖² = (d + 2)‖∇L(θ)‖², on every function: what
/// <see cref="Spsa"/> tends to as its radius goes to 0, without the rounding of a difference.
/// Source: Baydin et al. 2022, Gradients without Backpropagation, arXiv 2202.08587, definition 1 and theorem 1.
/// </summary>
/// <remarks>
/// Cost with n directions: n traversals with values and tangents, each about that of the pair of a two-sided direction; a noise generation
/// for each of them and one for its update; no memory.
/// </remarks>
/// <param name="settings">The number of directions and their kind.</param>
internal sealed class ForwardGradient(OptimizerSettings settings) : Estimator
{
    internal override bool FollowsFromRecords => true;

    internal override bool AveragesQueries => true;

    public override IReadOnlyList<Probe> Plan(long step) => [.. Directions(step).Select(Probe.Derivative)];

    public override double[] Combine(long step, ReadOnlySpan<double> losses)
    {
        double[] coefficients = new double[losses.Length / 2];
        for (int q = 0; q < coefficients.Length; q++)
        {
            coefficients[q] = losses[(2 * q) + 1] / coefficients.Length;
        }

        return coefficients;
    }

    public override IReadOnlyList<Direction> Directions(long step)
    {
        var directions = new Direction[settings.Queries];
        for (int q = 0; q < directions.Length; q++)
        {
            directions[q] = settings.Direction(step, q);
        }

        return directions;
    }
}
