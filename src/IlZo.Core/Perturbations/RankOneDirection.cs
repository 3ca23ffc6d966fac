using System.Runtime.CompilerServices;
using IlZo.Arithmetic;
using IlZo.Tensors;

namespace IlZo.Perturbations;

/// <summary>
/// Another direction u after a rank-one change: y = u − κ(aᵀu)a for every row of a tensor with the tensor's own a and κ, or with whole
/// tensors as blocks for all rows at once, where a is repeated for each of them.
/// </summary>
/// <param name="inner">u.</param>
/// <param name="vectors">a, by <see cref="Parameter.Index"/>; as long as the tensor's rows.</param>
/// <param name="factors">κ, by <see cref="Parameter.Index"/>.</param>
/// <param name="products">What is known of u, by <see cref="Parameter.Index"/>.</param>
internal sealed class RankOneDirection(
    Direction inner, IReadOnlyList<float[]> vectors, IReadOnlyList<double> factors,
    IReadOnlyList<BlockProducts> products) : ChangedDirection(inner)
{
    // Asked for with every slice, where an array is faster than what it is known as.
    private readonly float[][] _vectors = [.. vectors];
    private readonly double[] _factors = [.. factors];
    private readonly BlockProducts[] _products = [.. products];

    public override ElementNumbers Numbers(Parameter parameter) => ElementNumbers.Of(_vectors[parameter.Index]);

    public override int FactorCount(Parameter parameter) => _products[parameter.Index].Dots.Length;

    /// <summary>−κd: what a row has of a.</summary>
    public override float Factor(Parameter parameter, int row) => (float)(-_factors[parameter.Index] * _products[parameter.Index].Dot(row));

    /// <summary>What is known of u in a tensor.</summary>
    internal BlockProducts Products(Parameter parameter) => _products[parameter.Index];

    public override void Accept<T, TMath, TVisitor>(ref TVisitor visitor) => visitor.Visit(default(RankOneLaw<T, TMath>));
}

/// <summary>y = u + fa.</summary>
internal readonly record struct RankOneLaw<T, TMath> : IDirectionLaw<T>
    where T : struct
    where TMath : struct, IArithmetic<T>
{
    public static bool ReadsWeight => false;

    public static bool HasFactor => true;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Apply(T inner, T weight, T number, T factor) => TMath.FusedMultiplyAdd(number, factor, inner);
}

/// <summary>Products of a direction u and a vector a, for the blocks of a tensor: each row, or all of it.</summary>
/// <param name="Dots">d = aᵀu of each row, or of the tensor with a repeated for each row.</param>
/// <param name="Sum">Σ d·u over the rows, with the d of their block.</param>
/// <param name="Rows">The tensor's rows.</param>
internal sealed record BlockProducts(double[] Dots, float[] Sum, int Rows)
{
    /// <summary>d of the block of a row.</summary>
    public double Dot(int row) => Dots[Dots.Length == 1 ? 0 : row];

    /// <summary>Σ d² over the rows, with the d of their block.</summary>
    public double Squares => Rows / Dots.Length * Dots.Sum(d => d * d);
}
