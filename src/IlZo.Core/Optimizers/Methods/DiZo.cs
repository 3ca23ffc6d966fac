using IlZo.Models;
using IlZo.Perturbations;
using IlZo.Tensors;
using IlZo.Updates;

namespace IlZo.Optimizers;

/// <summary>
/// DiZO (arXiv 2502.03304): MeZO, and after every κ-th step a projection: each tensor l of a set P keeps the direction in which it has
/// travelled from the weights θ⁰ the run started from, Δ = θ − θ⁰, and gets a new distance, θ ← θ⁰ + ρ_l Δ_l. The ratios ρ are found by
/// a zeroth-order search of J iterations, each on a further batch. With s_l = ‖Δ_l‖ and ζ_l ~ N(0, 1) cut to ±(τ/ε_γ)s_l: losses at ρ_l ±
/// ε_γ ζ_l/s_l, ψ = (L₊ − L₋)/2ε_γ, ρ_l ← clip(ρ_l − α ψ ζ_l, 1 − τ, 1 + τ). That is the algorithm of the paper and of its code in terms of
/// ρ = γ/s. With ratio = true, s does not enter (an independent port): losses at clip(ρ_l ± ε_γ u_l) with u ~ N(0, 1), ρ_l ← clip(ρ_l − α ψ
/// u_l).
/// <para>
/// P is the weights of queries and values by the paper, of keys and values in the authors' code (Skilteee/DiZO; source = true), which also
/// keeps OPT's token embedding as it is (<c>--freeze role:token-embedding</c>), lets the rate decay, and undoes each probe by a division.
/// Where queries, keys and values are one tensor, as in GPT-2, it is scaled as a whole: as anywhere, a tensor has one ratio. Here the
/// update and the projection are one change of the weights: probes go along (the point after the update with some ratios) − θ, which reads
/// θ⁰ from the checkpoint as it goes.
/// </para>
/// <para>
/// θ⁰ of an adapter is its start. LoRA's B starts at zero: only the length of Δ enters above, not that of θ⁰, so B is scaled as a whole. P
/// then is the factors of these layers, or the prefix's values (source = true: all of it).
/// </para>
/// </summary>
/// <remarks>Cost: 2 + 2J/κ forwards a step (2.4); no memory but pages of the checkpoint's P, of which a GPU keeps a copy.</remarks>
internal sealed class DiZo : RecordOptimizer
{
    private readonly OptimizerSettings _settings;
    private readonly Spsa _estimator;
    private readonly Lazy<BaseWeights> _base;
    private readonly RatioSearch _search;
    private readonly int _interval;

    /// <param name="settings">The radius and the directions; the options ratio, interval (κ), eps (ε_γ), step (α), clip (τ), inner (J) and
    /// tensors or source.</param>
    public DiZo(OptimizerSettings settings)
    {
        var options = settings.Options;
        bool ratio = options.Flag("ratio");
        bool source = options.Flag("source");
        string[] wanted = options.Words("tensors", source ? "role:value+role:key" : "role:query+role:value");
        _settings = settings;
        _estimator = new Spsa(settings);
        _base = new Lazy<BaseWeights>(settings.OpenBase);
        _interval = options.Integer("interval", ratio ? 100 : 50, 1);
        _search = new RatioSearch(
            settings.Seed,
            options.Number("eps", 0.1, 1e-9),
            options.Number("step", ratio ? 1e-3 : 2, 0),
            options.Number("clip", 0.2, 0, 0.999),
            options.Integer("inner", ratio ? 5 : 10, 1),
            ratio);
        Predicate<Parameter>[] kinds = [.. wanted.Select(Choice)];
        Projected =
            [.. settings.Parameters.Trained.Where(p => p.Role.Kind != TensorKind.Bias && Array.Exists(kinds, matches => matches(p)))];
        if (Projected.Count == 0 && settings.Parameters.Trained.Count > 0)
        {
            throw new InvalidInputException(
                $"{Setting.Opt} tensors is '{string.Join('+', wanted)}', which is not the role of a trained weight and not part of "
                    + "any name; roles such as role:value, or parts of names, joined by + were expected.");
        }
    }

    /// <summary>P.</summary>
    internal IReadOnlyList<Parameter> Projected { get; }

    /// <summary>θ⁰ of P.</summary>
    public override long DeviceBytes => Projected.Sum(p => p.ByteCount);

    public override double ProjectedGradient(StepRecord record) => record.Coefficients.Take(_settings.Queries).Sum();

    protected override double[] Evaluate(long step, ILossOracle oracle, double learningRate)
    {
        double[] coefficients = _settings.Clip(_estimator.Combine(step, oracle.Losses(_estimator.Plan(step))));
        if (step % _interval != 0 || !Array.TrueForAll(coefficients, double.IsFinite))
        {
            return coefficients;
        }

        var estimate = Estimate(step, coefficients);
        var travelled = new TravelDirection(_base, new MoveDirection(estimate, Rule([]), learningRate));
        double[] lengths = [.. oracle.Sums.RowSquares(Projected, travelled).Select(rows => Math.Sqrt(rows.Sum()))];
        double[] ratios = _search.Find(
            step,
            Projected,
            lengths,
            (candidates, draw) => oracle.Losses(
                [.. candidates.Select(r => new Probe(new MoveDirection(estimate, Rule(r), learningRate), 1))], draw));
        return [.. coefficients, .. ratios];
    }

    protected override WeightUpdate Change(StepRecord record)
    {
        bool projects = record.Step % _interval == 0;
        int expected = _settings.Queries + (projects ? Projected.Count : 0);
        record.RequireCoefficients(expected);

        return new WeightUpdate(
            _settings.Parameters.Trained,
            Estimate(record.Step, record.Coefficients[.._settings.Queries]),
            Rule(projects ? record.Coefficients[_settings.Queries..] : []),
            record.LearningRate,
            EstimatorOptimizer.RoundingKey(_settings.Seed, record.Step));
    }

    protected override void Dispose(bool disposing)
    {
        if (_base.IsValueCreated)
        {
            _base.Value.Dispose();
        }
    }

    private static Predicate<Parameter> Choice(string wanted) => RoleWords.Find(wanted, $"{Setting.Opt} tensors") is { } means
        ? p => means(p.Role)
        : p => p.Name.Contains(wanted, StringComparison.Ordinal);

    private GradientEstimate Estimate(long step, double[] coefficients) => new([.. coefficients.Zip(_estimator.Directions(step))]);

    // Tensors that stay at their distance take no part, so that their update is MeZO's bit for bit.
    private Rescaling Rule(double[] ratios) => new(
        _settings.WeightDecay,
        _base,
        Projected.Zip(ratios).Where(r => r.Second != 1).ToDictionary(r => r.First, r => (float)(r.Second - 1)));
}
