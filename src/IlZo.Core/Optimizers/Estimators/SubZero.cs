using System.Numerics.Tensors;
using IlZo.Noise;
using IlZo.Tensors;

namespace IlZo.Optimizers;

/// <summary>
/// SubZero (arXiv 2410.08989): SPSA along κ U Z Vᵀ for each m×n matrix, with orthonormal U (m×r) and V (n×r) that are drawn anew every T
/// steps, Z ~ N(0, I) of r×r and κ = √(mn)/r. For a gradient matrix G and given U and V, E[ĝ] = κ² UUᵀGVVᵀ; over all of them E[ĝ] = G and
/// E‖ĝ‖² = mn(1 + 2/r²)‖G‖², and directions are as long as MeZO's: its radius and rates go with this. A matrix that has fewer than r rows
/// or columns has that many vectors; with r = m = n the method is MeZO.
/// <para>
/// The factor κ is that of the authors' code (zimingyy/SubZero); the equations have none. Their code draws U and V from a sequential
/// generator, and makes the tensors of adapters nearly square before; here they keep their shapes.
/// </para>
/// </summary>
/// <remarks>
/// Cost: 2 forwards; rn numbers in place of a noise for each row and generation, r² for each row and step; 4r bytes for each column of a
/// matrix, and 8r for each row (4r more for each further query).
/// </remarks>
internal sealed class SubZero : FactoredSpsa
{
    // Rows that are multiplied at a time.
    private const int Block = 256;

    private readonly OptimizerSettings _settings;
    private readonly SubspaceBases _rows;
    private readonly SubspaceBases _columns;

    /// <param name="settings">What SPSA takes; the options rank (r) and interval (T).</param>
    public SubZero(OptimizerSettings settings)
        : this(settings, settings.Options.Integer("rank", 16, 1, NoiseField.Group), settings.Options.Integer("interval", 1000, 1))
    {
    }

    private SubZero(OptimizerSettings settings, int rank, int interval)
        : base(settings, p => RankOf(p, rank))
    {
        _settings = settings;
        _rows = new SubspaceBases(settings, p => RankOf(p, rank), ofRows: true, interval);
        _columns = new SubspaceBases(settings, p => RankOf(p, rank), ofRows: false, interval);
    }

    public override long StateBytes => base.StateBytes + _rows.StateBytes + _columns.StateBytes;

    /// <summary>U of a matrix in a step, column by column.</summary>
    internal float[] Left(long step, Parameter p) => _rows.Of(step)[p.Index]!;

    /// <summary>V.</summary>
    internal float[] Basis(long step, Parameter p) => _columns.Of(step)[p.Index]!;

    protected override float[]?[] Right(long step) => _columns.Of(step);

    // κ U Z.
    protected override void FillLeft(long step, int query, Parameter p, Span<float> left)
    {
        float[] u = Left(step, p);
        int rank = u.Length / p.Rows;
        var key = new NoiseKey(_settings.Seed, NoiseStream.FreshFactor, (uint)step, (uint)query);
        Span<float> z = stackalloc float[rank * rank];
        for (int k = 0; k < rank; k++)
        {
            NoiseField.FillNormal(key, p.Id, k, z.Slice(k * rank, rank));
        }

        TensorPrimitives.Multiply(z, (float)(Math.Sqrt(p.Count) / rank), z);
        Span<float> column = stackalloc float[Block];
        for (int first = 0; first < p.Rows; first += Block)
        {
            var sum = column[..Math.Min(Block, p.Rows - first)];
            for (int j = 0; j < rank; j++)
            {
                sum.Clear();
                for (int k = 0; k < rank; k++)
                {
                    TensorPrimitives.FusedMultiplyAdd(u.AsSpan((k * p.Rows) + first, sum.Length), z[(k * rank) + j], sum, sum);
                }

                for (int i = 0; i < sum.Length; i++)
                {
                    left[((first + i) * rank) + j] = sum[i];
                }
            }
        }
    }

    private static int RankOf(Parameter p, int rank) => Math.Min(rank, Math.Min(p.Rows, p.Columns));
}
