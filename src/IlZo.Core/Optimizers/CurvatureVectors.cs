using System.Numerics.Tensors;
using IlZo.Backends;
using IlZo.Noise;
using IlZo.Perturbations;
using IlZo.Tensors;

namespace IlZo.Optimizers;

/// <summary>
/// LOREN's model of curvature: a vector a for each tensor, which stands for the precision P = ρI + aaᵀ of the block of a row (or of the
/// whole tensor, with a repeated for its m rows). With s = aᵀa (m·aᵀa) and R = √(ρ + s), a direction is y = u − κ(aᵀu)a with covariance
/// ρP⁻¹ = I − aaᵀ/(ρ + s): κ = 1/(R(R + √ρ)) for the positive root, (R + √ρ)/(sR) for the other one, which the authors' code has.
/// a moves along the score, S = ∂ log p(δ)/∂a = Σ a/(ρ + s) − (aᵀδ)δ over the rows with δ = y/√ρ.
/// </summary>
public sealed class CurvatureVectors
{
    // Elements of a share of the score: each makes a vector as long as a row.
    private const int ScoreShare = 1 << 22;

    private readonly IReadOnlyList<Parameter> _parameters;
    private readonly double _rho;
    private readonly bool _wholeTensors;
    private readonly bool _otherRoot;
    private readonly Func<Parameter, float[]> _initial;

    /// <param name="parameters">The tensors.</param>
    /// <param name="seed">The run's seed.</param>
    /// <param name="rho">ρ, the damping.</param>
    /// <param name="init">unit: a ~ N(0, I); fan: N(0, I/n), so that s is about 1; zero: 0.</param>
    /// <param name="wholeTensors">Whether a block is a tensor and not a row.</param>
    /// <param name="otherRoot">Whether κ is the one of the authors' code.</param>
    public CurvatureVectors(IReadOnlyList<Parameter> parameters, ulong seed, double rho, string init, bool wholeTensors = false, bool otherRoot = false)
    {
        (_parameters, _rho, _wholeTensors, _otherRoot) = (parameters, rho, wholeTensors, otherRoot);
        _initial = p => Initial(p, seed, init);
        Vectors = [.. parameters.Select(_initial)];
    }

    /// <summary>The words for the start of a.</summary>
    public static IReadOnlyList<string> Starts { get; } = ["unit", "fan", "zero"];

    /// <summary>a of each tensor, by <see cref="Parameter.Id"/>.</summary>
    public IReadOnlyList<float[]> Vectors { get; }

    public long StateBytes => Vectors.Sum(a => (long)a.Length) * sizeof(float);

    /// <summary>‖a − a₀‖ / ‖a₀‖ over all tensors, with the start generated anew; 0 for a start at zero.</summary>
    public double Moved()
    {
        double distance = 0;
        double start = 0;
        foreach (var p in _parameters)
        {
            float[] a = _initial(p);
            start += RowSums.Dot(a, a);
            TensorPrimitives.Subtract(Vectors[p.Id], a, a);
            distance += RowSums.Dot(a, a);
        }

        return start == 0 ? 0 : Math.Sqrt(distance / start);
    }

    /// <summary>y for the noise u, as long as a does not move.</summary>
    public RankOneDirection Direction(Direction u) => new(u, Vectors, [.. _parameters.Select(Factor)], _wholeTensors);

    /// <summary>a ← a − η Σ w S for some directions and their weights.</summary>
    public void Move(IReadOnlyList<(double Weight, RankOneDirection Direction)> terms, double rate, IBackend backend)
    {
        var shares = RowBlock.Of(_parameters, ScoreShare);
        float[][] sums = new float[shares.Count][];
        backend.Parallel(shares.Count, i => sums[i] = Share(shares[i], terms));
        double weights = terms.Sum(t => t.Weight);
        foreach (var p in _parameters)
        {
            float[] a = Vectors[p.Id];
            float shrink = (float)(rate * weights * p.Rows / (_rho + Square(p)));
            TensorPrimitives.FusedMultiplyAdd(a, -shrink, a, a);
        }

        for (int i = 0; i < sums.Length; i++)
        {
            float[] a = Vectors[shares[i].Parameter.Id];
            TensorPrimitives.FusedMultiplyAdd(sums[i], (float)rate, a, a);
        }
    }

    private static float[] Initial(Parameter p, ulong seed, string init)
    {
        float[] a = new float[p.Columns];
        if (init != "zero")
        {
            NoiseField.FillNormal(new NoiseKey(seed, NoiseStream.Initialization, 0, 0), p.Id, 0, a);
        }

        if (init == "fan")
        {
            TensorPrimitives.Multiply(a, (float)(1 / Math.Sqrt(p.Columns)), a);
        }

        return a;
    }

    // Σ w (aᵀδ)δ over some rows.
    private float[] Share(RowBlock rows, IReadOnlyList<(double Weight, RankOneDirection Direction)> terms)
    {
        var p = rows.Parameter;
        float[] sum = new float[p.Columns];
        Span<float> y = stackalloc float[RowSums.Slice];

        // aᵀy = (1 − κs) aᵀu, which is √ρ/R of it, or −√ρ/R with the other root.
        double scale = (_otherRoot ? -1 : 1) * Math.Sqrt(_rho / (_rho + Square(p))) / _rho;
        foreach (var (weight, direction) in terms)
        {
            for (int row = rows.Row; row < rows.Row + rows.Rows; row++)
            {
                float factor = (float)(weight * scale * direction.Dot(p, row));
                for (int column = 0; column < p.Columns; column += y.Length)
                {
                    var part = y[..Math.Min(y.Length, p.Columns - column)];
                    direction.Fill(p, row, column, part);
                    var to = sum.AsSpan(column, part.Length);
                    TensorPrimitives.FusedMultiplyAdd(part, factor, to, to);
                }
            }
        }

        return sum;
    }

    // s.
    private double Square(Parameter p) => RowSums.Dot(Vectors[p.Id], Vectors[p.Id]) * (_wholeTensors ? p.Rows : 1);

    private double Factor(Parameter p)
    {
        double s = Square(p);
        double root = Math.Sqrt(_rho + s);
        return !_otherRoot ? 1 / (root * (root + Math.Sqrt(_rho))) : s > 0 ? (root + Math.Sqrt(_rho)) / (s * root) : 0;
    }
}
