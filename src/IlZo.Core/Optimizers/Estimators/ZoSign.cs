using IlZo.Perturbations;

namespace IlZo.Optimizers;

/// <summary>
/// ZO-SGD-Sign: θ ← θ − η·sign(c)·z with the c of SPSA, or the mean of several such. Only the sign of the scalar is taken and z stays
/// as it is, so the length of a step is η√d whatever the loss is, and its scale does not matter. On a linear function and with Gaussian z
/// E[sign(c) z] = √(2/π) g/‖g‖. With c = 0 nothing moves.
/// Source: Zhang et al., ZO-Bench/ZO-LLM, arXiv 2402.11592, and its code; the sign of each element of c·z is commented out there.
/// </summary>
/// <remarks>Cost with n directions: SPSA's, 2n forwards or n + 1, two noise generations a direction, no memory.</remarks>
/// <param name="settings">What SPSA takes.</param>
internal sealed class ZoSign(OptimizerSettings settings) : Estimator
{
    private readonly Spsa _spsa = new(settings);

    internal override bool FollowsFromRecords => true;

    internal override bool AveragesQueries => _spsa.AveragesQueries;

    public override IReadOnlyList<Probe> Plan(long step) => _spsa.Plan(step);

    public override double[] Combine(long step, ReadOnlySpan<double> losses) =>
        [.. _spsa.Combine(step, losses).Select(c => double.IsNaN(c) ? c : (double)Math.Sign(c) / settings.Queries)];

    public override IReadOnlyList<Direction> Directions(long step) => _spsa.Directions(step);
}
