using IlZo.Noise;
using IlZo.Perturbations;
using IlZo.Updates;

namespace IlZo.Optimizers;

/// <summary>
/// AGZO (arXiv 2601.17261): one-sided SPSA along Δ = R Aᵀ for each m×n matrix of a linear layer, with fresh R ~ N(0, I) of m×r and an
/// orthonormal basis A (n×r) of the dominant right singular subspace of the layer's inputs H (T×n), which the forward at the weights shows:
/// c = (L(θ + εΔ) − L(θ))/ε, θ ← θ − ηcΔ. All other tensors have ordinary directions. The gradient of a linear layer is dYᵀH, so its rows
/// are in the span of those of H. For a gradient matrix G and given A, E[ĝ] = G A Aᵀ and E‖ĝ‖² = (mr + 2)‖GA‖², where MeZO has
/// (mn + 2)‖G‖²: what lies outside of A is not estimated and adds no variance, and where H has the rank r nothing is outside. Directions
/// are √(r/n) times as long as MeZO's. With several queries ĝ is the mean of their one-sided differences, beside one loss at the weights.
/// <para>
/// We have not seen the paper, and its authors have published no code. r, the iterations K (<see cref="InputBasisSearch"/>) and whether
/// bases live longer than a step are open in what we could read: rank (1), iterations (3) and interval, the steps that bases are kept for
/// (50), are our choices. Bases follow from data, so they are in the record of the step that finds them, in 8 bits an element
/// (<see cref="InputBases"/>); training, too, goes on with what the record says. A step that was skipped leaves the bases as they are, and
/// the next one looks for new ones.
/// </para>
/// </summary>
/// <remarks>
/// Cost with q queries: q + 1 forwards. In a step that looks for bases the one at the weights is a traversal of its own, with 4KrTn
/// operations for each input of layers. r numbers for each row and generation in place of a noise; at most 4r bytes for each input.
/// </remarks>
internal sealed class Agzo : RecordOptimizer
{
    private readonly OptimizerSettings _settings;
    private readonly Spsa _spsa;
    private readonly Sgd _rule;
    private readonly int _rank;
    private readonly int _iterations;
    private readonly int _interval;
    private long _found;

    /// <param name="settings">The radius and the queries; the options rank (r), iterations (K) and interval.</param>
    public Agzo(OptimizerSettings settings)
    {
        _settings = settings;
        _spsa = new Spsa(settings);
        _rule = new Sgd(settings.WeightDecay);
        _rank = settings.Options.Integer("rank", 1, 1, NoiseField.Group);
        _iterations = settings.Options.Integer("iterations", 3, 1, 100);
        _interval = settings.Options.Integer("interval", 50, 1);
    }

    /// <summary>What bases take if each matrix has one of its own, for the longer of its sides.</summary>
    public override long StateBytes => _settings.Parameters.Trained.Where(LazyFactors.IsMatrix).Sum(
        p => (long)Math.Min(_rank, Math.Max(p.Rows, p.Columns)) * Math.Max(p.Rows, p.Columns)) * sizeof(float);

    /// <summary>The present bases; null before the first.</summary>
    internal InputBases? Bases { get; private set; }

    public override double ProjectedGradient(StepRecord record) => record.Coefficients.Take(_settings.Queries).Sum();

    protected override double[] Evaluate(long step, ILossOracle oracle, double learningRate)
    {
        if (!IsDue(step))
        {
            return Coefficients(step, oracle.Losses([Probe.Unperturbed, .. Probes(step, Bases!)]));
        }

        var search = new InputBasisSearch(_settings, _rank, _iterations, step);
        double atWeights = oracle.Loss(search);
        double[] coefficients = [.. new double[_settings.Queries], .. search.Pack()];
        var probes = Probes(step, InputBases.Read(_settings, step, coefficients, _rank));
        Coefficients(step, [atWeights, .. oracle.Losses(probes)]).CopyTo(coefficients, 0);
        return coefficients;
    }

    protected override WeightUpdate Change(StepRecord record)
    {
        if (IsDue(record.Step))
        {
            Bases = InputBases.Read(_settings, record.Step, record.Coefficients, _rank);
            _found = record.Step;
        }
        else
        {
            record.RequireCoefficients(_settings.Queries);
        }

        var terms = new (double, Direction)[_settings.Queries];
        for (int q = 0; q < terms.Length; q++)
        {
            terms[q] = (record.Coefficients[q], Bases!.Direction(record.Step, q));
        }

        return new WeightUpdate(
            _settings.Parameters.Trained,
            new GradientEstimate(terms),
            _rule,
            record.LearningRate,
            EstimatorOptimizer.RoundingKey(_settings.Seed, record.Step));
    }

    protected override void Dispose(bool disposing) => _rule.Dispose();

    private bool IsDue(long step) => Bases is null || step - _found >= _interval;

    private double[] Coefficients(long step, double[] losses) => _settings.Clip(_spsa.Combine(step, losses));

    private Probe[] Probes(long step, InputBases bases)
    {
        var probes = new Probe[_settings.Queries];
        for (int q = 0; q < probes.Length; q++)
        {
            probes[q] = new Probe(bases.Direction(step, q), _settings.Epsilon);
        }

        return probes;
    }
}
