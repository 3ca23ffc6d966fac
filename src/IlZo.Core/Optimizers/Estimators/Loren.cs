using IlZo.Backends;
using IlZo.Perturbations;

namespace IlZo.Optimizers;

/// <summary>
/// LOREN (arXiv 2511.07971): K one-sided losses along directions y whose covariance I − aaᵀ/(ρ + s) follows a learned rank-one curvature
/// of each tensor's rows, with a leave-one-out baseline (RLOO). f_k = L(θ + εy_k), w_k = (f_k − f̄)/(K − 1), ĝ = Σ w_k y_k / ε, which has
/// the mean (I − aaᵀ/(ρ + s))∇L for each row; a ← a − η_a ω Σ w_k S_k with the score S (<see cref="CurvatureVectors"/>). With a = 0 and on
/// a linear function Cov(ĝ) = (‖g‖²I + ggᵀ)/(K − 1): K forwards are worth K − 1 directions, where K/2 two-sided ones take K forwards.
/// <para>
/// ω = 1 by theory (omega = one). The authors' code (hseung88/loren, <see cref="LorenSource"/>) has ε²√ρ, which leaves a where it starts.
/// With a ~ N(0, I) as there (init = unit) s is much larger than ρ and the direction of a is almost never taken; init = fan is gentler.
/// </para>
/// </summary>
/// <remarks>
/// Cost: K forwards (6); for each direction a noise generation for its products with a, for the probe and for the update;
/// 4 bytes for each column of each tensor, and the rule's momentum for matrices.
/// </remarks>
internal sealed class Loren : Estimator
{
    private readonly OptimizerSettings _settings;
    private readonly double _rate;
    private (long Step, RankOneDirection[] Directions) _current = (0, []);

    /// <param name="settings">The radius, the directions and K; the options rho, lr_a, omega and init.</param>
    public Loren(OptimizerSettings settings)
    {
        var options = settings.Options;
        double rho = options.Number("rho", 0.1, 1e-9);
        double omega = options.Choice("omega", ["one", "eps2sqrtRho"]) == "one" ? 1 : settings.Epsilon * settings.Epsilon * Math.Sqrt(rho);
        _settings = settings;
        _rate = options.Number("lr_a", 1e-3, 0) * omega;
        Curvature = new CurvatureVectors(settings.Parameters.Trained, settings.Seed, rho, options.Choice("init", CurvatureVectors.Starts));
    }

    public override long StateBytes => Curvature.StateBytes;

    /// <summary>a.</summary>
    internal CurvatureVectors Curvature { get; }

    public override void Prepare(long step, IWeightSums sums)
    {
        if (_current.Step != step)
        {
            _current =
                (step, Curvature.Directions([.. Enumerable.Range(0, _settings.Queries).Select(k => _settings.Direction(step, k))], sums));
        }
    }

    public override IReadOnlyList<Probe> Plan(long step) => [.. _current.Directions.Select(y => new Probe(y, _settings.Epsilon))];

    public override double[] Combine(long step, ReadOnlySpan<double> losses) => LeaveOneOut(losses, _settings.Epsilon);

    public override IReadOnlyList<Direction> Directions(long step) => _current.Directions;

    /// <summary>The standard deviation of the losses over ε: coefficients that are differences from a mean have the sum 0.</summary>
    public override double ProjectedGradient(double[] coefficients) => Spread(coefficients);

    /// <summary>How far the vectors are from their start, relative to it; 0 for a start at zero.</summary>
    public override IReadOnlyList<(string Name, double Value)> Diagnostics(long step) => [("curvature_moved", Curvature.Moved())];

    public override void Learn(StepRecord record, IBackend backend)
    {
        if (_rate != 0)
        {
            Curvature.Move([.. record.Coefficients.Zip(_current.Directions, (c, y) => (c * _settings.Epsilon, y))], _rate);
        }

        _current = (0, []);
    }

    /// <summary>(f_k − f̄) / ((K − 1) ε): what the mean of f_k less the mean of the others comes to.</summary>
    internal static double[] LeaveOneOut(ReadOnlySpan<double> losses, double epsilon)
    {
        double mean = 0;
        foreach (double loss in losses)
        {
            mean += loss / losses.Length;
        }

        double[] coefficients = new double[losses.Length];
        for (int k = 0; k < coefficients.Length; k++)
        {
            coefficients[k] = (losses[k] - mean) / ((losses.Length - 1) * epsilon);
        }

        return coefficients;
    }

    /// <summary>√((K − 1) Σc²), the standard deviation of the f_k over ε.</summary>
    internal static double Spread(double[] coefficients) => Math.Sqrt(Math.Max(0, coefficients.Length - 1) * coefficients.Sum(c => c * c));
}
