using System.Runtime.CompilerServices;
using IlZo.Arithmetic;
using IlZo.Perturbations;
using IlZo.Tensors;

namespace IlZo.Optimizers;

/// <summary>A direction from a point that is ahead of the weights: rδ + (c − x)/β, as <see cref="KerZooSource"/> probes.</summary>
/// <param name="iterate">c − x and β.</param>
/// <param name="inner">δ.</param>
/// <param name="radius">r.</param>
internal sealed class OffsetDirection(AveragedIterate iterate, Direction inner, float radius) : ChangedDirection(inner)
{
    public override ElementNumbers Numbers(Parameter parameter) => ElementNumbers.Of(iterate.Ahead);

    public override float Factor(Parameter parameter, int row) => radius;

    public override void Accept<T, TMath, TVisitor>(ref TVisitor visitor) => visitor.Visit(new OffsetLaw<T, TMath>(iterate.Share));
}

/// <summary>y = fδ + sd, where d is the element's number.</summary>
internal readonly record struct OffsetLaw<T, TMath> : IDirectionLaw<T>
    where T : struct
    where TMath : struct, IArithmetic<T>
{
    private readonly float _share;

    /// <param name="share">s.</param>
    public OffsetLaw(float share) => _share = share;

    public static bool ReadsWeight => false;

    public static bool HasFactor => true;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Apply(T inner, T weight, T number, T factor) =>
        TMath.FusedMultiplyAdd(number, TMath.Broadcast(_share), TMath.Multiply(inner, factor));
}
