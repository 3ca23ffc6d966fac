using IlZo.Perturbations;

namespace IlZo.Optimizers;

/// <summary>
/// FZOO (arXiv 2506.09034): N one-sided losses along Rademacher directions u_i and the loss at the weights,
/// ĝ = 1/(εN) Σ (ℓ_i − ℓ₀) u_i, θ ← θ − η ĝ/σ with σ the sample standard deviation of ℓ₁ … ℓ_N. σ is about ε‖∇L‖, so the step is a
/// normalised one: it does not depend on the scale of the loss, and rates are about ε‖∇L‖ times those of MeZO. Where all ℓ_i are equal
/// nothing is known of the scale and the step is skipped.
/// <para>Other directions than signs give the same in the mean. The authors draw signs from a sequential generator and run the probes one
/// by one.</para>
/// </summary>
/// <remarks>Cost: N + 1 forwards (9), 2N noise generations, no memory.</remarks>
internal sealed class Fzoo : Estimator
{
    private readonly OptimizerSettings _settings;
    private readonly Spsa _spsa;

    /// <param name="settings">The radius, the directions and N.</param>
    public Fzoo(OptimizerSettings settings)
    {
        _settings = settings;
        _spsa = new Spsa(settings with { Sides = 1 });
    }

    internal override bool FollowsFromRecords => true;

    public override IReadOnlyList<Probe> Plan(long step) => _spsa.Plan(step);

    public override double[] Combine(long step, ReadOnlySpan<double> losses)
    {
        double deviation = Deviation(losses[1..]);
        return [.. _spsa.Combine(step, losses).Select(c => c / deviation)];
    }

    public override IReadOnlyList<Direction> Directions(long step) => _spsa.Directions(step);

    private double Deviation(ReadOnlySpan<double> losses)
    {
        double mean = 0;
        foreach (double loss in losses)
        {
            mean += loss / _settings.Queries;
        }

        double sum = 0;
        foreach (double loss in losses)
        {
            sum += (loss - mean) * (loss - mean);
        }

        return Math.Sqrt(sum / (_settings.Queries - 1));
    }
}
