using IlZo.Perturbations;
using IlZo.Tensors;

namespace IlZo.Optimizers;

/// <summary>
/// Sparse-MeZO (arXiv 2402.15751): SPSA along m∘z, where m_i = 1 for the weights of small magnitude, |θ_i| ≤ h_l. The thresholds h_l are
/// fixed for each matrix: the magnitude below which the wanted share of its weights lay in the base checkpoint, which is what makes a
/// continued or replayed run find the same ones. The mask follows the weights: it is read off the stored ones as they are before the
/// step, which no probe changes. On a quadratic E[ĝ] = m∘g and E‖ĝ‖² = (k + 2)‖m∘g‖² with k kept weights, so larger rates than MeZO's
/// hold (3 to 10 times); the others have no gradient.
/// <para>
/// Biases and norms are trained in full: many start at one value, where no threshold divides them. An implementation that
/// perturbs in place must keep the mask for the step: made again from perturbed weights it restores others than it moved.
/// </para>
/// </summary>
/// <remarks>Cost: SPSA's 2 forwards and 2 noise generations; 4 bytes for each tensor, and two readings of the base checkpoint.</remarks>
internal sealed class SparseMezo : Estimator
{
    private readonly OptimizerSettings _settings;
    private readonly Spsa _spsa;
    private readonly Lazy<float[]> _thresholds;

    /// <param name="settings">What SPSA takes; the option sparsity is the share of a matrix that is left alone.</param>
    public SparseMezo(OptimizerSettings settings)
    {
        double sparsity = settings.Options.Number("sparsity", 0.75, 0, 1);
        _settings = settings;
        _thresholds = new Lazy<float[]>(() => Measure(settings, 1 - sparsity));
        _spsa = new Spsa(settings, (step, query) => new SmallWeightsDirection(settings.Direction(step, query), _thresholds.Value));
    }

    public override long StateBytes => _settings.Parameters.Trained.Count * sizeof(float);

    internal override bool AveragesQueries => _spsa.AveragesQueries;

    internal override bool FollowsFromRecords => true;

    /// <summary>h_l, by <see cref="Parameter.Index"/>.</summary>
    internal IReadOnlyList<float> Thresholds => _thresholds.Value;

    public override IReadOnlyList<Probe> Plan(long step) => _spsa.Plan(step);

    public override double[] Combine(long step, ReadOnlySpan<double> losses) => _spsa.Combine(step, losses);

    public override IReadOnlyList<Direction> Directions(long step) => _spsa.Directions(step);

    private static float[] Measure(OptimizerSettings settings, double share)
    {
        using var start = settings.OpenBase();
        return [.. settings.Parameters.Trained.Select(p => p.Shape.Count < 2
            ? float.PositiveInfinity
            : MagnitudeRank.Of(p, (long)Math.Round(share * p.Count), (row, to) => start.Read(new WeightSlice(p, row, 0), to)))];
    }
}
