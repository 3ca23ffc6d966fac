using IlZo.Perturbations;

namespace IlZo.Optimizers;

/// <summary>
/// The leave-one-out estimate (RLOO): K one-sided losses f_k = L(θ + εz_k), each held against the mean of the others,
/// ĝ = Σ (f_k − f̄) z_k / ((K − 1) ε). On a linear function E[ĝ] = g and Cov(ĝ) = (‖g‖²I + ggᵀ)/(K − 1): K forwards are worth K − 1
/// directions, where K/2 two-sided ones take as many. It is <see cref="Loren"/> without its curvature (init = zero, lr_a = 0).
/// Source: the estimator of LOREN, arXiv 2511.07971; Kool et al. 2019.
/// </summary>
/// <remarks>Cost: K forwards (6); a noise generation for each probe and one for its update; no memory.</remarks>
/// <param name="settings">The radius, the directions and K.</param>
internal sealed class Rloo(OptimizerSettings settings) : Estimator
{
    internal override bool FollowsFromRecords => true;

    public override IReadOnlyList<Probe> Plan(long step) => [.. Directions(step).Select(z => new Probe(z, settings.Epsilon))];

    public override double[] Combine(long step, ReadOnlySpan<double> losses) => Loren.LeaveOneOut(losses, settings.Epsilon);

    public override IReadOnlyList<Direction> Directions(long step) =>
        [.. Enumerable.Range(0, settings.Queries).Select(k => settings.Direction(step, k))];

    /// <summary>The standard deviation of the losses over ε: coefficients that are differences from a mean have the sum 0.</summary>
    public override double ProjectedGradient(double[] coefficients) => Loren.Spread(coefficients);
}
