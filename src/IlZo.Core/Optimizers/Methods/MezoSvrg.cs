using IlZo.Backends;
using IlZo.Perturbations;
using IlZo.Tensors;
using IlZo.Updates;

namespace IlZo.Optimizers;

/// <summary>
/// MeZO-SVRG (arXiv 2404.08080): every q-th step, from the first on, takes SPSA of all training examples, c̄z̄, moves by it, and keeps
/// the weights before that as θ̄. The others take ĝ = SPSA(θ; B) − SPSA(θ̄; B) + c̄z̄ with one z and one batch for both: at θ = θ̄ the
/// correction is exactly 0, and on a quadratic E[ĝ] = ∇L(θ). The step of all examples has the rate η·full, the others η.
/// <para>
/// The authors' code (amazon-science/mezo_svrg) keeps a list of the live parameters as its snapshot, so that both estimates are taken at
/// the current weights, and gives them independent noise, which adds variance where it should cancel. Its standard rates are 1e-3 and 1e-6
/// (full = 1000; 1 where nothing is said). Its annealing is here where anneal (1.5 or 5 there) is above 1: where the mean loss of an
/// epoch's batches is more than 5 % above that of the epoch before, both rates are divided by it, down to 1e-5 and 1e-6. An epoch is a
/// number of steps.
/// </para>
/// </summary>
/// <remarks>
/// Cost: 2 forwards over all examples every q steps (2), else 4 forwards; 3 noise generations then, and one more for the second point's
/// two probes, which do not share theirs; a copy of the weights in the type they are stored in.
/// </remarks>
internal sealed class MezoSvrg : Optimizer
{
    private readonly OptimizerSettings _settings;
    // How much the mean loss rises before rates fall, and what they do not fall below.
    private const double Rise = 1.05;
    private const double LeastFullRate = 1e-5;
    private const double LeastRate = 1e-6;

    private readonly WeightCopy _snapshot;
    private readonly Sgd _rule;
    private readonly int _interval;
    private readonly double _full;
    private readonly double _anneal;
    private readonly int _epoch;
    private (long Step, double Coefficient) _anchor;
    private (double Sum, int Count) _window;
    private double _before = double.PositiveInfinity;
    private double _divisor = 1;

    /// <param name="settings">The radius and the directions; the options interval (q), full (the factor of the rate), anneal and epoch
    /// (steps).</param>
    public MezoSvrg(OptimizerSettings settings)
    {
        _settings = settings;
        _interval = settings.Options.Integer("interval", 2, 1);
        _full = settings.Options.Number("full", 1, 0);
        _anneal = settings.Options.Number("anneal", 1, 1);
        _epoch = settings.Options.Integer("epoch", 0, 0);
        if (_anneal != 1 && _epoch == 0)
        {
            throw new InvalidInputException(
                $"{Setting.Opt} anneal needs the steps of an epoch; {Setting.Opt} epoch=N was expected with it.");
        }

        _snapshot = new WeightCopy(settings.Parameters.Trained);
        _rule = new Sgd(settings.WeightDecay);
    }

    public override long StateBytes => _snapshot.ByteCount;

    /// <summary>θ̄ of a slice.</summary>
    internal float[] Snapshot(in WeightSlice slice, int count)
    {
        float[] kept = new float[count];
        _snapshot.Read(slice, kept);
        return kept;
    }

    public override IReadOnlyList<(string Name, double Value)> Diagnostics(long step) => _anneal == 1 ? [] : [("rate_divisor", _divisor)];

    protected override double[] Evaluate(long step, ILossOracle oracle, double learningRate)
    {
        var z = _settings.Direction(step, 0);
        double epsilon = _settings.Epsilon;
        Probe[] here = [Probe.Pair(z, epsilon)];
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
        record.RequireCoefficients((full ? 1 : 2));

        if (full)
        {
            _anchor = (record.Step, record.Coefficients[0]);
            backend.Keep(_snapshot);
        }

        Direction[] directions = full
            ? [_settings.Direction(record.Step, 0)]
            : [_settings.Direction(record.Step, 0), _settings.Direction(_anchor.Step, 0)];
        backend.Update(
            _settings.Parameters.Trained,
            new GradientEstimate([.. record.Coefficients.Zip(directions)]),
            _rule,
            full ? Annealed(record.LearningRate * _full, LeastFullRate) : Annealed(record.LearningRate, LeastRate),
            EstimatorOptimizer.RoundingKey(_settings.Seed, record.Step));
        Anneal(record, full);
    }

    protected override void Dispose(bool disposing)
    {
        _snapshot.Dispose();
        _rule.Dispose();
    }

    // Where the first one was skipped there is nothing to correct by, and the next step takes its place.
    private bool IsFull(long step) => (step - 1) % _interval == 0 || _anchor.Step == 0;

    // The losses at the weights of the steps that see a batch say whether the loss rises.
    private void Anneal(StepRecord record, bool full)
    {
        if (_anneal == 1)
        {
            return;
        }

        if (!full)
        {
            _window = (_window.Sum + ((record.Losses[0] + record.Losses[1]) / 2), _window.Count + 1);
        }

        if (record.Step % _epoch == 0 && _window.Count > 0)
        {
            double mean = _window.Sum / _window.Count;
            _divisor *= mean > Rise * _before ? _anneal : 1;
            (_before, _window) = (mean, (0, 0));
        }
    }

    private double Annealed(double rate, double least) => Math.Max(rate / _divisor, Math.Min(rate, least));
}
