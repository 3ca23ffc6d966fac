using IlZo.Perturbations;

namespace IlZo.Optimizers;

/// <summary>
/// LOZO (arXiv 2410.07698): SPSA along directions of low rank, U Vᵀ for each matrix with U fresh and V kept for ν steps
/// (<see cref="LazyFactors"/>), and ordinary ones for vectors. On a quadratic with the gradient matrix G: E[ĝ | V] = G V Vᵀ and, as
/// E[VVᵀ] = rI, E[ĝ] = rG; E‖UVᵀ‖² = rmn, so elements have variance r and the radius is √r times that of MeZO. The paper divides the update
/// of matrices by r; the authors' code (optsuite/LOZO) does not, and the published rates go with that. The option divide follows the paper.
/// </summary>
/// <remarks>
/// Cost: 2 forwards; (m + n)r normal numbers for each matrix and generation in place of mn; 4r bytes for each column of a matrix.
/// </remarks>
internal sealed class Lozo : Estimator
{
    private readonly Spsa _spsa;
    private readonly float[] _scales;

    /// <param name="settings">What SPSA takes; the options rank (r), interval (ν) and divide.</param>
    public Lozo(OptimizerSettings settings)
    {
        int rank = settings.Options.Integer("rank", 2, 1, Noise.NoiseField.Group);
        Rank = rank;
        Factors = new LazyFactors(settings, rank, settings.Options.Integer("interval", 50, 1));
        float scale = settings.Options.Flag("divide") ? 1f / rank : 1;
        _scales = [.. settings.Parameters.Trained.Select(p => LazyFactors.IsMatrix(p) ? scale : 1)];
        _spsa = new Spsa(settings, Factors.Direction);
    }

    public override long StateBytes => Factors.StateBytes;

    internal override bool FollowsFromRecords => true;

    internal override bool AveragesQueries => _spsa.AveragesQueries;

    /// <summary>r.</summary>
    internal int Rank { get; }

    /// <summary>U and V.</summary>
    internal LazyFactors Factors { get; }

    /// <summary>What the update of each tensor is multiplied by.</summary>
    internal IReadOnlyList<float> Scales => _scales;

    public override IReadOnlyList<Probe> Plan(long step) => _spsa.Plan(step);

    public override double[] Combine(long step, ReadOnlySpan<double> losses) => _spsa.Combine(step, losses);

    public override IReadOnlyList<Direction> Directions(long step) =>
        [.. _spsa.Directions(step).Select(d => new ScaledDirection(d, _scales))];
}
