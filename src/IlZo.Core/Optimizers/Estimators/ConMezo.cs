using IlZo.Arithmetic;
using IlZo.Backends;
using IlZo.Noise;
using IlZo.Perturbations;

namespace IlZo.Optimizers;

/// <summary>
/// ConMeZO (arXiv 2511.02757): SPSA along directions of a cone around the momentum m of the estimates, y = √d cos θ m/‖m‖ + sin θ z with
/// z ~ N(0, I), d weights and the half-angle θ of the cone; without a momentum, y = z. <see cref="ConeMomentum"/> keeps m. E‖y‖² = d as
/// for MeZO, so rates and radii are MeZO's. On a linear function with the gradient g and m fixed, where p = mᵀg/‖m‖:
/// E[ĝ] = d cos²θ p m/‖m‖ + sin²θ g and E‖ĝ‖² = p² d cos²θ (d + 4 sin²θ) + ‖g‖² sin²θ (d + 2 sin²θ). The cone gains where the squared
/// cosine of m and g is above 1/d, its value by chance; with θ = π/2 this is MeZO, to the bit.
/// <para>
/// The authors' code (LejsDeen/ConMeZO) for OPT starts from a random m, raises β from 0.1 over its first 2000 steps and keeps an estimate
/// of ‖m‖; here, as in its experiments on functions, m starts at zero and ‖m‖ is measured.
/// </para>
/// </summary>
/// <remarks>Cost: 2 forwards; a noise generation for the probes and one for the update, signs for ‖m‖; 4 bytes for each weight.</remarks>
internal sealed class ConMezo : Estimator
{
    private readonly OptimizerSettings _settings;
    private readonly ConeMomentum _momentum;
    private readonly Spsa _spsa;
    private readonly double _along;
    private readonly float _across;
    private (long Step, double Norm) _current;

    /// <param name="settings">What SPSA takes; the option theta (θ).</param>
    /// <param name="momentum">The rule, which keeps m.</param>
    public ConMezo(OptimizerSettings settings, ConeMomentum momentum)
    {
        double theta = settings.Options.Number("theta", 1.35, 0, Math.PI / 2);
        _settings = settings;
        _momentum = momentum;
        _spsa = new Spsa(settings, Direction);

        // The cosine of π/2 in fp64 is not 0.
        bool isFlat = theta == Math.PI / 2;
        _along = isFlat ? 0 : ElementaryFunctions.Cos(theta) * Math.Sqrt(settings.Parameters.TrainedCount);
        _across = isFlat ? 1 : (float)ElementaryFunctions.Sin(theta);
    }

    public override void Prepare(long step, IWeightSums sums)
    {
        if (_current.Step != step)
        {
            _current = (step, _along == 0 ? 0 : Norm(sums));
        }
    }

    public override IReadOnlyList<Probe> Plan(long step) => _spsa.Plan(step);

    public override double[] Combine(long step, ReadOnlySpan<double> losses) => _spsa.Combine(step, losses);

    public override IReadOnlyList<Direction> Directions(long step) => _spsa.Directions(step);

    private Direction Direction(long step, int query)
    {
        var z = _settings.Direction(step, query);
        return _current.Norm == 0 ? z : new OffsetDirection(_momentum.State, (float)(_along / _current.Norm), z, _across);
    }

    // What is multiplied by 0 are signs, the cheapest noise.
    private double Norm(IWeightSums sums)
    {
        var m = new OffsetDirection(_momentum.State, 1, new RademacherDirection(new NoiseKey(0, NoiseStream.Direction, 0, 0)), 0);
        return Math.Sqrt(sums.RowSquares(_settings.Parameters.Trained, m).Sum(rows => rows.Sum()));
    }
}
