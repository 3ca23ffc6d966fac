using System.Runtime.CompilerServices;
using IlZo.Arithmetic;
using IlZo.Perturbations;
using IlZo.Tensors;

namespace IlZo.Optimizers;

/// <summary>fδ + sd, where a method keeps d: a direction from a point ahead of the weights, or one beside a momentum.</summary>
/// <param name="state">d.</param>
/// <param name="share">s.</param>
/// <param name="inner">δ.</param>
/// <param name="factor">f.</param>
internal sealed class OffsetDirection(ParameterState state, float share, Direction inner, float factor) : ChangedDirection(inner)
{
    public override ElementNumbers Numbers(Parameter parameter) => ElementNumbers.Of(state);

    public override float Factor(Parameter parameter, int row) => factor;

    public override void Accept<T, TMath, TVisitor>(ref TVisitor visitor) => visitor.Visit(new OffsetLaw<T, TMath>(share));
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
