using IlZo.Noise;
using IlZo.Perturbations;

namespace IlZo.Optimizers;

/// <summary>
/// The two-point estimator: c = (L(θ + εz) − L(θ − εz)) / 2ε and ĝ = c·z with z ~ N(0, I), or the mean of several such.
/// Unbiased for the gradient of the smoothed loss E L(θ + εz); on a quadratic E‖ĝ‖² = (d + 2)‖g‖².
/// Source: Spall 1992; Malladi et al., MeZO, arXiv 2305.17333, definition 1.
/// </summary>
/// <remarks>Cost: two forwards a direction in one traversal, one noise generation for both and one for the update, no memory.</remarks>
/// <param name="seed">The run's seed.</param>
/// <param name="epsilon">ε, the radius.</param>
/// <param name="queries">Independent directions a step.</param>
public sealed class Spsa(ulong seed, double epsilon, int queries = 1) : Estimator
{
    public override IReadOnlyList<Direction> Directions(long step) =>
        [.. Enumerable.Range(0, queries).Select(q => new GaussianDirection(new NoiseKey(seed, NoiseStream.Direction, (uint)step, (uint)q)))];

    public override IReadOnlyList<Probe> Plan(IReadOnlyList<Direction> directions) =>
        [.. directions.SelectMany(z => (Probe[])[new Probe(z, epsilon), new Probe(z, -epsilon)])];

    public override double[] Combine(ReadOnlySpan<double> losses)
    {
        double[] coefficients = new double[losses.Length / 2];
        for (int q = 0; q < coefficients.Length; q++)
        {
            coefficients[q] = (losses[2 * q] - losses[(2 * q) + 1]) / (2 * epsilon) / coefficients.Length;
        }

        return coefficients;
    }
}
