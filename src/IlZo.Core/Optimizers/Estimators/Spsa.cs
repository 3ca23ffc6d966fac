using IlZo.Perturbations;

namespace IlZo.Optimizers;

/// <summary>
/// The difference quotient along random directions δ with E[δδᵀ] = I. Two-sided: c = (L(θ + εδ) − L(θ − εδ)) / 2ε; one-sided:
/// c = (L(θ + εδ) − L(θ)) / ε with one L(θ) for all directions. ĝ = c·δ, or the mean of several such.
/// With Gaussian directions it is unbiased for the gradient of the smoothed loss E L(θ + εz). On a quadratic the two-sided one has
/// E‖ĝ‖² = (d + 2)‖g‖², and the one-sided one (ε²/4) E[(zᵀAz)² ‖z‖²] more.
/// Source: Spall 1992; Malladi et al., MeZO, arXiv 2305.17333, definition 1.
/// </summary>
/// <remarks>
/// Cost with n directions: 2n forwards, or n + 1 one-sided; a noise generation for the probes of a direction and one for the update;
/// no memory.
/// </remarks>
/// <param name="settings">The radius ε, the number of directions and their kind, and the sides.</param>
/// <param name="direction">The direction of a query of a step, where it is not the settings' own.</param>
public sealed class Spsa(OptimizerSettings settings, Func<long, int, Direction>? direction = null) : Estimator
{
    internal override bool FollowsFromRecords => direction is null;

    internal override bool AveragesQueries => TwoSided;

    private bool TwoSided => settings.Sides == 2;

    /// <inheritdoc/>
    public override IReadOnlyList<Probe> Plan(long step)
    {
        var directions = Directions(step);
        int first = TwoSided ? 0 : 1;
        var probes = new Probe[first + directions.Count];
        probes[0] = Probe.Unperturbed;
        for (int q = 0; q < directions.Count; q++)
        {
            probes[first + q] = TwoSided ? Probe.Pair(directions[q], settings.Epsilon) : new Probe(directions[q], settings.Epsilon);
        }

        return probes;
    }

    /// <inheritdoc/>
    public override double[] Combine(long step, ReadOnlySpan<double> losses)
    {
        double[] coefficients = new double[TwoSided ? losses.Length / 2 : losses.Length - 1];
        for (int q = 0; q < coefficients.Length; q++)
        {
            double quotient = TwoSided
                ? (losses[2 * q] - losses[(2 * q) + 1]) / (2 * settings.Epsilon)
                : (losses[q + 1] - losses[0]) / settings.Epsilon;
            coefficients[q] = quotient / coefficients.Length;
        }

        return coefficients;
    }

    /// <inheritdoc/>
    public override IReadOnlyList<Direction> Directions(long step)
    {
        var directions = new Direction[settings.Queries];
        for (int q = 0; q < directions.Length; q++)
        {
            directions[q] = direction is null ? settings.Direction(step, q) : direction(step, q);
        }

        return directions;
    }
}
