using IlZo.Arithmetic;
using IlZo.Backends;
using IlZo.Noise;
using IlZo.Perturbations;

namespace IlZo.Optimizers;

/// <summary>
/// AdaLeZO (arXiv 2604.18264): SPSA on few layers, which a bandit chooses. Of L groups (<see cref="LayerGroups"/>) a step draws
/// K = ⌊ρL⌋, at least 1, with replacement and probabilities p; with n_l the times that group l is drawn, all drawn groups are perturbed
/// once and ĝ_l = c w_l z_l, w_l = n_l min(1/(K p_l), C). Groups that are not drawn do not move. Without the limit C, E[ĝ] = g; with it,
/// E[ĝ_l] = min(1, C K p_l) g_l. With K = 1 and no limit E‖ĝ‖² = Σ (N_l + 2)‖g_l‖²/p_l.
/// <para>
/// p = (1 − γ) softmax(Q/(τ max Q)) + γ/L, where Q_l ← (1 − α)Q_l + α|c| for drawn groups; the scalar is common to them, so it is how
/// often they are drawn together with others that tells layers apart. With the published temperature the groups of the first draws get
/// nearly all of p, and keep it: what was never drawn has a reward of 0. This is the authors' code as it was with replacement; they have
/// had other rewards and draws too, and which of them the paper's figures are of is open.
/// </para>
/// </summary>
/// <remarks>Cost: 2 forwards; 2 noise generations of the drawn groups alone; two numbers for each group.</remarks>
internal sealed class AdaLezo : Estimator
{
    private readonly OptimizerSettings _settings;
    private readonly LayerGroups _groups;
    private readonly double _share;
    private readonly double _temperature;
    private readonly double _limit;
    private readonly double _alpha;
    private readonly double _mix;
    private readonly double[] _rewards;

    /// <param name="settings">What SPSA takes; the options share (ρ), temperature (τ), limit (C, 0 for none), alpha (α) and mix
    /// (γ).</param>
    public AdaLezo(OptimizerSettings settings)
    {
        var options = settings.Options;
        _settings = settings;
        _groups = new LayerGroups(settings.Parameters.Trained);
        _share = options.Number("share", 0.2, 0, 1);
        _temperature = options.Number("temperature", 0.2, 1e-3);
        _limit = options.Number("limit", 32, 0);
        _alpha = options.Number("alpha", 0.1, 0, 1);
        _mix = options.Number("mix", 0.01, 0, 1);
        _rewards = new double[_groups.Count];
    }

    public override long StateBytes => 2L * _rewards.Length * sizeof(double);

    internal override bool FollowsFromRecords => true;

    /// <summary>K.</summary>
    internal int Draws => Math.Max(1, (int)(_share * _groups.Count));

    /// <summary>p as the rewards are now.</summary>
    internal double[] Probabilities()
    {
        double most = _rewards.Max();
        double[] scores = [.. _rewards.Select(q => (most > 1e-6 ? q / most : q) / _temperature)];
        double top = scores.Max();
        double[] weights = [.. scores.Select(s => ElementaryFunctions.Exp(s - top))];
        double sum = weights.Sum();
        return [.. weights.Select(w => ((1 - _mix) * w / sum) + (_mix / weights.Length))];
    }

    /// <summary>How often a step draws each group.</summary>
    internal int[] Drawn(long step, double[] probabilities)
    {
        var key = new NoiseKey(_settings.Seed, NoiseStream.Mask, (uint)step, 0);
        int[] times = new int[probabilities.Length];
        for (int draw = 0; draw < Draws; draw++)
        {
            double left = key.Uniform(draw);
            int group = 0;
            while (group < probabilities.Length - 1 && left >= probabilities[group])
            {
                left -= probabilities[group++];
            }

            times[group]++;
        }

        return times;
    }

    public override IReadOnlyList<Probe> Plan(long step)
    {
        int[] times = Drawn(step, Probabilities());
        return [Probe.Pair(Scaled(step, group => times[group] > 0 ? 1 : 0), _settings.Epsilon)];
    }

    public override double[] Combine(long step, ReadOnlySpan<double> losses) => [(losses[0] - losses[1]) / (2 * _settings.Epsilon)];

    public override IReadOnlyList<Direction> Directions(long step)
    {
        double[] p = Probabilities();
        int[] times = Drawn(step, p);
        return [Scaled(step, group => (float)(times[group] * Weight(p[group])))];
    }

    /// <summary>The part of all weights that a step perturbs, and the greatest and the least p.</summary>
    public override IReadOnlyList<(string Name, double Value)> Diagnostics(long step)
    {
        double[] p = Probabilities();
        int[] times = Drawn(step, p);
        double perturbed = _settings.Parameters.Trained.Where(t => times[_groups.Of[t.Index]] > 0).Sum(t => (double)t.Count);
        return
        [
            ("perturbed_weights", perturbed / _settings.Parameters.TrainedCount),
            ("greatest_probability", p.Max()),
            ("least_probability", p.Min()),
        ];
    }

    public override void Learn(StepRecord record, IBackend backend)
    {
        int[] times = Drawn(record.Step, Probabilities());
        double reward = Math.Abs(record.Coefficients[0]);
        for (int group = 0; group < times.Length; group++)
        {
            if (times[group] > 0)
            {
                _rewards[group] += _alpha * (reward - _rewards[group]);
            }
        }
    }

    private double Weight(double probability)
    {
        double unbiased = 1 / (Draws * probability);
        return _limit == 0 ? unbiased : Math.Min(unbiased, _limit);
    }

    private ScaledDirection Scaled(long step, Func<int, float> scale) =>
        new(_settings.Direction(step, 0), [.. _groups.Of.Select(scale)]);
}
