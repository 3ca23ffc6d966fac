using System.Numerics.Tensors;
using IlZo.Noise;
using IlZo.Perturbations;
using IlZo.Tensors;

namespace IlZo.Optimizers;

/// <summary>
/// TeZO (arXiv 2501.19057): SPSA along Z = U diag(τ) Vᵀ for each m×n matrix, with U (m×r) and V (n×r) of standard normal numbers that stay
/// for the whole run and τ ~ N(0, I) fresh: all that is new in a step are r numbers a matrix, and weights never leave
/// θ⁰ + span{u_s v_sᵀ}. For a gradient matrix G, E[cZ | U, V] = Σ (u_sᵀGv_s) u_s v_sᵀ, which has the mean rG over U and V. The update is
/// divided by r, so that E[ĝ] = G and E‖ĝ‖² = (mn + 2 + (2mn + 6(m + n) + 10)/r)‖G‖², and MeZO's rates go with it; those of the paper are
/// without the division. Elements of a direction have variance r, so the radius is √r times that of MeZO.
/// <para>
/// We have not seen the paper, and there is no code of its authors: it chooses a rank for each layer from the spectrum of its weights, for
/// OPT-13B 31.5 on average; here one rank is given for all. TeZO-Adam is not here: its moments are those of an m×n matrix in every step.
/// </para>
/// </summary>
/// <remarks>
/// Cost: 2 forwards; rn numbers in place of a noise for each row and generation; 4r bytes for each column of a matrix and for each row
/// (there, for each query).
/// </remarks>
internal sealed class Tezo : FactoredSpsa
{
    private readonly OptimizerSettings _settings;
    private readonly LazyFactors _factors;
    private readonly float[] _scales;

    /// <param name="settings">What SPSA takes; the option rank (r).</param>
    public Tezo(OptimizerSettings settings)
        : this(settings, settings.Options.Integer("rank", 32, 1, NoiseField.Group))
    {
    }

    private Tezo(OptimizerSettings settings, int rank)
        : base(settings, _ => rank)
    {
        _settings = settings;
        Rank = rank;
        _factors = new LazyFactors(settings, rank, int.MaxValue);
        _scales = [.. settings.Parameters.Trained.Select(p => LazyFactors.IsMatrix(p) ? 1f / rank : 1)];
    }

    public override long StateBytes => base.StateBytes + _factors.StateBytes;

    /// <summary>r.</summary>
    internal int Rank { get; }

    public override IReadOnlyList<Direction> Directions(long step) =>
        [.. base.Directions(step).Select(d => new ScaledDirection(d, _scales))];

    /// <summary>Writes τ of a matrix in a query of a step.</summary>
    internal void FillWeights(long step, int query, Parameter p, Span<float> weights) =>
        NoiseField.FillNormal(new NoiseKey(_settings.Seed, NoiseStream.FreshFactor, (uint)step, (uint)query), p.Id, 0, weights);

    /// <summary>U diag(τ) Vᵀ/r for a τ of each matrix, in the place of the directions of a step.</summary>
    internal ScaledDirection Along(long step, IReadOnlyList<float[]?> weights, Direction vectors) =>
        new(Along(step, (p, left) => Fill(p, weights[p.Index]!, left), vectors), _scales);

    protected override float[]?[] Right(long step) => _factors.Right(_factors.Period(step));

    protected override void FillLeft(long step, int query, Parameter p, Span<float> left)
    {
        Span<float> weights = stackalloc float[Rank];
        FillWeights(step, query, p, weights);
        Fill(p, weights, left);
    }

    // U diag(τ). U is drawn again each time: the first numbers of a noise group for each row.
    private void Fill(Parameter p, ReadOnlySpan<float> weights, Span<float> left)
    {
        var key = new NoiseKey(_settings.Seed, NoiseStream.LazyFactor, 0, 1);
        for (int row = 0; row < p.Rows; row++)
        {
            var to = left.Slice(row * Rank, Rank);
            NoiseField.FillNormal(key, p.Id, row, to);
            TensorPrimitives.Multiply(to, weights, to);
        }
    }
}
