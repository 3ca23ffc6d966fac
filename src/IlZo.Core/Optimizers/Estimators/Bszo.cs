using IlZo.Backends;
using IlZo.Perturbations;

namespace IlZo.Optimizers;

/// <summary>
/// BSZO (arXiv 2601.01452): a Kalman filter for the k coefficients of the gradient in the span of k random directions. Each step begins
/// with the prior μ = 0, Σ = σ_p² I; a difference quotient y along direction i is an observation of μ_i with variance σ_e²:
/// K = Σ_ii/(Σ_ii + σ_e²), μ_i ← μ_i + K(y − μ_i), Σ_ii ← (1 − K)Σ_ii. Σ stays diagonal, because directions are observed one at a time.
/// After all k, the quotients of the most uncertain directions are taken once more, without a forward; ĝ = Σ μ_i z_i.
/// σ_e² is what steps learn: σ_e² ← (1 − α)σ_e² + α(y − μ_i)² before each observation, and no less than a hundredth of its start. With
/// σ_e fixed and no repeats μ = γy where γ = σ_p²/(σ_p² + σ_e²): the mean of k directions at a rate γk times higher.
/// <para>
/// This is the authors' code (AeonianQuill/BSZO), with its σ_p = σ_e = √(d/10⁶) at the start for d weights: a prior for billions of them,
/// which for a small model is far below its quotients and keeps γ, and steps, small. The paper's algorithm adapts σ_e only in repeats,
/// without the floor.
/// </para>
/// </summary>
/// <remarks>Cost: k + 1 forwards, or 2k; a noise generation for the probes of a direction and one for the update; a number.</remarks>
internal sealed class Bszo : Estimator
{
    private const double LeastShare = 0.01;

    private readonly Spsa _spsa;
    private readonly double _prior;
    private readonly double _start;
    private readonly double _alpha;
    private readonly int _repeats;
    private double _variance;

    /// <param name="settings">What SPSA takes; the options sigma_p and sigma_e (0 for √(d/10⁶)), alpha and repeats.</param>
    public Bszo(OptimizerSettings settings)
    {
        _spsa = new Spsa(settings);
        double usual = settings.Parameters.TrainedCount / 1e6;
        double prior = settings.Options.Number("sigma_p", 0, 0);
        double noise = settings.Options.Number("sigma_e", 0, 0);
        _prior = prior == 0 ? usual : prior * prior;
        _variance = _start = noise == 0 ? usual : noise * noise;
        _alpha = settings.Options.Number("alpha", 0.1, 0, 1);
        _repeats = settings.Options.Integer("repeats", 1, 0);
    }

    public override long StateBytes => sizeof(double);

    internal override bool FollowsFromRecords => true;

    public override IReadOnlyList<Probe> Plan(long step) => _spsa.Plan(step);

    public override double[] Combine(long step, ReadOnlySpan<double> losses) => Filter(Quotients(step, losses)).Mean;

    public override IReadOnlyList<Direction> Directions(long step) => _spsa.Directions(step);

    public override void Learn(StepRecord record, IBackend backend) => _variance = Filter(Quotients(record.Step, record.Losses)).Variance;

    /// <summary>μ and σ_e² after all observations of a step.</summary>
    /// <param name="quotients">y along each direction.</param>
    internal (double[] Mean, double Variance) Filter(double[] quotients)
    {
        double[] mean = new double[quotients.Length];
        double[] covariance = [.. quotients.Select(_ => _prior)];
        double variance = _variance;
        for (int observation = 0; observation < quotients.Length + _repeats; observation++)
        {
            int i = observation < quotients.Length ? observation : Array.IndexOf(covariance, covariance.Max());
            double residual = quotients[i] - mean[i];
            variance = Math.Max(LeastShare * _start, ((1 - _alpha) * variance) + (_alpha * residual * residual));
            double gain = covariance[i] / (covariance[i] + variance);
            mean[i] += gain * residual;
            covariance[i] *= 1 - gain;
        }

        return (mean, variance);
    }

    private double[] Quotients(long step, ReadOnlySpan<double> losses)
    {
        double[] means = _spsa.Combine(step, losses);
        return [.. means.Select(c => c * means.Length)];
    }
}
