using System.Runtime.CompilerServices;
using IlZo.Arithmetic;
using IlZo.Tensors;

namespace IlZo.Perturbations;

/// <summary>Another direction divided by √(1 + e) with an e for each element.</summary>
/// <param name="inner">The direction.</param>
/// <param name="excess">e.</param>
internal sealed class InverseRootDirection(Direction inner, ParameterState excess) : ChangedDirection(inner)
{
    public override ElementNumbers Numbers(Parameter parameter) => ElementNumbers.Of(excess);

    public override void Accept<T, TMath, TVisitor>(ref TVisitor visitor) => visitor.Visit(default(InverseRootLaw<T, TMath>));
}

/// <summary>y = z/√(1 + e).</summary>
internal readonly record struct InverseRootLaw<T, TMath> : IDirectionLaw<T>
    where T : struct
    where TMath : struct, IArithmetic<T>
{
    public static bool ReadsWeight => false;

    public static bool HasFactor => false;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Apply(T inner, T weight, T number, T factor) => TMath.Divide(inner, TMath.Sqrt(TMath.Add(number, TMath.Broadcast(1))));
}
