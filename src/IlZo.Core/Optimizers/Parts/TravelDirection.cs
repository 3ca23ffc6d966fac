using System.Runtime.CompilerServices;
using IlZo.Arithmetic;
using IlZo.Models;
using IlZo.Perturbations;
using IlZo.Tensors;

namespace IlZo.Optimizers;

/// <summary>How far the weights will be from θ⁰ after a move, as a direction: (θ − θ⁰) + δ.</summary>
/// <param name="start">θ⁰.</param>
/// <param name="move">δ.</param>
internal sealed class TravelDirection(Lazy<BaseWeights> start, MoveDirection move) : ChangedDirection(move)
{
    public override ElementNumbers Numbers(Parameter parameter) => ElementNumbers.Of(start.Value);

    public override void Accept<T, TMath, TVisitor>(ref TVisitor visitor) => visitor.Visit(default(TravelLaw<T, TMath>));
}

/// <summary>y = (θ − θ⁰) + δ, where θ⁰ is the element's number.</summary>
internal readonly record struct TravelLaw<T, TMath> : IDirectionLaw<T>
    where T : struct
    where TMath : struct, IArithmetic<T>
{
    public static bool ReadsWeight => true;

    public static bool HasFactor => false;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Apply(T inner, T weight, T number, T factor) => TMath.Add(TMath.Subtract(weight, number), inner);
}
