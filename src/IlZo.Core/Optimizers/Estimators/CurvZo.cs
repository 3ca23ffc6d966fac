using IlZo.Backends;
using IlZo.Noise;
using IlZo.Perturbations;
using IlZo.Tensors;

namespace IlZo.Optimizers;

/// <summary>
/// CurvZO (arXiv 2603.21725) with tensors as blocks: a step perturbs a random few of them, those more often that scores of past steps
/// call for. Block b is in with probability π_b (Poisson sampling; where none is in, the likeliest); Δ = (L(θ + ε m∘z) − L(θ − ε m∘z)) / 2ε
/// and ĝ_b = (Δ/π_b) z_b for blocks that are in. On a quadratic E[ĝ] = g and, with S₋ = Σ_{c≠b} π_c‖g_c‖²,
/// E‖ĝ_b‖² = (N_b S₋ + (N_b + 2)‖g_b‖²)/π_b. π_b = min(1, κ w_b) with Σπ_b = ⌊M f⌋, w from <see cref="BlockScores"/> and f from
/// <see cref="PerturbationBudget"/>.
/// <para>
/// The authors' code, known from a third-party port, samples in proportion to scores of first order in Δ (variant code, the standard),
/// where the paper's formulas take roots of scores of second order (variant paper; variant debiased takes their background off). It
/// searches κ only up to 1/max w (cap = true), so with concentrated scores far fewer blocks move than the budget says; cap = false
/// is the solution of the paper's problem. π_b below the option floor (0.02) is raised to it, because updates are multiplied by 1/π_b.
/// </para>
/// </summary>
/// <remarks>Cost: 2 forwards; 2 noise generations of the chosen blocks, and one for ‖z_b‖²; some numbers for each tensor.</remarks>
internal sealed class CurvZo : Estimator
{
    private readonly OptimizerSettings _settings;
    private readonly PerturbationBudget _budget;
    private readonly BlockScores _scores;
    private readonly bool _cap;
    private readonly double _floor;

    /// <param name="settings">The radius and the directions; the options variant, cap, floor, budget and adapt.</param>
    public CurvZo(OptimizerSettings settings)
    {
        _settings = settings;
        string variant = settings.Options.Choice("variant", ["code", "paper", "debiased"]);
        _scores = variant == "code"
            ? new CodeScores(Blocks.Count)
            : new CurvatureScores([.. Blocks.Select(p => p.Count)], debiased: variant == "debiased");
        _cap = settings.Options.Flag("cap", standard: true);
        _floor = settings.Options.Number("floor", 0.02, 0, 1);
        _budget = new PerturbationBudget(settings.Options.Number("budget", 0.4, 0, 1), settings.Options.Flag("adapt", standard: true));
    }

    internal override bool FollowsFromRecords => true;

    private IReadOnlyList<Parameter> Blocks => _settings.Parameters.Trained;

    /// <summary>π_b as the scores are now.</summary>
    internal double[] Probabilities()
    {
        int blocks = Math.Clamp((int)(Blocks.Count * _budget.Fraction), 1, Blocks.Count);
        return [.. InclusionProbabilities.Of(_scores.SamplingWeights(), blocks, _cap).Select(p => Math.Max(p, _floor))];
    }

    public override IReadOnlyList<Probe> Plan(long step)
    {
        var (chosen, _) = Choose(step);
        var direction = new ScaledDirection(_settings.Direction(step, 0), [.. chosen.Select(c => c ? 1f : 0f)]);
        return [Probe.Pair(direction, _settings.Epsilon)];
    }

    public override double[] Combine(long step, ReadOnlySpan<double> losses) => [(losses[0] - losses[1]) / (2 * _settings.Epsilon)];

    public override IReadOnlyList<Direction> Directions(long step)
    {
        var (chosen, probabilities) = Choose(step);
        return [new ScaledDirection(_settings.Direction(step, 0), [.. chosen.Zip(probabilities, (c, p) => c ? (float)(1 / p) : 0f)])];
    }

    /// <summary>
    /// Σπ, the part ΣπN/d of all weights that a step perturbs on average, and the least π: these, not the budget alone, say how sparse
    /// steps are.
    /// </summary>
    public override IReadOnlyList<(string Name, double Value)> Diagnostics(long step)
    {
        double[] p = Probabilities();
        return
        [
            ("expected_tensors", p.Sum()),
            ("expected_weights", Blocks.Sum(b => p[b.Index] * b.Count) / _settings.Parameters.TrainedCount),
            ("least_probability", p.Min()),
        ];
    }

    public override void Learn(StepRecord record, IBackend backend)
    {
        var (chosen, probabilities) = Choose(record.Step);
        _scores.Learn(record.Coefficients[0], chosen, Squares(record.Step, chosen, backend), probabilities);
        if (PerturbationBudget.IsDue(record.Step))
        {
            var (support, entropy) = PerturbationBudget.Shape(_scores.BudgetScores());
            _budget.Adapt(support / Blocks.Count, entropy);
        }
    }

    /// <summary>Which blocks a step perturbs, and π_b.</summary>
    internal (bool[] Chosen, double[] Probabilities) Choose(long step)
    {
        double[] probabilities = Probabilities();
        var key = new NoiseKey(_settings.Seed, NoiseStream.Mask, (uint)step, 0);
        bool[] chosen = [.. Blocks.Select(b => key.Uniform(b.Id) < probabilities[b.Index])];
        if (!chosen.Contains(true))
        {
            chosen[Array.IndexOf(probabilities, probabilities.Max())] = true;
        }

        return (chosen, probabilities);
    }

    private double[] Squares(long step, bool[] chosen, IWeightSums sums)
    {
        Parameter[] blocks = [.. Blocks.Where(b => chosen[b.Index])];
        double[] squares = new double[chosen.Length];
        foreach (var (block, rows) in blocks.Zip(sums.RowSquares(blocks, _settings.Direction(step, 0))))
        {
            squares[block.Index] = rows.Sum();
        }

        return squares;
    }
}
