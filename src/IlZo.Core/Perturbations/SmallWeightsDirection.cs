using System.Runtime.CompilerServices;
using IlZo.Arithmetic;
using IlZo.Tensors;

namespace IlZo.Perturbations;

/// <summary>Another direction where the stored weight's magnitude is at most a threshold of its tensor, and 0 elsewhere.</summary>
/// <param name="inner">The direction.</param>
/// <param name="thresholds">The thresholds, by <see cref="Parameter.Index"/>.</param>
internal sealed class SmallWeightsDirection(Direction inner, IReadOnlyList<float> thresholds) : ChangedDirection(inner)
{
    public override bool Changes(Parameter parameter) => !float.IsPositiveInfinity(thresholds[parameter.Index]);

    public override float Factor(Parameter parameter, int row) => thresholds[parameter.Index];

    public override void Accept<T, TMath, TVisitor>(ref TVisitor visitor) => visitor.Visit(default(SmallWeightsLaw<T, TMath>));
}

/// <summary>y = z where |θ| ≤ f, else 0.</summary>
internal readonly record struct SmallWeightsLaw<T, TMath> : IDirectionLaw<T>
    where T : struct
    where TMath : struct, IArithmetic<T>
{
    public static bool ReadsWeight => true;

    public static bool HasFactor => true;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Apply(T inner, T weight, T number, T factor) => TMath.SelectBelow(factor, TMath.Abs(weight), default, inner);
}
