using IlZo.Arithmetic;
using IlZo.Backends;
using IlZo.Noise;
using IlZo.Perturbations;
using IlZo.Tensors;
using IlZo.Updates;

namespace IlZo.Optimizers;

/// <summary>
/// What the authors of LOREN run (hseung88/loren), where it is not what <see cref="Loren"/> says: the rank-one block is a whole tensor with
/// a repeated for each row, so that a single direction of it is damped; the root of the covariance is the one with a negative eigenvalue;
/// and momentum, weights and a move once for each of the K directions, one after the other, so that from the second on the direction is
/// made with another a than the probe's, and rates mean about ten times as much a direction. a moves by ε²√ρ η_a Σ w_k S_k, which is about
/// nothing.
/// </summary>
/// <remarks>
/// Cost: K forwards (6), 4K noise generations (for the probes and for the update one each for products with a); 4 bytes for each element of
/// a matrix, and for each column of each tensor.
/// </remarks>
internal sealed class LorenSource : Optimizer
{
    private readonly OptimizerSettings _settings;
    private readonly CurvatureVectors _curvature;
    private readonly UpdateRule _rule;
    private readonly double _rate;

    /// <param name="settings">The radius, the directions and K; the options rho, lr_a, init and beta.</param>
    public LorenSource(OptimizerSettings settings)
    {
        var options = settings.Options;
        double rho = options.Number("rho", 0.1, 1e-9);
        _settings = settings;
        _rate = options.Number("lr_a", 1e-3, 0) * settings.Epsilon * settings.Epsilon * Math.Sqrt(rho);
        string init = options.Choice("init", CurvatureVectors.Starts);
        _curvature = new CurvatureVectors(settings.Parameters.Trained, settings.Seed, rho, init, wholeTensors: true, otherRoot: true);
        _rule = Momentum.OfMatrices(settings);
    }

    public override long StateBytes => _curvature.StateBytes + _rule.StateBytes;

    public override double ProjectedGradient(StepRecord record) => Loren.Spread(record.Coefficients);

    protected override double[] Evaluate(long step, ILossOracle oracle, double learningRate) =>
        _settings.Clip(Loren.LeaveOneOut(
            oracle.Losses(
                [.. Directions(step, Enumerable.Range(0, _settings.Queries), oracle.Sums).Select(y => new Probe(y, _settings.Epsilon))]),
            _settings.Epsilon));

    protected override void Update(StepRecord record, IBackend backend)
    {
        for (int k = 0; k < record.Coefficients.Length; k++)
        {
            var y = Directions(record.Step, [k], backend)[0];
            var rounding = new NoiseKey(_settings.Seed, NoiseStream.StochasticRounding, (uint)record.Step, (uint)k);
            _rule.Advance();
            backend.Update(
                _settings.Parameters.Trained, new GradientEstimate([(record.Coefficients[k], y)]), _rule, record.LearningRate, rounding);
            _curvature.Move([(record.Coefficients[k] * _settings.Epsilon, y)], _rate);
        }
    }

    protected override void Dispose(bool disposing) => _rule.Dispose();

    private RankOneDirection[] Directions(long step, IEnumerable<int> queries, IWeightSums sums) =>
        _curvature.Directions([.. queries.Select(k => _settings.Direction(step, k))], sums);
}
