using IlZo.Backends;
using IlZo.Backends.Cpu;
using IlZo.Perturbations;
using IlZo.Tensors;
using IlZo.Training;

namespace IlZo.Optimizers;

/// <summary>
/// MeZO-SVRG (arXiv 2404.08080): every q-th step, from the first on, takes SPSA of all training examples, c̄z̄, moves by it, and keeps
/// the weights before that as θ̄. The others take ĝ = SPSA(θ; B) − SPSA(θ̄; B) + c̄z̄ with one z and one batch for both: at θ = θ̄ the
/// correction is exactly 0, and on a quadratic E[ĝ] = ∇L(θ). The step of all examples has the rate η·full, the others η.
/// <para>
/// The authors' code (amazon-science/mezo_svrg) keeps a list of the live parameters as its snapshot, so that both estimates are taken at
/// the current weights, and gives them independent noise, which adds variance where it should cancel. Its standard rates are 1e-3 and 1e-6,
/// divided by a factor where the mean loss of an epoch rises; here schedules are the run's, and full is 1 where nothing is said.
/// </para>
/// </summary>
/// <remarks>
/// Cost: 2 forwards over all examples every q steps (2), else 4 forwards; 3 noise generations then, and one more for the second point's
/// two probes, which do not share theirs; 4 bytes a weight.
/// </remarks>
public sealed class MezoSvrg : Optimizer
{
    private readonly OptimizerSettings _settings;
    private readonly ParameterState _snapshot;
    private readonly Sgd _rule;
    private readonly int _interval;
    private readonly double _full;
    private (long Step, double Coefficient) _anchor;

    /// <param name="settings">The radius and the directions; the options interval (q) and full (the factor of the rate).</param>
    public MezoSvrg(OptimizerSettings settings)
    {
        _settings = settings;
        _interval = settings.Options.Integer("interval", 2, 1);
        _full = settings.Options.Number("full", 1, 0);
        _snapshot = new ParameterState(settings.Parameters.All);
        _rule = new Sgd(settings.WeightDecay);
    }

    public override long StateBytes => _snapshot.ByteCount;

    /// <summary>θ̄ of a slice.</summary>
    internal Span<float> Snapshot(in WeightSlice slice, int count) => _snapshot.At(slice, count);

    protected override double[] Evaluate(long step, ILossOracle oracle, double learningRate)
    {
        var z = _settings.Direction(step, 0);
        double epsilon = _settings.Epsilon;
        Probe[] here = [new Probe(z, epsilon), new Probe(z, -epsilon)];
        if (IsFull(step))
        {
            double[] all = oracle.LossesOfAll(here);
            return _settings.Clip([(all[0] - all[1]) / (2 * epsilon)]);
        }

        Probe[] there =
        [
            new Probe(new SnapshotDirection(z, _snapshot, 1 / epsilon), epsilon),
            new Probe(new SnapshotDirection(z, _snapshot, -1 / epsilon), -epsilon),
        ];
        double[] losses = oracle.Losses([.. here, .. there]);
        double[] correction = _settings.Clip([((losses[0] - losses[1]) - (losses[2] - losses[3])) / (2 * epsilon)]);
        return [.. correction, _anchor.Coefficient];
    }

    protected override void Update(StepRecord record, IBackend backend)
    {
        bool full = IsFull(record.Step);
        if (record.Coefficients.Length != (full ? 1 : 2))
        {
            throw new InvalidInputException(
                $"Step {record.Step} has {record.Coefficients.Length} coefficients; {(full ? 1 : 2)} were expected of this optimizer.");
        }

        if (full)
        {
            _anchor = (record.Step, record.Coefficients[0]);
            Keep(backend);
        }

        Direction[] directions = full ? [_settings.Direction(record.Step, 0)] : [_settings.Direction(record.Step, 0), _settings.Direction(_anchor.Step, 0)];
        backend.Update(
            _settings.Parameters.All,
            new GradientEstimate([.. record.Coefficients.Zip(directions)]),
            _rule,
            record.LearningRate * (full ? _full : 1),
            EstimatorOptimizer.RoundingKey(_settings.Seed, record.Step));
    }

    protected override void Dispose(bool disposing)
    {
        _snapshot.Dispose();
        _rule.Dispose();
    }

    // Where the first one was skipped there is nothing to correct by, and the next step takes its place.
    private bool IsFull(long step) => (step - 1) % _interval == 0 || _anchor.Step == 0;

    private unsafe void Keep(IBackend backend)
    {
        var shares = RowBlock.Of(_settings.Parameters.All);
        backend.Parallel(shares.Count, i =>
        {
            var (p, first, rows) = shares[i];
            for (int row = first; row < first + rows; row++)
            {
                fixed (float* to = _snapshot.At(new WeightSlice(p, row, 0), p.Columns))
                {
                    Widening.Read(p.Type, p.At(row, 0), to, p.Columns);
                }
            }
        });
    }
}
