using IlZo.Backends;
using IlZo.Noise;
using IlZo.Perturbations;
using IlZo.Updates;

namespace IlZo.Optimizers;

/// <summary>
/// What the authors of KerZOO run (Rainbow0427/zo_acc), where it is not what <see cref="KerZoo"/> says:
/// r is drawn for every tensor, from [−a, a] with a = max(1 − t/4000, 1e-4) and t from 0, but K(r) = 15r(5 − 7r²), which is C = 4, is
/// not rescaled, so that E[rK] = 25a² − 21a⁴; the estimate of each tensor is shortened to a norm of at most 4e5; and the iterate
/// c ← c − ηĝ is averaged, x ← x + (c − x)/β with β = 1 + t/6, with losses taken at y = x + (c − x)/β. The weights here are x.
/// <para>
/// The code also keeps OPT's token embedding as it is, which is a matter of what is trained: <c>--freeze *embed_tokens.weight</c>. It finds
/// x from y by a division, which is lossy.
/// </para>
/// </summary>
/// <remarks>Cost with n directions (the authors': 3): 2n forwards, 4n noise generations, 4 bytes for each weight (c − x).</remarks>
internal sealed class KerZooSource : Optimizer
{
    private readonly OptimizerSettings _settings;
    private readonly AveragedIterate _rule;
    private readonly double _horizon;
    private readonly double _longest;

    /// <param name="settings">The radius and the directions; the options horizon (4000) and norm (4e5).</param>
    public KerZooSource(OptimizerSettings settings)
    {
        _settings = settings;
        _horizon = settings.Options.Integer("horizon", 4000, 1);
        _longest = settings.Options.Number("norm", 4e5, 1e-30);
        _rule = new AveragedIterate(settings);
    }

    public override long StateBytes => _rule.StateBytes;

    /// <summary>The factors r and K(r) of each tensor.</summary>
    internal (float[] Radii, float[] Weights) Factors(long step, int query)
    {
        double a = Math.Max(1 - ((step - 1) / _horizon), 1e-4);
        var key = new NoiseKey(_settings.Seed, NoiseStream.Radius, (uint)step, (uint)query);
        double[] r = [.. _settings.Parameters.Trained.Select(p => a * ((2 * key.Uniform(p.Id)) - 1))];
        return ([.. r.Select(v => (float)v)], [.. r.Select(v => (float)(15 * v * (5 - (7 * v * v))))]);
    }

    protected override double[] Evaluate(long step, ILossOracle oracle, double learningRate)
    {
        _rule.Step = step;
        double[] coefficients = new double[_settings.Queries];
        for (int q = 0; q < coefficients.Length; q++)
        {
            var z = new ScaledDirection(_settings.Direction(step, q), Factors(step, q).Radii);
            double[] losses = oracle.Losses([Ahead(z, _settings.Epsilon), Ahead(z, -_settings.Epsilon)]);
            coefficients[q] = (losses[0] - losses[1]) / (2 * _settings.Epsilon) / coefficients.Length;
        }

        return _settings.Clip(coefficients);

        Probe Ahead(Direction z, double radius) => new(new OffsetDirection(_rule.Ahead, _rule.Share, z, (float)radius), 1);
    }

    protected override void Update(StepRecord record, IBackend backend)
    {
        var directions = Enumerable.Range(0, record.Coefficients.Length)
            .Select(q => (_settings.Direction(record.Step, q), Factors(record.Step, q).Weights)).ToArray();
        var whole = record.Coefficients.Zip(directions, (c, d) => (c, (Direction)new ScaledDirection(d.Item1, d.Weights))).ToArray();
        double[] squares = [.. backend.RowSquares(_settings.Parameters.Trained, new SumDirection(whole)).Select(rows => rows.Sum())];
        float[] shorten = [.. squares.Select(s => (float)Math.Min(1, _longest / Math.Max(Math.Sqrt(s), 1e-30)))];
        _rule.Step = record.Step;
        backend.Update(
            _settings.Parameters.Trained,
            new GradientEstimate([.. whole.Select(t => (t.c, (Direction)new ScaledDirection(t.Item2, shorten)))]),
            _rule,
            record.LearningRate,
            EstimatorOptimizer.RoundingKey(_settings.Seed, record.Step));
    }

    protected override void Dispose(bool disposing) => _rule.Dispose();
}
