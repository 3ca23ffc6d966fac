using IlZo.Arithmetic;
using IlZo.Backends;
using IlZo.Noise;
using IlZo.Perturbations;
using IlZo.Tensors;
using IlZo.Updates;

namespace IlZo.Optimizers;

/// <summary>
/// CurvZO as its paper defines it, element by element: mᵢ ~ Bernoulli(πᵢ), v = m∘u, Δ = (L(θ + εv) − L(θ − εv)) / 2ε, ĝᵢ = Δ vᵢ/πᵢ with
/// πᵢ = min(1, κ√Sᵢ) and a running mean Sᵢ of Δ²uᵢ² over the steps on which the element was in. On a quadratic E[ĝ] = g and
/// E[ĝᵢ²] = ((3 − πᵢ)gᵢ² + Σⱼ πⱼgⱼ²)/πᵢ. A score's signal 3gᵢ² stands before a background Σⱼ πⱼgⱼ² that is about d times as large, so that
/// only <see cref="CurvZo"/>'s blocks can be told apart in large models; this is for study. πᵢ is a multiple of 2⁻¹⁶, so that a 16-bit
/// number decides exactly with it, and κ is found anew at every 20th step.
/// </summary>
/// <remarks>Cost: 2 forwards; 3 noise generations and as many of mask bits; 4 bytes for each weight.</remarks>
internal sealed class CurvZoElements : Estimator
{
    private const int Bisections = 40;

    private readonly OptimizerSettings _settings;
    private readonly PerturbationBudget _budget;
    private readonly ElementScores _scores;
    private readonly double _floor;
    private double _kappa;
    private double _unit;

    /// <param name="settings">The radius and the directions; the options floor, budget and adapt.</param>
    public CurvZoElements(OptimizerSettings settings)
    {
        _settings = settings;
        _floor = settings.Options.Number("floor", 0.02, 0, 1);
        _budget = new PerturbationBudget(settings.Options.Number("budget", 0.4, 0, 1), settings.Options.Flag("adapt", standard: true));
        _scores = new ElementScores(settings.Parameters.Trained);

        // All scores are alike at first, whatever their value.
        _kappa = _budget.Fraction;
    }

    public override long StateBytes => _scores.StateBytes;

    public override IReadOnlyList<Probe> Plan(long step)
    {
        var direction = Masked(step, weighted: false);
        return [Probe.Pair(direction, _settings.Epsilon)];
    }

    public override double[] Combine(long step, ReadOnlySpan<double> losses) => [(losses[0] - losses[1]) / (2 * _settings.Epsilon)];

    public override IReadOnlyList<Direction> Directions(long step) => [Masked(step, weighted: true)];

    public override void Learn(StepRecord record, IBackend backend)
    {
        // The first Δ² is the unit of all scores, so that those of elements that were not in yet are of their order.
        double slope = record.Coefficients[0] * record.Coefficients[0];
        _unit = _unit == 0 ? slope : _unit;
        _scores.Square = _unit == 0 ? 0 : (float)(slope / _unit);
        var v = new GradientEstimate([(1, Masked(record.Step, weighted: false))]);
        backend.Update(_settings.Parameters.Trained, v, _scores, 0, EstimatorOptimizer.RoundingKey(_settings.Seed, record.Step));
        if (PerturbationBudget.IsDue(record.Step))
        {
            Adapt(backend);
        }
    }

    /// <summary>πᵢ of a slice, in units of 2⁻¹⁶.</summary>
    internal void Probabilities(in WeightSlice slice, Span<int> levels) => Masked(0, weighted: false).Probabilities(slice, levels);

    protected override void Dispose(bool disposing) => _scores.Dispose();

    // The budget from the shape of the scores, and κ with Σ πᵢ = f d.
    private void Adapt(IBackend backend)
    {
        backend.Store(_scores.State);
        long d = _settings.Parameters.TrainedCount;
        double roots = Total(backend, s => Math.Sqrt(s));
        double sum = Total(backend, s => s);
        var (support, entropy) = PerturbationBudget.Shape(roots, sum, Total(backend, s => s * ElementaryFunctions.Log(s)), d);
        _budget.Adapt(support / d, entropy);
        double wanted = _budget.Fraction * d;
        double low = 0;
        double high = 2 * wanted / roots;
        while (Chosen(high) < wanted)
        {
            high *= 2;
        }

        for (int i = 0; i < Bisections; i++)
        {
            double middle = (low + high) / 2;
            (low, high) = Chosen(middle) < wanted ? (middle, high) : (low, middle);
        }

        _kappa = high;
        double Chosen(double kappa) => Total(backend, s => Math.Min(1, kappa * Math.Sqrt(s)));
    }

    // The sum of a function of the scores, in a fixed order; scores that became 0 count as a little.
    private double Total(IBackend backend, Func<double, double> f)
    {
        var blocks = RowBlock.Of(_settings.Parameters.Trained);
        double[] sums = new double[blocks.Count];
        backend.Parallel(blocks.Count, i =>
        {
            var (parameter, row, rows) = blocks[i];
            foreach (float s in _scores.State.At(new WeightSlice(parameter, row, 0), rows * parameter.Columns))
            {
                sums[i] += f(Math.Max(s + 1.0, 1e-12));
            }
        });
        return sums.Sum();
    }

    private BernoulliDirection Masked(long step, bool weighted) => new(
        _settings.Direction(step, 0),
        new NoiseKey(_settings.Seed, NoiseStream.Mask, (uint)step, 0),
        _scores.State,
        new InclusionRule((float)_kappa, _budget.Fraction >= 1 ? 1 : (float)_floor),
        weighted);
}
