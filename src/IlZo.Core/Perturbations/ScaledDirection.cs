using System.Runtime.CompilerServices;
using IlZo.Arithmetic;
using IlZo.Tensors;

namespace IlZo.Perturbations;

/// <summary>Another direction times a number for each tensor. Where that is zero no noise is generated.</summary>
/// <param name="inner">The direction.</param>
/// <param name="scales">The numbers, by <see cref="Parameter.Index"/>.</param>
internal sealed class ScaledDirection(Direction inner, IReadOnlyList<float> scales) : ChangedDirection(inner)
{
    internal override bool ReadsWeights => Inner.ReadsWeights;

    public override bool Covers(Parameter parameter) => scales[parameter.Index] != 0 && Inner.Covers(parameter);

    public override bool Changes(Parameter parameter) => scales[parameter.Index] != 1;

    public override float Factor(Parameter parameter, int row) => scales[parameter.Index];

    public override void Accept<T, TMath, TVisitor>(ref TVisitor visitor) => visitor.Visit(default(ScalingLaw<T, TMath>));

    public override void Fill(Parameter parameter, int row, int column, Span<float> destination)
    {
        if (scales[parameter.Index] == 0)
        {
            destination.Clear();
            return;
        }

        base.Fill(parameter, row, column, destination);
    }
}

/// <summary>y = fz.</summary>
internal readonly record struct ScalingLaw<T, TMath> : IDirectionLaw<T>
    where T : struct
    where TMath : struct, IArithmetic<T>
{
    public static bool ReadsWeight => false;

    public static bool HasFactor => true;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Apply(T inner, T weight, T number, T factor) => TMath.Multiply(inner, factor);
}
