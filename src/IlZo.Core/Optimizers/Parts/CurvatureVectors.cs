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
internal sealed class CurvatureVectors
{
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
    public CurvatureVectors(
        IReadOnlyList<Parameter> parameters, ulong seed, double rho, string init, bool wholeTensors = false, bool otherRoot = false)
    {
        (_parameters, _rho, _wholeTensors, _otherRoot) = (parameters, rho, wholeTensors, otherRoot);
        _initial = p => Initial(p, seed, init);
        Vectors = [.. parameters.Select(_initial)];
    }

    /// <summary>The words for the start of a.</summary>
    public static IReadOnlyList<string> Starts { get; } = ["unit", "fan", "zero"];

    /// <summary>a of each tensor, by <see cref="Parameter.Index"/>.</summary>
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
            TensorPrimitives.Subtract(Vectors[p.Index], a, a);
            distance += RowSums.Dot(a, a);
        }

        return start == 0 ? 0 : Math.Sqrt(distance / start);
    }

    /// <summary>
    /// y for each noise u, as long as a does not move. One generation of the noise gives all the products of a and u that probes,
    /// the update and the score need.
    /// </summary>
    /// <param name="noises">u of each direction.</param>
    /// <param name="sums">Multiplies u with a.</param>
    public RankOneDirection[] Directions(IReadOnlyList<Direction> noises, IWeightSums sums)
    {
        double[] factors = [.. _parameters.Select(Factor)];
        return
        [
            .. noises.Select(u => new RankOneDirection(
                u, Vectors, factors, [.. sums.Multiply(_parameters, u, Vectors, weighted: !_wholeTensors).Zip(_parameters, Products)])),
        ];
    }

    /// <summary>a ← a − η Σ w S for some directions and their weights.</summary>
    public void Move(IReadOnlyList<(double Weight, RankOneDirection Direction)> terms, double rate)
    {
        double weights = terms.Sum(t => t.Weight);
        foreach (var p in _parameters)
        {
            // Σ (aᵀδ)δ over the rows is ±(Σ d·u − κ Σ d² a)/(R√ρ), because aᵀy = (1 − κs)d = ±(√ρ/R)d.
            double square = Square(p);
            double scale = rate * (_otherRoot ? -1 : 1) / Math.Sqrt(_rho * (_rho + square));
            double shrink = rate * weights * p.Rows / (_rho + square);
            double factor = Factor(p);
            float[] a = Vectors[p.Index];
            float[] change = new float[a.Length];
            foreach (var (weight, direction) in terms)
            {
                var products = direction.Products(p);
                shrink += weight * scale * factor * products.Squares;
                TensorPrimitives.FusedMultiplyAdd(products.Sum, (float)(weight * scale), change, change);
            }

            TensorPrimitives.FusedMultiplyAdd(a, (float)-shrink, change, change);
            TensorPrimitives.Add(a, change, a);
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

    private BlockProducts Products(RowProducts products, Parameter p)
    {
        var (dots, sum) = products;
        if (!_wholeTensors)
        {
            return new BlockProducts(dots, sum, p.Rows);
        }

        double dot = dots.Sum();
        TensorPrimitives.Multiply(sum, (float)dot, sum);
        return new BlockProducts([dot], sum, p.Rows);
    }

    // s.
    private double Square(Parameter p) => RowSums.Dot(Vectors[p.Index], Vectors[p.Index]) * (_wholeTensors ? p.Rows : 1);

    private double Factor(Parameter p)
    {
        double s = Square(p);
        double root = Math.Sqrt(_rho + s);
        return !_otherRoot ? 1 / (root * (root + Math.Sqrt(_rho))) : s > 0 ? (root + Math.Sqrt(_rho)) / (s * root) : 0;
    }
}
