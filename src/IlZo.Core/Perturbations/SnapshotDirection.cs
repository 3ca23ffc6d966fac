using System.Runtime.CompilerServices;
using IlZo.Arithmetic;
using IlZo.Tensors;

namespace IlZo.Perturbations;

/// <summary>
/// z + (θ̄ − θ)·s: with s = 1/r a probe at radius r sees θ̄ + r z. Where the weights are the kept ones it is z to the bit.
/// </summary>
/// <param name="inner">z.</param>
/// <param name="snapshot">θ̄.</param>
/// <param name="scale">s.</param>
internal sealed class SnapshotDirection(Direction inner, WeightCopy snapshot, double scale) : ChangedDirection(inner)
{
    public override ElementNumbers Numbers(Parameter parameter) => ElementNumbers.Of(snapshot);

    public override float Factor(Parameter parameter, int row) => (float)scale;

    public override void Accept<T, TMath, TVisitor>(ref TVisitor visitor) => visitor.Visit(default(SnapshotLaw<T, TMath>));
}

/// <summary>y = z + (θ̄ − θ)f.</summary>
internal readonly record struct SnapshotLaw<T, TMath> : IDirectionLaw<T>
    where T : struct
    where TMath : struct, IArithmetic<T>
{
    public static bool ReadsWeight => true;

    public static bool HasFactor => true;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Apply(T inner, T weight, T number, T factor) => TMath.FusedMultiplyAdd(TMath.Subtract(number, weight), factor, inner);
}
