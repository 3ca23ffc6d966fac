using IlZo.Updates;

namespace IlZo.Optimizers;

/// <summary>
/// MEAZO (arXiv 2605.03869): SPSA with one adaptive number for all weights. With c̄ the sum of the estimate's coefficients,
/// v ← βv + (1 − β)c̄², v̂ = v/(1 − βᵗ) where t counts the updates, θ ← θ − η(ĝ/(√v̂ + ζ) + λθ). In high dimension the second moments of a
/// zeroth-order Adam all tend to ‖g‖² + 2gᵢ²; this keeps what they have in common. A loss of another scale gives the same run, up to ζ.
/// The paper's constants are not known to us: β = 0.99 and ζ = 1e-8 are ours.
/// </summary>
/// <remarks>Cost with n directions: SPSA's, 2n forwards or n + 1, two noise generations a direction; two numbers.</remarks>
internal sealed class Meazo : RecordOptimizer
{
    private readonly OptimizerSettings _settings;
    private readonly Spsa _spsa;
    private readonly Sgd _rule;
    private readonly double _beta;
    private readonly double _zeta;
    private double _v;

    // βᵗ as a product: the same on every machine, which a power need not be.
    private double _decay = 1;

    /// <param name="settings">What SPSA takes; the options beta (β) and zeta (ζ).</param>
    public Meazo(OptimizerSettings settings)
    {
        _settings = settings;
        _spsa = new Spsa(settings);
        _rule = new Sgd(settings.WeightDecay);
        _beta = settings.Options.Number("beta", 0.99, 0, 0.999999);
        _zeta = settings.Options.Number("zeta", 1e-8, 1e-30);
    }

    public override long StateBytes => 2 * sizeof(double);

    protected override double[] Evaluate(long step, ILossOracle oracle, double learningRate) =>
        _settings.Clip(_spsa.Combine(step, oracle.Losses(_spsa.Plan(step))));

    protected override WeightUpdate Change(StepRecord record)
    {
        record.RequireCoefficients(_settings.Queries);

        double mean = record.Coefficients.Sum();
        _v = (_beta * _v) + ((1 - _beta) * mean * mean);
        _decay *= _beta;
        double scale = 1 / (Math.Sqrt(_v / (1 - _decay)) + _zeta);
        return new WeightUpdate(
            _settings.Parameters.Trained,
            new GradientEstimate([.. record.Coefficients.Select(c => c * scale).Zip(_spsa.Directions(record.Step))]),
            _rule,
            record.LearningRate,
            EstimatorOptimizer.RoundingKey(_settings.Seed, record.Step));
    }

    protected override void Dispose(bool disposing) => _rule.Dispose();
}
